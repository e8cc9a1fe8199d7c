"""Measure what pictures of frames cost: their making, and what a render loses by it.

python -m tests.bench.pictures [--only FIGURE,...] [--frames 40] [--json FILE]

- ``thumbnails_per_s``: frames of 1920 x 1080 pixels whose pictures one core makes in a second,
  beside Pillow alone, which decodes, scales and encodes the same in the same minute.
- ``render_loss``: how much longer Cycles takes for frames of two seconds and more while the
  pictures of those before are made. Blocks with and without pictures take turns.
- ``list_10k_ms``: the list of 10,000 frames with their pictures, from the question to its last
  byte, how long the ``first`` takes, and what those pictures take of the disk (``mib``).
- ``video_1000_s``: the video of 1,000 such frames, from the first question to the file.
"""

import argparse
import io
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

import attrs
import httpx
import numpy as np
import psutil
import trio
from PIL import Image

from flamenco.launcher import open_child
from flamenco.pictures.kinds import KINDS, THUMBNAILS
from flamenco.pictures.making import open_maker
from tests.bench.pictures.lists import list_10k_ms, video_1000_s
from tests.programs import need
from worker.blender_output import Saved, parse
from worker.lines import LineSplitter
from worker.pictures import Output, PictureService

ROUNDS, PICTURES = 7, 20
BLOCKS = 4
"""Number of blocks with pictures, and of those without."""
LEAST_OF_PILLOW, MOST_LOSS = 0.7, 0.02
MOST_LIST_MS, MOST_VIDEO_S, MOST_MIB = 100, 10, 400

SCENE = """
import bpy
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.device, scene.cycles.samples = "CPU", 16
scene.cycles.use_denoising = scene.cycles.use_adaptive_sampling = False
scene.render.resolution_x, scene.render.resolution_y = 1920, 1080
scene.render.resolution_percentage = 100
scene.frame_start, scene.frame_end, scene.render.filepath = 1, {frames}, {output!r}
bpy.ops.render.render(animation=True)
"""


def frame(path: Path) -> Path:
    """A frame as renders are: smooth, with the grain of few samples."""
    y, x = np.mgrid[0:1080, 0:1920]
    smooth = np.stack([x / 1920, y / 1080, (x + y) / 3000], axis=2) * 200
    grain = np.random.default_rng(1).normal(0, 4, smooth.shape)
    Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8)).save(path)
    return path


def by_pillow(path: Path) -> None:
    """Decode, scale and encode a frame, with nothing around it."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    for name in THUMBNAILS:
        picture.thumbnail(KINDS[name].box, Image.Resampling.LANCZOS)
        picture.save(io.BytesIO(), "JPEG", quality=85)


async def thumbnails_per_s(_: int) -> Mapping[str, float]:
    """Frames per second of one core's time, ours and Pillow's, in turn."""
    ours, bare = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = frame(Path(folder) / "frame.png")
        async with open_maker() as maker:
            await maker.make(path, THUMBNAILS)
            for _ in range(ROUNDS):
                began = busy()
                for _ in range(PICTURES):
                    await maker.make(path, THUMBNAILS)
                between = busy()
                for _ in range(PICTURES):
                    by_pillow(path)
                ours.append(PICTURES / (between - began))
                bare.append(PICTURES / (busy() - between))
    return {"flamenco": median(ours), "pillow": median(bare)}


def busy() -> float:
    """Seconds of a processor that this process and those below it have taken."""
    process = psutil.Process()
    family = [process, *process.children(recursive=True)]
    return sum(each.cpu_times().user + each.cpu_times().system for each in family)


@attrs.frozen
class Known:
    """A Worker that is registered."""

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": "Bearer ticket"}


async def render_loss(frames: int) -> Mapping[str, float]:
    """Part of the time by which the blocks with pictures take longer."""
    took: dict[bool, list[float]] = {True: [], False: []}
    for block in range(2 * BLOCKS):
        makes_pictures = block % 4 in (1, 2)  # neither comes first more often
        took[makes_pictures].append(await block_of(max(1, frames // BLOCKS), makes_pictures))
    return {"flamenco": sum(took[True]) / sum(took[False]) - 1}


async def block_of(frames: int, makes_pictures: bool) -> float:
    """Seconds that Blender takes for some frames, and its start."""
    transport = httpx.MockTransport(lambda _: httpx.Response(204))
    async with httpx.AsyncClient(base_url="http://manager", transport=transport) as http:
        with tempfile.TemporaryDirectory() as folder:
            service = PictureService(http, Known())  # type: ignore[arg-type]
            async with trio.open_nursery() as nursery:
                nursery.start_soon(service.run)
                began = time.perf_counter()
                await render(Path(folder), frames, service.offer if makes_pictures else None)
                took = time.perf_counter() - began
                await service.wait_until_sent()
                nursery.cancel_scope.cancel()
    return took


async def render(folder: Path, frames: int, offer: Callable[[Output], None] | None) -> None:
    code = SCENE.format(frames=frames, output=str(folder / "######"))
    command = [need("blender"), "-b", "--factory-startup", "--python-expr", code]
    async with open_child(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        lines = LineSplitter()
        async for data in child.stdout:
            for line in lines.feed(data):
                match parse(line):
                    case Saved() as saved if offer:
                        path = Path(saved.path)
                        offer(Output(task_id="t", lease=1, frame=1, output="", path=path))
        if await child.wait():
            raise SystemExit("Blender failed")


FIGURES = {
    "thumbnails_per_s": thumbnails_per_s,
    "render_loss": render_loss,
    "list_10k_ms": list_10k_ms,
    "video_1000_s": video_1000_s,
}


def verdict(name: str, found: Mapping[str, float]) -> str:
    """What is asked of a figure, and whether it is met."""
    if name == "render_loss":
        value, met = found["flamenco"], found["flamenco"] <= MOST_LOSS
        said = f"{value:8.3f} of the time, at most {MOST_LOSS}"
    elif name == "list_10k_ms":
        value, size = found["flamenco"], found["mib"]
        met = value < MOST_LIST_MS and size < MOST_MIB
        said = f"{value:8.1f} ms, under {MOST_LIST_MS} (the first {found['first']:.0f} ms); "
        said += f"pictures {size:.0f} MiB, under {MOST_MIB}"
    elif name == "video_1000_s":
        value = found["flamenco"]
        met = value < MOST_VIDEO_S
        said = f"{value:8.1f} s, under {MOST_VIDEO_S}"
    else:
        value, ratio = found["flamenco"], found["flamenco"] / found["pillow"]
        met = ratio >= LEAST_OF_PILLOW
        said = f"{value:8.1f}, {ratio:.2f} of Pillow's, at least {LEAST_OF_PILLOW}"
    return f"{said}: {'ok' if met else 'MISSED'}"


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.pictures")
    parser.add_argument("--only", type=lambda text: text.split(","), default=[*FIGURES][::-1])
    parser.add_argument("--frames", type=int, default=40, help="number of frames with pictures")
    parser.add_argument("--json", type=Path, help="write figure -> system -> value to this file")
    arguments = parser.parse_args()
    figures = {}
    for name in arguments.only:
        figures[name] = trio.run(FIGURES[name], arguments.frames)
        print(f"{name:20}{verdict(name, figures[name])}", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
