"""How model objects lie in tables: a column a field, structured fields as JSON."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

import attrs
import msgspec

from flamenco.model.jobs import Job, Task
from flamenco.model.workers import Worker

T = TypeVar("T", bound=attrs.AttrsInstance)
_SCALARS = (str, int, float, type(None))


def to_sql(value: object) -> str | int | float | None:
    """A field's value as SQLite keeps it; times as RFC 3339 in UTC."""
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, _SCALARS):
        return value
    return msgspec.json.encode(value).decode()


@attrs.frozen
class Table(Generic[T]):
    """The table of a model class, and the SQL that reads and writes it."""

    name: str
    kind: type[T]
    structured: frozenset[str] = frozenset()
    """Names of the fields that are kept as JSON."""

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(field.name for field in attrs.fields(self.kind))

    def put(self, extra: Sequence[str] = ()) -> str:
        """SQL that inserts a row, or updates the one with its id; ``extra`` columns follow."""
        columns = (*self.columns, *extra)
        updates = ", ".join(f"{name} = excluded.{name}" for name in columns if name != "id")
        return (
            f"INSERT INTO {self.name} ({', '.join(columns)}) "  # noqa: S608
            f"VALUES ({', '.join('?' * len(columns))}) ON CONFLICT (id) DO UPDATE SET {updates}"
        )

    def select(self, rest: str = "") -> str:
        """SQL that reads whole rows of this table."""
        return f"SELECT {', '.join(self.columns)} FROM {self.name} {rest}"  # noqa: S608

    def row(self, item: T) -> tuple[str | int | float | None, ...]:
        """The values of `columns` of one object."""
        return tuple(to_sql(getattr(item, name)) for name in self.columns)

    def item(self, row: Sequence[Any]) -> T:
        """The object whose row this is."""
        fields = dict(zip(self.columns, row, strict=True))
        for name in self.structured:
            if fields[name] is not None:
                fields[name] = msgspec.json.decode(fields[name])
        return msgspec.convert(fields, self.kind, strict=False)

    def items(self, rows: Iterable[sqlite3.Row]) -> list[T]:
        return [self.item(row) for row in rows]


JOBS = Table("jobs", Job, frozenset({"settings", "metadata"}))
TASKS = Table("tasks", Task, frozenset({"depends_on", "failed_by"}))
WORKERS = Table("workers", Worker, frozenset({"task_types", "tags", "request"}))
