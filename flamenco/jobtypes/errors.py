"""Errors of compiling a job."""

from collections.abc import Sequence
from pathlib import Path

import attrs

from flamenco.errors import Mendable


@attrs.define
class CompileError(Mendable):
    """A job that its job type cannot compile; the message is for the submitter."""

    message: str
    exhausted: bool = False
    """True if memory ran out, so that the compiling process should end."""

    def __str__(self) -> str:
        return self.message


@attrs.define
class CompilerUnavailable(CompileError):
    """The compiling process did not work; nothing is wrong with the script."""


@attrs.define
class UnknownJobType(Mendable):
    """A job type that no script defines."""

    name: str
    known: Sequence[str]
    vanished: Path | None = None
    """The folder of the farm's scripts, if it was there at the start and is not now."""

    def __str__(self) -> str:
        gone = "" if self.vanished is None else f"the folder {self.vanished} was moved away; "
        return f"unknown job type {self.name!r}; {gone}there are {', '.join(self.known)}"
