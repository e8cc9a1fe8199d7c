"""Errors in a configuration file, each told in one line."""

import attrs

from flamenco.errors import Mendable


@attrs.define
class ConfigError(Mendable):
    """A configuration that cannot be used, with its file, line and key and what was expected."""

    file: str
    message: str
    key: str = ""
    line: int | None = None
    """Line in the file, from 1; None if the error has no single place."""
    column: int | None = None
    """Column in the line, from 1; None if the line is enough."""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}, line {self.line}"
        if self.column is not None:
            place += f", column {self.column}"
        return ": ".join(part for part in (place, self.key, self.message) if part)
