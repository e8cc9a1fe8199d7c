"""Command that finishes a joined image in Blender: denoised, composited, in its format."""

import attrs

from worker.command import Task, command
from worker.commands.scripts import ScriptInBlender, run_script


@attrs.frozen(kw_only=True)
class FinishImage(ScriptInBlender):
    source: str
    """Path of the joined image, with all its passes."""
    format: str
    """Blender's name of the format: PNG, JPEG, OPEN_EXR, ..."""


async def run(parameters: FinishImage, task: Task) -> None:
    await run_script("finish_image.py", parameters, task)


FINISH_IMAGE = command("finish-image", FinishImage, run)
