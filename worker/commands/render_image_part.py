"""Command that renders a part of an image in Blender: a tile, or a range of its samples."""

import attrs

from worker.command import Task, command
from worker.commands.scripts import ScriptInBlender, run_script


@attrs.frozen(kw_only=True)
class Tile:
    """A place in a grid, counted from 0 at the top left."""

    column: int
    columns: int
    row: int
    rows: int


@attrs.frozen(kw_only=True)
class SampleRange:
    first: int
    count: int


@attrs.frozen(kw_only=True)
class RenderImagePart(ScriptInBlender):
    samples: int = 0
    """Number of samples of the whole image, for Cycles; 0: as the file says."""
    tile: Tile | None = None
    range: SampleRange | None = None


async def run(parameters: RenderImagePart, task: Task) -> None:
    await run_script("render_part.py", parameters, task, shows=False)


RENDER_IMAGE_PART = command("render-image-part", RenderImagePart, run)
