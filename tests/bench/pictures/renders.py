"""Frames that Blender renders, with and without pictures of them."""

import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from statistics import median

import attrs
import httpx
import trio

from flamenco.launcher import open_child
from tests.bench.pictures.processor import busy
from tests.programs import need
from worker.blender_output import Saved, parse
from worker.lines import LineSplitter
from worker.pictures import Output, PictureService

BLOCKS = 4
"""Number of blocks with pictures, and of those without."""

SCENE = """
import bpy
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.device, scene.cycles.samples = "CPU", 3
scene.cycles.use_denoising = scene.cycles.use_adaptive_sampling = False
scene.render.resolution_x, scene.render.resolution_y = 1920, 1080
scene.render.resolution_percentage = 100
scene.frame_start, scene.frame_end, scene.render.filepath = 0, {frames}, {output!r}
bpy.ops.render.render(animation=True)
"""


@attrs.frozen
class Known:
    """A Worker that is registered."""

    def headers(self) -> Mapping[str, str]:
        return {"Authorization": "Bearer ticket"}


@attrs.define
class Took:
    """Seconds of the frames of some blocks."""

    frames: list[float] = attrs.field(factory=list)
    """Of each but the first of a block, which comes after Blender's start."""
    processor: float = 0.0
    """Of all processors, for all frames, Blender's start and the pictures."""


async def render_loss(frames: int) -> Mapping[str, float]:
    """Part of the time by which frames with pictures take longer, of which ``frame_s`` is the time
    without; the same of processor time, which counts what is done while a processor idles, too."""
    took = {True: Took(), False: Took()}
    for block in range(2 * BLOCKS):
        makes_pictures = block % 4 in (1, 2)  # neither comes first more often
        await block_of(max(1, frames // BLOCKS), makes_pictures, took[makes_pictures])
    frame_s = median(took[False].frames)
    return {
        "flamenco": median(took[True].frames) / frame_s - 1,
        "processor": took[True].processor / took[False].processor - 1,
        "frame_s": frame_s,
    }


async def block_of(frames: int, makes_pictures: bool, took: Took) -> None:
    """Render some frames, and one before them."""
    transport = httpx.MockTransport(lambda _: httpx.Response(204))
    async with httpx.AsyncClient(base_url="http://manager", transport=transport) as http:
        with tempfile.TemporaryDirectory() as folder:
            service = PictureService(http, Known())  # type: ignore[arg-type]
            began = busy()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(service.run)
                offer = service.offer if makes_pictures else None
                took.frames += await render(Path(folder), frames, offer)
                await service.wait_until_sent()
                nursery.cancel_scope.cancel()
            took.processor += busy() - began


async def render(folder: Path, frames: int, offer: Callable[[Output], None] | None) -> list[float]:
    """Seconds between each frame and the one before it."""
    code = SCENE.format(frames=frames, output=str(folder / "######"))
    command = [need("blender"), "-b", "--factory-startup", "--python-expr", code]
    saved_at = []
    async with open_child(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        lines = LineSplitter()
        async for data in child.stdout:
            for line in lines.feed(data):
                match parse(line):
                    case Saved() as saved:
                        saved_at.append(time.perf_counter())
                        path = Path(saved.path)
                        if offer:
                            offer(Output(task_id="t", lease=1, frame=1, output="", path=path))
        if await child.wait():
            raise SystemExit("Blender failed")
    return [later - earlier for earlier, later in pairwise(saved_at)]
