"""The part that runs in Blender; its argument is a JSON file with what to use."""

import json
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import wait
from contextlib import suppress
from pathlib import Path
from threading import Event

import bpy
from flamenco.checksums import checksums
from flamenco.packing import Transfer
from flamenco.plan import PackPlan
from flamenco.remembered import Remembered
from flamenco.submission import Submission

from flamenco import packing, shaman
from flamenco.client import Client
from flamenco.errors import Aborted

ROUNDS, MANY = 3, 20_000
LONG_AGO = 1_700_000_000


def main() -> None:
    asked = json.loads(Path(sys.argv[sys.argv.index("--") + 1]).read_text())
    folder, storage = Path(asked["folder"]), Path(asked["storage"])
    big = large_files(folder / "home" / "big", asked["bytes"])
    found = {"copy_over_cp": copy_over_cp(folder, big), "known_20k_s": known(folder, asked["real"])}
    use_manager(asked["fake"], storage)
    scene_with_many(folder / "home" / "shot.blend", big[0])
    steps, walk = longest_steps()
    found |= {"longest_step_ms": steps, "longest_walk_step_ms": walk, "abort_s": abort(storage)}
    Path(asked["answer"]).write_text(json.dumps(found))


def large_files(folder: Path, total: int) -> list[Path]:
    """Frames of 64 MiB, together of `total` bytes."""
    folder.mkdir(parents=True)
    block = os.urandom(64 * 2**20)
    files = [folder / f"frame_{number:04}.exr" for number in range(1, total // len(block) + 1)]
    for file in files:
        file.write_bytes(block)
        os.utime(file, (LONG_AGO, LONG_AGO))
    return files


def copy_over_cp(folder: Path, files: list[Path]) -> float:
    """Speed of copying beside that of `cp`, in turns."""
    ratios = []
    plan = PackPlan(files[0].parent, files[0], tuple(files))
    for number in range(ROUNDS):
        ours, theirs = folder / f"ours {number}", folder / f"cp {number}"
        nothing = Remembered(folder / f"none {number}.json")
        took = seconds(lambda: packing.copy_pack(plan, {}, ours, nothing, Transfer()))  # noqa: B023
        command = ["cp", "-r", str(files[0].parent), str(theirs)]
        ratios.append(seconds(lambda: subprocess.run(command, check=True)) / took)  # noqa: B023
        packing.discard(ours)
        packing.discard(theirs)
    return statistics.median(ratios)


def known(folder: Path, url: str) -> float:
    """Seconds to send 20,000 files that the Manager has, and whose checksums are remembered."""
    files = tuple(sorted((folder / "many").iterdir()))
    plan = PackPlan(folder / "many", files[0], files)
    memory, client = folder / "checksums.json", Client(url)
    remembered = Remembered(memory)
    checksums(files, remembered, Event())
    remembered.save()

    def send() -> None:
        shaman.check_out(plan, {}, client, "bench", "", Remembered(memory), Transfer())

    return seconds(send)


def seconds(work: object) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def use_manager(url: str, storage: Path) -> None:
    bpy.context.preferences.addons["flamenco"].preferences.manager_url = url
    bpy.ops.flamenco.ping_manager()
    scene = bpy.context.scene
    scene.flamenco_job_type = "simple-blender-render"
    scene.flamenco_job_settings.render_output_root = str(storage / "renders")


def scene_with_many(file: Path, frame: Path) -> None:
    """A file with 20,000 images and objects, and the large files as a sequence."""
    for number in range(MANY):
        image = bpy.data.images.new(f"i{number}", 1, 1)
        image.source, image.filepath, image.use_fake_user = "FILE", f"//tex/{number}.png", True
        bpy.data.objects.new(f"o{number}", None).use_fake_user = True
    sequence = bpy.data.images.new("sequence", 1, 1)
    sequence.source, sequence.filepath = "SEQUENCE", f"//big/{frame.name}"
    sequence.use_fake_user = True
    bpy.ops.wm.save_as_mainfile(filepath=str(file))


def longest_steps() -> tuple[float, float]:
    """Milliseconds of the longest step of a submission on the main thread, and of its walk."""
    flow, longest = Submission("bench", force=True).run(), {}
    wm = bpy.context.window_manager
    while True:
        begin = time.perf_counter()
        try:
            future = next(flow)
        except StopIteration:
            future = None
        took = (time.perf_counter() - begin) * 1000
        status = wm.flamenco_bat_status
        longest[status] = max(longest.get(status, 0.0), took)
        if future is None:
            print({status: round(took, 1) for status, took in longest.items()}, flush=True)
            return max(longest.values()), longest["INVESTIGATING"]
        wait([future])


def abort(storage: Path) -> float:
    """Seconds from the abort of a submission until nothing of it is left."""
    Path(bpy.utils.user_resource("CONFIG"), packing.CACHE_NAME).unlink()  # so that it copies
    submission = Submission("bench 2", force=True)
    before = set((storage / "jobs").iterdir())
    flow = submission.run()
    while not submission.transfer.copied:
        future = next(flow)
        while not future.done() and not submission.transfer.copied:
            time.sleep(0.001)
    begin = time.perf_counter()
    submission.abort()
    with suppress(Aborted):
        flow.throw(Aborted())
    while set((storage / "jobs").iterdir()) != before:
        time.sleep(0.001)
    return time.perf_counter() - begin


main()
