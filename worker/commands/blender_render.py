"""Command `blender-render`: renders with Blender, and follows its output."""

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
from worker.blender_output import NoEngine
from worker.command import CannotRun, Task, argument, command
from worker.process import Surroundings
from worker.watching import Watch, run_watched

USE_DEVICE = Path(__file__).parents[1] / "in_blender" / "use_device.py"
MAC_BLENDER = Path("/Applications/Blender.app/Contents/MacOS/Blender")
MISSING = (
    "Install Blender on this Worker, or set the variable 'blender' in flamenco-manager.yaml"
    " to its path."
)

FOLDER_SECONDS = 30.0
"""Seconds to wait for the folder, since a lost network share may never answer."""


@attrs.frozen(kw_only=True)
class BlenderRender(Surroundings):
    exe: str
    blendfile: str
    exeArgs: str = ""  # noqa: N815 - names are those of the job types
    argsBefore: tuple[Any, ...] | None = None  # noqa: N815
    args: tuple[Any, ...] | None = None
    device: str = ""
    """Device for Cycles, see `in_blender/use_device.py`; empty: as the file says."""
    cpuFallback: bool = False  # noqa: N815
    """True if the CPU may be used instead of a missing device."""

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
        """True if exactly this engine in this scene is asked for."""
        words = [*map(argument, self.args or ())]
        if {"-E", "--engine"} & {*words}:
            return False
        asked = [*pairwise(words)]
        return any((option, found.scene) in asked for option in ("-S", "--scene"))


def find_blender(exe: str) -> str:
    """The path of Blender; on macOS its usual place if a plain name is not on the PATH."""
    plain = Path(exe).name == exe and shutil.which(exe) is None
    if plain and sys.platform == "darwin" and MAC_BLENDER.is_file():
        return str(MAC_BLENDER)
    return exe


async def run(parameters: BlenderRender, task: Task) -> None:
    await check_folder(parameters.blendfile)
    watch = Watch(task, parameters.renders_with)
    line = parameters.command_line()
    await run_watched(watch, line, missing=MISSING, surroundings=parameters)


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
        " mounted?",
        Failure(FailureKind.MISSING_FILE, str(folder)),
    )


BLENDER_RENDER = command("blender-render", BlenderRender, run)
