"""Renders one frame of a small animation in a Python child process, where there is no Blender."""

import sys

import attrs

from worker.blender_output import Saved, Step, parse
from worker.command import Task, command
from worker.process import run_program


@attrs.frozen(kw_only=True)
class RenderTestFrame:
    frame: int
    frames: int
    output: str
    width: int
    height: int


async def run(parameters: RenderTestFrame, task: Task) -> None:
    def on_line(line: str) -> None:
        match parse(line):
            case Saved(path):
                task.saved(path)
            case Step():
                task.step()

    numbers = (parameters.frame, parameters.frames, parameters.width, parameters.height)
    program = [sys.executable, "-P", "-m", "worker.testframe"]
    await run_program(task, [*program, *map(str, numbers), parameters.output], on_line=on_line)


TEST_FRAME = command("test-frame", RenderTestFrame, run)
