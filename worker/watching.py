"""Following of programs with output like Blender's: frames done, files saved, problems."""

from collections.abc import Callable, Sequence

import attrs

from flamenco.protocol import Failure, FailureKind
from worker.blender_output import NoEngine, Rendering, Saved, Step, parse, trouble
from worker.command import CannotRun, CommandFailed, Task
from worker.process import Surroundings, run_program

UNABLE = (FailureKind.MISSING_PLUGIN, FailureKind.MISSING_DEVICE)
"""Reasons that will make this Worker fail the next time, too."""


NOWHERE_ELSE = Surroundings()


@attrs.define
class Watch:
    """A follower of one program's output."""

    task: Task
    wants: Callable[[NoEngine], bool] = lambda _: False
    """Function that returns True if a render without this engine would be wrong."""
    shows: bool = True
    """True if the images it saves should be seen on the job's page."""
    reason: Failure | None = None
    """The last known problem in the output."""

    def line(self, line: str) -> None:
        """Handle a line of the output. Raises `CannotRun` for a render that would be wrong."""
        match parse(line):
            case Saved(path) if self.shows:
                self.task.saved(path)
            case Step():
                self.task.step()
            case Rendering() as progress:
                self.task.usage.count(progress.peak_memory)
                self.task.tell(str(progress))
            case NoEngine() as found if self.wants(found):
                raise no_engine(found.engine)
        self.reason = trouble(line) or self.reason


def no_engine(name: str) -> CannotRun:
    """The failure of a Worker whose Blender lacks a render engine."""
    return CannotRun(
        f"Blender on this Worker has no render engine {name!r}; install the add-on it is from",
        Failure(FailureKind.MISSING_PLUGIN, name),
    )


async def run_watched(
    watch: Watch,
    command: Sequence[str],
    *,
    missing: str = "",
    surroundings: Surroundings = NOWHERE_ELSE,
) -> None:
    """Run a program to its end, see `run_program`; a failure has the known reason, if any."""
    try:
        await run_program(
            watch.task, command, missing=missing, on_line=watch.line, surroundings=surroundings
        )
    except CannotRun:
        raise
    except CommandFailed as error:
        reason = watch.reason or error.failure
        if reason is None or not reason.detail:
            raise
        kind = CannotRun if reason.kind in UNABLE else CommandFailed
        raise kind(f"{error}: {reason.detail}", reason) from None
