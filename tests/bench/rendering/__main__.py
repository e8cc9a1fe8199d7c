"""Measure what a Blender that stays open saves, beside a new one a frame and beside none of ours.

python -m tests.bench.rendering [--points 1000000] [--frames 40] [--trivial 200] [--json FILE]

Two keepers of Blenders share the frames, one frame a task, as two Workers would; the Manager's part
is measured by `tests.bench.manager`. By hand, two Blenders render half of the range each.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import quantiles

import attrs
import trio

from tests.jobtypes.rendering import make_scene
from tests.worker.commands.shop import Bench
from tests.worker.commands.test_frames import rendering
from worker.warm.keeper import open_keeper

HEAVY = """
import numpy
side = int(({points} / 4) ** 0.5)
scene.render.resolution_x, scene.render.resolution_y = 320, 180
for number in range(4):
    bpy.ops.mesh.primitive_grid_add(x_subdivisions=side, y_subdivisions=side)
    bpy.context.object.location.z = number
    mesh = bpy.context.object.data
    heights = numpy.random.default_rng(number).random(len(mesh.vertices)) / 10
    where = numpy.empty(len(mesh.vertices) * 3)
    mesh.vertices.foreach_get("co", where)
    where[2::3] = heights
    mesh.vertices.foreach_set("co", where)
camera = bpy.data.objects["Camera"]
for frame, x in ((1, 7), (400, 5)):
    camera.location.x = x
    camera.keyframe_insert("location", frame=frame)
"""
GOALS = {
    "warm_over_fresh": 0.25,
    "warm_over_by_hand": 1.1,
    "gap_p99_ms": 50.0,
    "trivial_warm_over_fresh": 1.0,
}


@attrs.define
class Timed(Bench):
    """A task that notes when its render begins, and when its frame is saved."""

    began: float = 0.0
    saved_at: float = 0.0

    def log(self, line):
        if "Fra:" in line:
            self.began = self.began or time.perf_counter()
        elif "Saved: " in line:
            self.saved_at = time.perf_counter()


async def render(file: Path, output: Path, frames: list[int], *, warm: bool) -> list[float]:
    """Render frames as a Worker does; returns seconds from each one's saving to the next render."""
    gaps, saved = [], 0.0
    async with open_keeper() as keeper:
        for frame in frames:
            bench = Timed(keeper=keeper if warm else None, id=str(frame), steps_left=1)
            await bench.run("blender-render", **rendering(file, output, str(frame)))
            if saved:
                gaps.append(bench.began - saved)
            saved = bench.saved_at
    return gaps


async def share(file: Path, output: Path, count: int, *, warm: bool) -> float:
    """Seconds that two Workers take for frames."""
    began = time.perf_counter()
    async with trio.open_nursery() as nursery:
        for first in (1, 2):
            frames = [*range(first, count + 1, 2)]
            nursery.start_soon(lambda frames=frames: render(file, output, frames, warm=warm))
    return time.perf_counter() - began


def by_hand(file: Path, output: Path, runs: list[tuple[int, int]]) -> tuple[float, list[float]]:
    """Seconds that Blenders take for a run of frames each, and the pauses of the first."""
    began = time.perf_counter()
    tail = ["-o", f"{output}/######", "-F", "PNG"]
    children = [
        subprocess.Popen(
            ["blender", "-b", "--factory-startup", file, *tail, "-f", f"{first}..{last}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for first, last in runs
    ]
    gaps, saved = [], 0.0
    for line in children[0].stdout or ():
        if "Saved: " in line:
            saved = time.perf_counter()
        elif saved and "Fra:" in line:
            gaps.append(time.perf_counter() - saved)
            saved = 0.0
    for child in children:
        child.communicate()
    return time.perf_counter() - began, gaps


def heavy_figures(folder: Path, points: int, count: int) -> dict[str, float]:
    file = aged(make_scene(folder / "heavy.blend", HEAVY.format(points=points)))
    half = count // 2
    fresh = trio.run(lambda: share(file, folder / "fresh", count, warm=False))
    warm = trio.run(lambda: share(file, folder / "warm", count, warm=True))
    hand, _ = by_hand(file, folder / "hand", [(1, half), (half + 1, count)])
    return {"warm_over_fresh": warm / fresh, "warm_over_by_hand": warm / hand}


def trivial_figures(folder: Path, count: int) -> dict[str, float]:
    file, frames = aged(make_scene(folder / "trivial.blend")), [*range(1, count + 1)]
    _, pauses = by_hand(file, folder / "hand", [(1, count)])
    began = time.perf_counter()
    gaps = trio.run(lambda: render(file, folder / "warm", frames, warm=True))
    warm = time.perf_counter() - began
    few = frames[: max(2, count // 20)]
    began = time.perf_counter()
    trio.run(lambda: render(file, folder / "fresh", few, warm=False))
    fresh = (time.perf_counter() - began) / len(few) * count
    gap = quantiles(gaps, n=100)[-1] - quantiles(pauses, n=2)[0]
    return {"gap_p99_ms": 1000 * gap, "trivial_warm_over_fresh": warm / fresh}


def aged(file: Path) -> Path:
    """The file, an hour old: one that has just changed does not stay open."""
    os.utime(file, (time.time() - 3600,) * 2)
    return file


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.rendering")
    parser.add_argument("--points", type=int, default=4_000_000)
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--trivial", type=int, default=200)
    parser.add_argument("--json", type=Path, help="write figure -> system -> value to this file")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        trivial, heavy = Path(name) / "trivial", Path(name) / "heavy"
        trivial.mkdir()
        heavy.mkdir()
        figures = trivial_figures(trivial, asked.trivial)
        figures |= heavy_figures(heavy, asked.points, asked.frames)
    for figure, value in figures.items():
        met = "ok" if value <= GOALS[figure] else "MISSED"
        print(f"{figure:26}{value:8.2f}  <= {GOALS[figure]:g}  {met}")
    if asked.json:
        asked.json.write_text(
            json.dumps({name: {"flamenco": value} for name, value in figures.items()}, indent=2)
        )


if __name__ == "__main__":
    main()
