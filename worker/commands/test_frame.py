"""Command that draws one frame of a small animation without Blender, in a child process."""

import sys

import attrs

from worker.command import Task, command
from worker.watching import Watch, run_watched


@attrs.frozen(kw_only=True)
class RenderTestFrame:
    frame: int
    frames: int
    output: str
    width: int
    height: int


async def run(parameters: RenderTestFrame, task: Task) -> None:
    numbers = (parameters.frame, parameters.frames, parameters.width, parameters.height)
    program = [sys.executable, "-P", "-m", "worker.testframe"]
    await run_watched(Watch(task), [*program, *map(str, numbers), parameters.output])


TEST_FRAME = command("test-frame", RenderTestFrame, run)
