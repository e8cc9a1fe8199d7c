"""Following of programs with output like Blender's: frames done, files saved, problems."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import attrs

from flamenco.model.reasons import UNABLE, FailureKind
from flamenco.protocol import Failure
from worker.blender_output import (
    Appended,
    Folder,
    Frame,
    NoEngine,
    Rendering,
    Saved,
    Skipped,
    Timed,
    parse,
)
from worker.command import CannotRun, CommandFailed, Task
from worker.process import Surroundings, run_program
from worker.sayings import OnMissing, Severity, Told, Tracebacks, told
from worker.unfinished import PLACE

T = TypeVar("T")
NOWHERE_ELSE = Surroundings()


@attrs.define
class Watch:
    """A follower of one program's output."""

    task: Task
    wants: Callable[[NoEngine], bool] = lambda _: False
    """Function that returns True if a render without this engine would be wrong."""
    shows: bool = True
    """True if the images it saves should be seen on the job's page."""
    on_missing: OnMissing = ""
    has_script: bool = False
    """True if a script of ours tells of frames; what Blender tells of files is left aside then."""
    output: str = ""
    """Name of its images among those of a frame; empty if no other task adds to that."""
    reason: Failure | None = None
    """The last known problem that explains a failure."""
    fatal: Failure | None = None
    """A problem that fails the task, whatever the program's status."""
    tracebacks: Tracebacks = attrs.field(factory=Tracebacks)
    frames: list[Frame] = attrs.field(factory=list)
    """Frames that are whole."""
    folder: str = ""
    """Where unfinished frames lie; empty without a script of ours."""
    _steps: int = 0  # steps that the program has done
    _repeated: int = 0  # of them, those that it does once more
    _frame: int | None = None  # the frame that is being rendered
    _saved: bool = False  # whether a file was saved since a frame was timed
    _number: str = ""  # digits in the name of the file that was saved last

    def begin_again(self) -> None:
        """Follow another program that does all of it once more; no step counts twice."""
        self.reason = self.fatal = self._frame = None
        self.tracebacks, self.frames = Tracebacks(), []
        self._repeated, self._steps = max(self._steps, self._repeated), 0
        self._saved, self._number = False, ""

    def line(self, line: str) -> None:
        """Handle a line of the output.

        Raises `CommandFailed` for a render that would be wrong. The frame that was under way when
        the problem came is void: its file goes first.
        """
        self.tracebacks.line(line)
        match parse(line):
            case Folder(path):
                self.folder = path
            case Frame() as frame:
                self._end_frame([file.path for file in frame.files])
                self._take(frame)
            case Saved() as saved:
                self._save(saved)
            case Appended() | Skipped() if not self.has_script:
                self._end_frame([])
                self._step()
                self._saved = True
            case Timed() if not self.has_script:
                if not self._saved:
                    self._step()
                self._saved = False
            case Rendering() as progress:
                self._begin_frame(progress.frame)
                self.task.usage.count(progress.peak_memory)
                self.task.tell(str(progress))
            case NoEngine() as lack if self.wants(lack):
                raise no_engine(lack.engine)
        trouble = told(line, self.on_missing)
        if trouble:
            self._heed(trouble)

    def _step(self) -> None:
        self._steps += 1
        if self._steps > self._repeated:
            self.task.step()

    def _begin_frame(self, number: int) -> None:
        if self.fatal and number != self._frame:
            raise failed(self.fatal)
        self._frame = number

    def _end_frame(self, files: Sequence[str]) -> None:
        self._frame = None
        if self.fatal:
            for file in files:
                with suppress(OSError):
                    Path(file).unlink()
            raise failed(self.fatal)

    def _save(self, saved: Saved) -> None:
        """Count a file's frame, or show what File Output nodes add to those that a script tells."""
        number = saved.frame if self._frame is None else self._frame
        if not (self.has_script or saved.by_node):
            self._end_frame([saved.path])
            self._count(saved, number)
        elif self.shows and PLACE not in Path(saved.path).parts:
            self.task.saved(saved.path, number, self._named(saved.output))

    def _count(self, saved: Saved, frame: int) -> None:
        """Count its frame, once for all its views."""
        if not saved.number or saved.number != self._number:
            self._step()
        self._saved, self._number = True, saved.number
        if self.shows:
            self.task.saved(saved.path, frame, self._named(saved.view))

    def _take(self, frame: Frame) -> None:
        self.frames.append(frame)
        self._step()
        for each in frame.files:
            if self.shows and not each.is_preview:
                view = self._named(each.view)
                self.task.saved(each.path, frame.number, view, is_new=frame.is_new)

    def _named(self, view: str) -> str:
        return " ".join(filter(None, (self.output, view)))

    def _heed(self, found: Told) -> None:
        if found.severity is Severity.WARNS:
            self.task.warn(found.reason.detail)
        elif found.severity is Severity.EXPLAINS:
            self.reason = found.reason
        elif self.fatal is None:
            self.fatal = found.reason
            if self._frame is None:
                raise failed(found.reason)

    def ended(self, error: CommandFailed | None) -> None:
        """The program has ended; raises `CommandFailed` with the reason that it told of."""
        if error is None:
            if self.fatal:
                raise failed(self.fatal)
            if self.tracebacks.last:
                self.task.warn(f"a script raised {self.tracebacks.last}")
            return
        reason = self.fatal or self.reason or error.failure
        if reason is None or not reason.detail or reason == error.failure:
            raise error
        if reason.kind == FailureKind.SCRIPT_ERROR and self.tracebacks.last:
            reason = attrs.evolve(reason, detail=f"{reason.detail}: {self.tracebacks.last}")
        raise failed(reason, f"{error}: ") from None


def failed(reason: Failure, before: str = "") -> CommandFailed:
    """The failure for a reason; one of this Worker, if it would fail the next time too."""
    kind = CannotRun if reason.kind in UNABLE else CommandFailed
    return kind(f"{before}{reason.detail}", reason)


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
    await watched(
        watch,
        run_program(
            watch.task, command, missing=missing, on_line=watch.line, surroundings=surroundings
        ),
    )


async def watched(watch: Watch, running: Awaitable[T]) -> T:
    """Await the end of a program; a failure has the known reason, if any."""
    try:
        result = await running
    except CannotRun:
        raise
    except CommandFailed as error:
        watch.ended(error)
        raise
    watch.ended(None)
    return result
