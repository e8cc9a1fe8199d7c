"""Shaman of a Manager in a process of its own, beside `sha256sum`, `cp` and `sync`.

python -m tests.bench.shaman [--only FIGURE,...] [--large MIB] [--small N] [--files N]
    [--same MIB] [--folder DIR] [--json FILE]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import attrs
import psutil

from flamenco.shaman import FileKey
from flamenco.shaman.store import blob_path
from tests.bench.shaman.clients import (
    ask,
    key_of,
    random_file,
    send_as_the_addon_does,
    send_large,
    send_small,
)
from tests.bench.shaman.figures import FIGURES
from tests.e2e.running import running_manager

MIB = 2**20
ROUNDS = 3
CONNECTIONS = 4
CLIENTS = 20
LOOK_SECONDS = 0.02
"""Seconds between two looks at the Manager's memory."""


@attrs.frozen
class Bench:
    """A Manager that runs, and how much is asked of it."""

    url: str
    folder: Path
    large: int
    """Bytes of the large file."""
    small: int
    """Number of small files."""
    files: int
    """Number of files of a checkout."""
    same: int
    """Bytes of the file that all clients have."""

    @property
    def stored(self) -> Path:
        return self.folder / "farm" / "shared" / "file-store" / "stored"

    def by_hand_s(self, file: Path) -> float:
        copy, began = self.stored / "copy", time.perf_counter()
        for command in (["sha256sum", file], ["cp", file, copy], ["sync", copy]):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        took = time.perf_counter() - began
        copy.unlink()
        return took

    def upload_s(self, file: Path, key: FileKey) -> float:
        began = time.perf_counter()
        send_large(self.url, key, file)
        took = time.perf_counter() - began
        (self.stored / blob_path(key)).unlink()
        return took

    def upload_over_by_hand(self) -> float:
        """By hand and through the Manager in turn; the best of each."""
        file = self.folder / "large"
        key = random_file(file, self.large)
        self.upload_s(file, key)
        rounds = [(self.by_hand_s(file), self.upload_s(file, key)) for _ in range(ROUNDS)]
        return min(hand for hand, _ in rounds) / min(upload for _, upload in rounds)

    def upload_peak_mib(self) -> float:
        file = self.folder / "large"
        key = random_file(file, self.large)
        idle = memory()
        with watched() as most:
            self.upload_s(file, key)
        return (most[0] - idle) / MIB

    def small_files_per_s(self) -> float:
        each = self.small // CONNECTIONS
        contents = [number.to_bytes(4, "big") * 500 for number in range(each * CONNECTIONS)]
        began = time.perf_counter()
        in_threads([partial(send_small, self.url, contents[n::CONNECTIONS]) for n in range(4)])
        return each * CONNECTIONS / (time.perf_counter() - began)

    def known(self) -> dict[str, object]:
        """A list of files that are stored, made as an upload would, a day ago."""
        listed, yesterday = [], time.time() - 24 * 3600
        for number in range(self.files):
            content = number.to_bytes(4, "little") * 100
            key = key_of(content)
            blob = self.stored / blob_path(key)
            blob.parent.mkdir(parents=True, exist_ok=True)
            blob.write_bytes(content)
            os.utime(blob, (yesterday, yesterday))
            path = f"{number % 20}/{number}.png"
            listed.append({"sha": key.sha, "size": key.size, "path": path})
        return {"files": listed}

    def checkout_20k_s(self) -> float:
        known = self.known()
        return self._median("checkout/create", {**known, "checkoutPath": "bench"})

    def check_20k_s(self) -> float:
        return self._median("checkout/requirements", self.known())

    def _median(self, operation: str, body: dict[str, object]) -> float:
        """The time of later requests: the first one of a day marks all files as used."""
        took = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            ask(self.url, operation, body)
            took.append(time.perf_counter() - began)
        return statistics.median(took)

    def same_file_20_clients_bytes(self) -> float:
        file = self.folder / "same"
        key = random_file(file, self.same)
        send = partial(send_as_the_addon_does, self.url, key, file)
        return sum(in_threads([send] * CLIENTS)) / self.same


def in_threads(work: list[Callable[[], object]]) -> list:
    with ThreadPoolExecutor(len(work)) as pool:
        return [each.result() for each in [pool.submit(one) for one in work]]


def memory() -> int:
    """Bytes of the Manager and its child processes."""
    total = 0
    for process in psutil.Process().children(recursive=True):
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


@contextmanager
def watched() -> Iterator[list[int]]:
    """A list with the most memory that was seen."""
    most, over = [memory()], threading.Event()

    def watch() -> None:
        while not over.wait(LOOK_SECONDS):
            most[0] = max(most[0], memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        over.set()
        watcher.join()


def line(name: str, value: float) -> str:
    figure = FIGURES[name]
    sign, met = ">=" if figure.at_least else "<=", "ok" if figure.met(value) else "MISSED"
    return f"{name:28}{value:10.2f}  {sign} {figure.goal:<7g}{met:8}{figure.unit}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.shaman")
    parser.add_argument("--only", default=",".join(FIGURES), help="names, separated by commas")
    parser.add_argument("--large", type=int, default=512, help="MiB of the large file")
    parser.add_argument("--small", type=int, default=5000, help="number of small files")
    parser.add_argument("--files", type=int, default=20_000, help="files of a checkout")
    parser.add_argument("--same", type=int, default=1000, help="MiB of the file that all send")
    parser.add_argument("--folder", type=Path, help="where the storage goes; default: the system's")
    parser.add_argument("--json", type=Path, help="write figure -> system -> value to this file")
    asked = parser.parse_args()
    results: dict[str, dict[str, float]] = {}
    for name in asked.only.split(","):
        with tempfile.TemporaryDirectory(dir=asked.folder) as place:
            folder = Path(place)
            with running_manager(folder / "farm") as url:
                sizes = (asked.large * MIB, asked.small, asked.files, asked.same * MIB)
                bench = Bench(url, folder, *sizes)
                bench.stored.mkdir(parents=True, exist_ok=True)
                results[name] = {"flamenco": getattr(bench, name)()}
        print(line(name, results[name]["flamenco"]), flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
