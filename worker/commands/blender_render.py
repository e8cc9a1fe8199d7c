"""Renders with Blender, and follows its output: frames done, files saved, known troubles."""

import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import attrs

from worker.blender_output import Saved, Step, parse, trouble
from worker.command import CannotRun, CommandFailed, Task, argument, command
from worker.process import run_program

MAC_BLENDER = Path("/Applications/Blender.app/Contents/MacOS/Blender")
MISSING = (
    "Install Blender on this Worker, or set the variable 'blender' in flamenco-manager.yaml"
    " to where it is."
)


@attrs.frozen(kw_only=True)
class BlenderRender:
    exe: str
    blendfile: str
    exeArgs: str = ""  # noqa: N815 - names are those of the job types
    argsBefore: tuple[Any, ...] | None = None  # noqa: N815
    args: tuple[Any, ...] | None = None

    def command_line(self) -> list[str]:
        return [
            find_blender(self.exe),
            *shlex.split(self.exeArgs),
            *map(argument, self.argsBefore or ()),
            *([self.blendfile] if self.blendfile else []),
            *map(argument, self.args or ()),
        ]


def find_blender(exe: str) -> str:
    """Where Blender is; on macOS its usual place if a plain name is not on the PATH."""
    plain = Path(exe).name == exe and shutil.which(exe) is None
    if plain and sys.platform == "darwin" and MAC_BLENDER.is_file():
        return str(MAC_BLENDER)
    return exe


async def run(parameters: BlenderRender, task: Task) -> None:
    troubles: list[str] = []

    def on_line(line: str) -> None:
        match parse(line):
            case Saved(path):
                task.saved(path)
            case Step():
                task.step()
        if found := trouble(line):
            troubles[:] = [found]

    try:
        await run_program(task, parameters.command_line(), missing=MISSING, on_line=on_line)
    except CannotRun:
        raise
    except CommandFailed as error:
        reason = f": {troubles[0]}" if troubles else ""
        raise CommandFailed(f"{error}{reason}") from None


BLENDER_RENDER = command("blender-render", BlenderRender, run)
