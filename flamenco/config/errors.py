"""Errors in a configuration, each told in one line."""

from collections.abc import Sequence

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
    others: tuple["ConfigError", ...] = ()
    """Further errors of the same configuration."""

    @property
    def all(self) -> tuple["ConfigError", ...]:
        """This error and the others, each by itself."""
        return (attrs.evolve(self, others=()), *self.others)

    def __str__(self) -> str:
        return "\n".join(map(_line, self.all))


def together(errors: Sequence[ConfigError]) -> ConfigError:
    """One error that tells of all."""
    first, *others = errors
    return attrs.evolve(first, others=tuple(others))


def _line(error: ConfigError) -> str:
    place = error.file if error.line is None else f"{error.file}, line {error.line}"
    if error.column is not None:
        place += f", column {error.column}"
    return ": ".join(part for part in (place, error.key, error.message) if part)
