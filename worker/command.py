"""What a command is, and what it may do to its task."""

import errno
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

import attrs
import msgspec

from flamenco.protocol import Failure, FailureKind
from worker.usage import Usage

P = TypeVar("P")


class CommandFailed(Exception):
    """A command could not do what it was asked to; says why in a sentence.

    ``failure`` is the reason, if it is a known one.
    """

    def __init__(self, sentence: str, failure: Failure | None = None) -> None:
        super().__init__(sentence)
        self.failure = failure


class CannotRun(CommandFailed):
    """This Worker has not what the command needs, and won't have it the next time either."""


@attrs.frozen(kw_only=True)
class Conditions:
    """Under which programs run on this Worker."""

    oom_score_adjust: int | None = None
    """Linux: their out-of-memory score."""
    niceness: int = 0
    """How much they stand back behind others, 0 to 19."""
    silence_limit: float = 0.0
    """Seconds without output after which one is taken for hung; 0: never."""


class Task(Protocol):
    """The running task, as a command sees it."""

    @property
    def usage(self) -> Usage:
        """Keeps account of the programs that the task runs."""

    @property
    def conditions(self) -> Conditions:
        """Under which its programs run."""

    def log(self, line: str) -> None:
        """Add a line to the task's log."""

    def tell(self, activity: str) -> None:
        """What the task does now, in a few words; shown after a moment."""

    def step(self) -> None:
        """One of the command's steps is done."""

    def saved(self, path: str) -> None:
        """An image was written, which may be shown as the job's newest."""


@attrs.frozen
class CommandKind:
    """A command of the registry: its name, and how it runs with parameters off the wire."""

    name: str
    parameters: type
    """An attrs class."""
    run: Callable[[Mapping[str, Any], Task], Awaitable[None]]


def command(
    name: str, parameters: type[P], run: Callable[[P, Task], Awaitable[None]]
) -> CommandKind:
    """A command whose parameters are an attrs class, and are checked before it runs."""

    async def checked(raw: Mapping[str, Any], task: Task) -> None:
        try:
            await run(convert(name, raw, parameters), task)
        except OSError as error:
            raise CommandFailed(f"{name}: {explain(error)}", known_reason(error)) from error

    return CommandKind(name, parameters, checked)


_MISSING = re.compile(r"Object missing required field `(\w+)`")
_PLACE = re.compile(r" - at `\$\.(\w+)(.*)`$")


def convert(name: str, raw: Mapping[str, Any], parameters: type[P]) -> P:
    """The parameters as their class; raises `CommandFailed` as the reference words it."""
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
    """The failure to raise for a parameter's value, as the reference words it."""
    return CommandFailed(
        f'{command}: parameter "{parameter}" has invalid value {value!r}: {expected}'
    )


def explain(error: OSError) -> str:
    """A sentence for what the operating system refused."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full{where}"
    return f"{error.strerror or error}{where}"


def known_reason(error: OSError) -> Failure | None:
    """What of an error of the operating system is worth telling apart."""
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
