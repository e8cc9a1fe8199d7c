"""Command `blender-render`: renders with Blender, and follows its output."""

import json
import os
import shlex
import shutil
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import attrs
import trio

from flamenco.model.frames import FrameRangeError, frame_count, frame_runs
from flamenco.model.reasons import FailureKind
from flamenco.protocol import Failure
from worker.blender_output import NoEngine
from worker.blendfile import why_unreadable
from worker.command import (
    CannotRun,
    CommandFailed,
    OpenBlenders,
    Task,
    argument,
    command,
    invalid,
)
from worker.errand import Errand
from worker.process import Surroundings
from worker.sayings import OnMissing
from worker.unfinished import await_files, tidy
from worker.warm.arguments import are_understood
from worker.watching import Watch, failed, run_watched, watched

IN_BLENDER = Path(__file__).parents[1] / "in_blender"
USE_DEVICE, LOOK = IN_BLENDER / "use_device.py", IN_BLENDER / "look.py"
RENDER_FRAMES = IN_BLENDER / "render_frames.py"
RENDERS = frozenset({"-f", "--render-frame", "-a", "--render-anim"})
"""Options at which Blender renders, with what stands before them."""
FORMATS = {
    "TARGA": "TGA",
    "TARGA_RAW": "RAWTGA",
    "JPEG2000": "JP2",
    "AVI_RAW": "AVIRAW",
    "AVI_JPEG": "AVIJPEG",
}
"""{name of a format in a file, and so in jobs: its name as an option}, where they differ."""
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
    onMissing: OnMissing = ""  # noqa: N815
    """Consequence of files that are missing; empty: a library fails the task, others warn."""

    warm: Literal["auto", "never"] = "auto"
    """`never`: the task has a Blender of its own, whatever is open."""
    output: str = ""
    """Name of its images among those of a frame, to which other tasks add theirs; empty: none."""
    frames: str = ""
    """Frame range to render in place of the last option in `args` and its value.

    Those tell it to Workers that don't know this. With it each frame is looked for afterwards.
    """

    def command_line(self) -> list[str]:
        asked = {"device": self.device, "cpu_fallback": self.cpuFallback}
        return [
            find_blender(self.exe),
            *shlex.split(self.exeArgs),
            *map(argument, self.argsBefore or ()),
            *([self.blendfile] if self.blendfile else []),
            *(python(USE_DEVICE) if self.device else []),
            *self.words(),
            *(["--", json.dumps(asked)] if self.device else []),
        ]

    def words(self) -> list[str]:
        """The arguments, with a look at the file right before it is rendered."""
        words = with_known_formats([*map(argument, self.args or ())])
        if self.frames:
            return [*python(), *words[:-2], *python(LOOK, RENDER_FRAMES)]
        place = next((at for at, word in enumerate(words) if word in RENDERS), None)
        if place is None or "--" in words[:place]:
            return words
        return [*python(), *words[:place], *python(LOOK), *words[place:]]

    def asked(self, task: Task) -> dict[str, object]:
        """Facts for our scripts in Blender."""
        runs = frame_runs(self.frames) if self.frames else []  # short, as variables have to be
        return {"scene": self.scene, "runs": runs, "task": task.id, "python": sys.executable}

    def errand(self, task: Task) -> Errand:
        """The errand of the task to a Blender."""
        return Errand(
            job=task.job,
            command=self.command_line(),
            env=self.env,
            cwd=self.cwd,
            asked=self.asked(task),
            missing=MISSING,
        )

    def may_stay(self) -> bool:
        """True if a Blender that has run it is as it was before, but for what was rendered."""
        words = with_known_formats([*map(argument, self.args or ())])
        before = [*shlex.split(self.exeArgs), *map(argument, self.argsBefore or ())]
        is_known = are_understood(before) and are_understood(words[:-2])
        return self.warm == "auto" and sys.platform != "win32" and bool(self.frames) and is_known

    @property
    def scene(self) -> str:
        """Name of the scene that is asked for; empty: the one that the file shows."""
        pairs = pairwise(map(argument, self.args or ()))
        return next((word for option, word in pairs if option in ("-S", "--scene")), "")

    def renders_with(self, found: NoEngine) -> bool:
        """True if exactly this engine in this scene is asked for."""
        words = {*map(argument, self.args or ())}
        return found.scene == self.scene and not {"-E", "--engine"} & words


def with_known_formats(words: list[str]) -> list[str]:
    """The words of a command line, with formats under the names that its option knows."""
    return [
        FORMATS.get(word, word) if option in ("-F", "--render-format") else word
        for option, word in pairwise(["", *words])
    ]


def python(*scripts: Path) -> list[str]:
    """Options that run scripts; an error in them, or in later ones, ends Blender with 1."""
    return [
        *("--python-exit-code", "1"),
        *(word for script in scripts for word in ("--python", str(script))),
    ]


def find_blender(exe: str) -> str:
    """The path of Blender; on macOS its usual place if a plain name is not on the PATH."""
    plain = Path(exe).name == exe and shutil.which(exe) is None
    if plain and sys.platform == "darwin" and MAC_BLENDER.is_file():
        return str(MAC_BLENDER)
    return exe


async def run(parameters: BlenderRender, task: Task) -> None:
    try:
        frame_count(parameters.frames or "1")
    except FrameRangeError as error:
        raise invalid("blender-render", "frames", parameters.frames, str(error)) from None
    await check_folder(parameters.blendfile)
    watch = Watch(
        task,
        parameters.renders_with,
        on_missing=parameters.onMissing,
        has_script=bool(parameters.frames),
        output=parameters.output,
    )
    await attempt(parameters, watch)


async def attempt(parameters: BlenderRender, watch: Watch) -> None:
    """Render; whatever becomes of it, nothing unfinished stays. Raises `CommandFailed`."""
    completed = False
    try:
        await render(parameters, watch)
        completed = True
    except CommandFailed as error:
        raise await explain_failure(error, Path(parameters.blendfile)) from None
    finally:
        if watch.folder:
            await tidy(watch.folder, completed=completed)


async def render(parameters: BlenderRender, watch: Watch) -> None:
    """Run Blender, and see that all that it was to save is there. Raises `CommandFailed`."""
    task = watch.task
    announced, errand = task.steps_left, parameters.errand(task)
    if task.keeper is not None and parameters.may_stay():
        await render_open(watch, task.keeper, errand)
    else:
        if task.keeper is not None:
            await task.keeper.make_room()
        surroundings = Surroundings(env=errand.environment(), cwd=errand.cwd)
        await run_watched(watch, errand.command, missing=MISSING, surroundings=surroundings)
    if task.steps_left:
        count = f"{announced - task.steps_left} of {announced} frames"
        reason = Failure(FailureKind.MISSING_FRAMES, count)
        raise CommandFailed(f"Blender ended well, but saved {count}", reason)
    await await_files(watch.frames, task.conditions.share_delay)


async def render_open(watch: Watch, blenders: OpenBlenders, errand: Errand) -> None:
    """Render in the Blender that has the file open. If it fails, only a new one is believed."""
    task = watch.task
    try:
        if await watched(watch, blenders.go_on(task, errand, watch.line)):
            return
    except CommandFailed as error:
        task.log(f"once more in a new Blender, since the open one could not: {error}")
        watch.begin_again()
    await watched(watch, blenders.begin(task, errand, watch.line))


async def explain_failure(error: CommandFailed, blendfile: Path) -> CommandFailed:
    """The failure, with the reason why Blender could not read the file, if it was that."""
    kind = error.failure and error.failure.kind
    if kind != FailureKind.UNREADABLE_FILE or not blendfile.name:
        return error
    return failed(await trio.to_thread.run_sync(why_unreadable, blendfile))


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
