"""Errors of a database that can't be used."""

import sqlite3
from pathlib import Path

from flamenco.errors import Mendable


class StoreError(Mendable):
    """The database cannot be used; the text says why."""


class NewerDatabase(StoreError):
    """The database was written by a newer Flamenco."""


class DamagedDatabase(StoreError):
    """The database is not what was written to it."""


class UnreadableRow(Mendable):
    """A row that holds what nobody writes there, in a database that is sound as a whole."""

    def __init__(self, table: str, key: str, column: str, why: object) -> None:
        super().__init__(f"table {table}, row {key}, column {column} can't be read: {why}")
        self.table = table
        self.key = key
        self.column = column


def damage(path: Path, what: object) -> DamagedDatabase:
    """A description of the cell's content, in one line."""
    return DamagedDatabase(
        f"{path} is damaged: {' '.join(str(what).split())}; restore a copy of it"
    )


def shows_damage(error: Exception) -> bool:
    """True if SQLite gave up because of the data it read."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CORRUPT
