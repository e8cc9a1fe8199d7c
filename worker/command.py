"""What a command is, and what it may do to its task."""

import errno
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

import attrs
import msgspec

from worker.usage import Usage

P = TypeVar("P")


class CommandFailed(Exception):
    """A command could not do what it was asked to; says why in a sentence."""


class CannotRun(CommandFailed):
    """This Worker has not what the command needs, and won't have it the next time either."""


class Task(Protocol):
    """The running task, as a command sees it."""

    @property
    def usage(self) -> Usage:
        """Keeps account of the programs that the task runs."""

    @property
    def oom_score_adjust(self) -> int | None:
        """Linux: the out-of-memory score for child processes."""

    def log(self, line: str) -> None:
        """Add a line to the task's log."""

    def step(self) -> None:
        """One of the command's steps is done."""

    def saved(self, path: str) -> None:
        """An image was written, which may be shown as the job's newest."""


@attrs.frozen
class CommandKind:
    """A command of the registry: its name, and how it runs with parameters off the wire."""

    name: str
    run: Callable[[Mapping[str, Any], Task], Awaitable[None]]


def command(
    name: str, parameters: type[P], run: Callable[[P, Task], Awaitable[None]]
) -> CommandKind:
    """A command whose parameters are an attrs class, and are checked before it runs."""

    async def checked(raw: Mapping[str, Any], task: Task) -> None:
        try:
            await run(convert(name, raw, parameters), task)
        except OSError as error:
            raise CommandFailed(f"{name}: {explain(error)}") from error

    return CommandKind(name, checked)


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


def argument(value: object) -> str:
    """An item of an argument list as the text that is passed to the program."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
