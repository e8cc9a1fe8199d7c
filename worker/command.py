"""Commands of tasks, and their access to the running task."""

import errno
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

import attrs
import msgspec

from flamenco.config.worker import WorkerConfig
from flamenco.model.bounds import LONGEST_LINE, cut
from flamenco.model.reasons import FailureKind
from flamenco.protocol import Failure
from worker.errand import Errand
from worker.usage import Usage

P = TypeVar("P")


class CommandFailed(Exception):
    """A command failed; the text says why, in a sentence.

    ``failure`` is the reason, if it is a known one.
    """

    def __init__(self, sentence: str, failure: Failure | None = None) -> None:
        super().__init__(cut(sentence, LONGEST_LINE))
        self.failure = failure and attrs.evolve(failure, detail=cut(failure.detail, LONGEST_LINE))


class CannotRun(CommandFailed):
    """This Worker lacks something that the command needs, and will lack it the next time too."""


@attrs.frozen(kw_only=True)
class Conditions:
    """Conditions under which programs run on this Worker."""

    oom_score_adjust: int | None = None
    """Linux: out-of-memory score of programs."""
    niceness: int = 0
    """Niceness of programs, 0 to 19; higher lets others go first."""
    share_delay: float = 10.0
    """Seconds to wait for frames that Blender has saved to a slow share."""
    silence_limit: float = 0.0
    """Seconds without output after which a program is taken for hung; 0: never."""
    exec: tuple[str, ...] | None = None
    """Programs that the command `exec` may run; None: any."""

    @classmethod
    def of(cls, settings: WorkerConfig) -> "Conditions":
        """The conditions that a configuration sets."""
        return cls(**{name: getattr(settings, name) for name in attrs.fields_dict(cls)})


OnLine = Callable[[str], None]
"""Function that gets each line of a program's output; an exception from it ends the program."""


class OpenBlenders(Protocol):
    """The Blenders that stay open, as a command sees them."""

    async def go_on(self, task: "Task", errand: Errand, on_line: OnLine) -> bool:
        """Render in the Blender that has the file open; False if there is none."""

    async def begin(self, task: "Task", errand: Errand, on_line: OnLine) -> None:
        """Render in a new Blender, which then stays open, or ends."""

    async def make_room(self, job: str = "") -> None:
        """End the Blender that waits, unless it is for this job."""


class Task(Protocol):
    """The running task, as a command sees it."""

    @property
    def usage(self) -> Usage:
        """The account of the programs that the task runs."""

    @property
    def conditions(self) -> Conditions:
        """The conditions under which its programs run."""

    @property
    def id(self) -> str:
        """The task's id, the same in all attempts at it."""

    @property
    def job(self) -> str:
        """The id of its job."""

    @property
    def keeper(self) -> "OpenBlenders | None":
        """The keeper of Blenders that stay open; None if none may."""

    @property
    def steps_left(self) -> int:
        """Announced steps of the command that are not done."""

    def log(self, line: str) -> None:
        """Add a line to the task's log."""

    def tell(self, activity: str) -> None:
        """Set the task's present activity, in a few words; shown after a moment."""

    def warn(self, sentence: str) -> None:
        """Warn of something that may be wrong in the result."""

    def step(self) -> None:
        """Count one of the command's steps as done."""

    def saved(self, path: str, frame: int, output: str = "", *, is_new: bool = True) -> None:
        """Note that an image of a frame was written, now or by an earlier attempt.

        ``output`` tells several of a frame apart.
        """


@attrs.frozen
class CommandKind:
    """A command of the registry: its name, and a function that runs it with raw parameters."""

    name: str
    parameters: type
    """The attrs class of its parameters."""
    run: Callable[[Mapping[str, Any], Task], Awaitable[None]]


def command(
    name: str, parameters: type[P], run: Callable[[P, Task], Awaitable[None]]
) -> CommandKind:
    """A command whose parameters are an attrs class, and are checked before it runs."""

    async def run_checked(raw: Mapping[str, Any], task: Task) -> None:
        try:
            await run(convert(name, raw, parameters), task)
        except OSError as error:
            raise CommandFailed(f"{name}: {explain(error)}", known_reason(error)) from error

    return CommandKind(name, parameters, run_checked)


_MISSING = re.compile(r"Object missing required field `(\w+)`")
_PLACE = re.compile(r" - at `\$\.(\w+)(.*)`$")


def convert(name: str, raw: Mapping[str, Any], parameters: type[P]) -> P:
    """The parameters as their class. Raises `CommandFailed` with the reference's words."""
    try:
        return msgspec.convert(raw, parameters)
    except msgspec.ValidationError as error:
        text = str(error)
    if match := _MISSING.match(text):
        raise CommandFailed(f'{name}: mandatory parameter "{match[1]}" is missing: {dict(raw)}')
    if match := _PLACE.search(text):
        raise invalid(name, match[1], raw.get(match[1]), text[: match.start()])
    raise CommandFailed(f"{name}: invalid parameters: {text}")


def invalid(command: str, parameter: str, value: object, expected: str) -> CommandFailed:
    """The failure to raise for a parameter's value, with the reference's words."""
    return CommandFailed(
        f'{command}: parameter "{parameter}" has invalid value {value!r}: {expected}'
    )


def explain(error: OSError) -> str:
    """A sentence for an error of the operating system."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full{where}"
    return f"{error.strerror or error}{where}"


def known_reason(error: OSError) -> Failure | None:
    """The known reason in an error of the operating system, if there is one."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Failure(FailureKind.DISK_FULL, str(error.filename or ""))
    if error.errno == errno.ENOENT:
        return Failure(FailureKind.MISSING_FILE, str(error.filename or ""))
    return None


def argument(value: object) -> str:
    """An item of an argument list as the text that is passed to the program."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
