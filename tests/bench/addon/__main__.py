"""The add-on in Debian's Blender, beside `cp`.

python -m tests.bench.addon [--gigabytes 2] [--json FILE]
"""

import argparse
import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path

from flamenco.shaman.files import FileKey
from flamenco.shaman.store import blob_path
from tests.addon import blender, fake_manager
from tests.addon.blender import InstalledBlender, find_blender, zip_addon
from tests.e2e.running import running_manager

SCRIPT = Path(__file__).with_name("in_blender.py")
MANY = 20_000
LONG_AGO = 1_700_000_000
"""A time at which files had certainly changed last."""
TARGETS = {
    "copy_over_cp": ">= 0.6",
    "known_20k_s": "<= 5",
    "longest_step_ms": "<= 50",
    "longest_walk_step_ms": "<= 20",
    "abort_s": "<= 1",
}


def known_files(folder: Path, stored: Path) -> None:
    """20,000 small files, and the same in the Manager's store."""
    folder.mkdir()
    for number in range(MANY):
        content, file = number.to_bytes(4, "little") * 100, folder / f"{number:05}.png"
        blob = stored / blob_path(FileKey(hashlib.sha256(content).hexdigest(), len(content)))
        blob.parent.mkdir(parents=True, exist_ok=True)
        for each in (file, blob):
            each.write_bytes(content)
        os.utime(file, (LONG_AGO, LONG_AGO))


def measure(folder: Path, gigabytes: float) -> dict[str, float]:
    installed = InstalledBlender.install(find_blender(), zip_addon(folder), folder / "blender")
    storage, request, answer = folder / "storage", folder / "request.json", folder / "answer.json"
    storage.mkdir()
    known_files(folder / "many", folder / "farm" / "shared" / "file-store" / "stored")
    with running_manager(folder / "farm") as real, fake_manager.running(storage) as fake:
        asked = {
            "folder": str(folder),
            "storage": str(storage),
            "bytes": int(gigabytes * 2**30),
            "real": real,
            "fake": fake.url,
            "answer": str(answer),
        }
        request.write_text(json.dumps(asked))
        run = installed.run(SCRIPT.read_text(), "--", str(request))
    if not answer.exists():
        sys.exit(run.output)
    return json.loads(answer.read_text())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.addon")
    parser.add_argument("--gigabytes", type=float, default=2.0, help="size of what is copied")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    blender.TIMEOUT = 3600
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), arguments.gigabytes)
    for name, value in found.items():
        print(f"{name:24}{value:10.2f}   wanted {TARGETS[name]}")
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
