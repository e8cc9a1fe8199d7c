"""Renders with Blender, and follows its output: frames done, files saved, known troubles."""

import json
import os
import shlex
import shutil
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import attrs
import trio

from flamenco.protocol import Failure, FailureKind
from worker.blender_output import NoEngine, Rendering, Saved, Step, parse, trouble
from worker.command import CannotRun, CommandFailed, Task, argument, command
from worker.process import Surroundings, run_program

USE_DEVICE = Path(__file__).parents[1] / "in_blender" / "use_device.py"
MAC_BLENDER = Path("/Applications/Blender.app/Contents/MacOS/Blender")
MISSING = (
    "Install Blender on this Worker, or set the variable 'blender' in flamenco-manager.yaml"
    " to where it is."
)

UNABLE = (FailureKind.MISSING_PLUGIN, FailureKind.MISSING_DEVICE)
"""What this Worker won't have the next time either."""

FOLDER_SECONDS = 30.0
"""A share that is gone may let whoever asks for it wait for ever."""


@attrs.frozen(kw_only=True)
class BlenderRender(Surroundings):
    exe: str
    blendfile: str
    exeArgs: str = ""  # noqa: N815 - names are those of the job types
    argsBefore: tuple[Any, ...] | None = None  # noqa: N815
    args: tuple[Any, ...] | None = None
    device: str = ""
    """What Cycles is to render with, see `in_blender/use_device.py`; empty: as the file says."""
    cpuFallback: bool = False  # noqa: N815
    """Whether the CPU will do if there is no such device."""

    def command_line(self) -> list[str]:
        asked = {"device": self.device, "cpu_fallback": self.cpuFallback}
        script = ["--python-exit-code", "1", "--python", str(USE_DEVICE)]
        return [
            find_blender(self.exe),
            *shlex.split(self.exeArgs),
            *map(argument, self.argsBefore or ()),
            *([self.blendfile] if self.blendfile else []),
            *(script if self.device else []),
            *map(argument, self.args or ()),
            *(["--", json.dumps(asked)] if self.device else []),
        ]

    def renders_with(self, found: NoEngine) -> bool:
        """Whether it is this engine in this scene that is asked for, and no other one."""
        words = [*map(argument, self.args or ())]
        if {"-E", "--engine"} & {*words}:
            return False
        asked = [*pairwise(words)]
        return any((option, found.scene) in asked for option in ("-S", "--scene"))


def find_blender(exe: str) -> str:
    """Where Blender is; on macOS its usual place if a plain name is not on the PATH."""
    plain = Path(exe).name == exe and shutil.which(exe) is None
    if plain and sys.platform == "darwin" and MAC_BLENDER.is_file():
        return str(MAC_BLENDER)
    return exe


@attrs.define
class Watch:
    """Follows the output of one Blender."""

    parameters: BlenderRender
    task: Task
    reason: Failure | None = None
    """The last known trouble it told of."""

    def line(self, line: str) -> None:
        """What a line means to the task. Raises `CannotRun` for a render that would be wrong."""
        match parse(line):
            case Saved(path):
                self.task.saved(path)
            case Step():
                self.task.step()
            case Rendering() as progress:
                self.task.usage.count(progress.peak_memory)
                self.task.tell(str(progress))
            case NoEngine() as found if self.parameters.renders_with(found):
                raise no_engine(found.engine)
        self.reason = trouble(line) or self.reason


def no_engine(name: str) -> CannotRun:
    """The failure of a Worker whose Blender lacks a render engine."""
    return CannotRun(
        f"Blender on this Worker has no render engine {name!r}; install the add-on it is from",
        Failure(FailureKind.MISSING_PLUGIN, name),
    )


async def run(parameters: BlenderRender, task: Task) -> None:
    await check_folder(parameters.blendfile)
    watch = Watch(parameters, task)
    line = parameters.command_line()
    try:
        await run_program(task, line, missing=MISSING, on_line=watch.line, surroundings=parameters)
    except CannotRun:
        raise
    except CommandFailed as error:
        reason = watch.reason or error.failure
        if reason is None or not reason.detail:
            raise
        kind = CannotRun if reason.kind in UNABLE else CommandFailed
        raise kind(f"{error}: {reason.detail}", reason) from None


async def check_folder(blendfile: str) -> None:
    """Raise `CannotRun` if this Worker does not see the folder of the job's file."""
    folder = Path(blendfile).parent
    if not blendfile or not folder.is_absolute():
        return
    problem = f"no answer for {FOLDER_SECONDS:.0f} s"
    with trio.move_on_after(FOLDER_SECONDS):
        try:
            await trio.to_thread.run_sync(os.stat, folder, abandon_on_cancel=True)
        except OSError as error:
            problem = error.strerror or str(error)
        else:
            return
    raise CannotRun(
        f"this Worker cannot read the folder {str(folder)!r} ({problem}); is the shared storage"
        " there?",
        Failure(FailureKind.MISSING_FILE, str(folder)),
    )


BLENDER_RENDER = command("blender-render", BlenderRender, run)
