"""How model objects lie in tables: a column a field, structured fields as JSON."""

import itertools
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any, Generic, TypeVar, cast

import attrs
import msgspec

from flamenco.model.jobs import Attempt, Block, Job, Task
from flamenco.model.workers import Worker, WorkerTag

T = TypeVar("T", bound=attrs.AttrsInstance)
Values = tuple[str | int | float | None, ...]
_SCALARS = (str, int, float, type(None))
_AS_IT_IS = frozenset({str, int, float, type(None)})
ROWS_AT_ONCE = 50
"""Rows that are inserted by one statement: each that is run gives Python's lock away, and has to
wait for it afterwards. Fifty tasks are a thousand values; SQLite takes 32,766."""
_encode = msgspec.json.Encoder().encode


def to_sql(value: object) -> str | int | float | None:
    """A field's value as SQLite keeps it; times as RFC 3339 in UTC."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, _SCALARS):
        return value
    return "[]" if value == () else _encode(value).decode()


@attrs.frozen
class Table(Generic[T]):
    """The table of a model class, and the SQL that reads and writes it."""

    name: str
    kind: type[T]
    structured: frozenset[str] = frozenset()
    """Names of the fields that are kept as JSON."""
    columns: tuple[str, ...] = attrs.field(init=False)
    _items: msgspec.json.Decoder[list[T]] = attrs.field(init=False)
    _keyed: msgspec.json.Decoder[list[tuple[T, Any, str]]] = attrs.field(init=False)

    @columns.default
    def _columns(self) -> tuple[str, ...]:
        return tuple(field.name for field in attrs.fields(self.kind))

    @_items.default
    def _items_decoder(self) -> msgspec.json.Decoder[list[T]]:
        return msgspec.json.Decoder(cast("Any", list)[self.kind], strict=False)

    @_keyed.default
    def _keyed_decoder(self) -> msgspec.json.Decoder[list[tuple[T, Any, str]]]:
        keyed = cast("Any", tuple)[self.kind, Any, str]
        return msgspec.json.Decoder(cast("Any", list)[keyed], strict=False)

    def put(self, key: str = "id") -> str:
        """SQL that inserts a row, or updates the one with its key."""
        updates = ", ".join(f"{name} = excluded.{name}" for name in self.columns)
        return (
            f"INSERT INTO {self.name} ({', '.join(self.columns)}) "  # noqa: S608
            f"VALUES ({', '.join('?' * len(self.columns))}) "
            f"ON CONFLICT ({key}) DO UPDATE SET {updates}"
        )

    def update(self, but: Collection[str]) -> Callable[[T], tuple[str, Values]]:
        """SQL and values that update a row's columns, some left out."""
        names = [name for name in self.columns if name not in but and name != "id"]
        sql = f"UPDATE {self.name} SET {', '.join(f'{name} = ?' for name in names)} WHERE id = ?"  # noqa: S608
        fields = attrgetter(*names, "id")
        return lambda item: (sql, _values(fields(item)))

    def select(self, rest: str = "") -> str:
        """SQL that reads whole rows of this table."""
        return f"SELECT {', '.join(self.columns)} FROM {self.name} {rest}"  # noqa: S608

    def row(self, item: T) -> Values:
        """The values of `columns` of one object."""
        return _values([getattr(item, name) for name in self.columns])

    def item(self, row: Sequence[Any]) -> T:
        """The object whose row this is."""
        fields = dict(zip(self.columns, row, strict=True))
        for name in self.structured:
            if fields[name] is not None:
                fields[name] = msgspec.json.decode(fields[name])
        return msgspec.convert(fields, self.kind, strict=False)

    def items(self, rows: Iterable[Sequence[Any]]) -> list[T]:
        return [self.item(row) for row in rows]

    def read(
        self, connection: sqlite3.Connection, rest: str, values: Sequence[object] = ()
    ) -> list[T]:
        """The objects of all rows that a query of this table finds, in its order."""
        return self._items.decode(_together(connection, self._json(), self.select(rest), values))

    def read_keyed(
        self, connection: sqlite3.Connection, sql: str, values: Sequence[object]
    ) -> list[tuple[T, Any, str]]:
        """The same for a query that also has a `sort_key`, which comes along, and the id."""
        keyed = f"json_array({self._json()}, sort_key, id)"
        return self._keyed.decode(_together(connection, keyed, sql, values))

    def _json(self) -> str:
        """SQL for a row as the JSON of its object."""
        fields = (
            f"'{name}', {f'json({name})' if name in self.structured else name}"
            for name in self.columns
        )
        return f"json_object({', '.join(fields)})"


def _together(connection: sqlite3.Connection, one: str, sql: str, values: Sequence[object]) -> str:
    """The JSON of all rows of a query, in its order.

    They come as one, and are decoded in one call. For every row that it steps to, Python's
    `sqlite3` gives away the interpreter's lock and waits for it again, a millisecond when the event
    loop is busy; and as long as a thread turns rows into objects, each of the event loop's own
    system calls has to wait for the lock.
    """
    whole = f"SELECT json_group_array({one}) FROM ({sql})"  # noqa: S608
    return str(connection.execute(whole, values).fetchone()[0])


def insert(
    connection: sqlite3.Connection, table: str, columns: Sequence[str], rows: Sequence[Values]
) -> None:
    """Add new rows to a table, many at once. Raises sqlite3.IntegrityError if one is there."""
    into = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608
    one = f"({', '.join('?' * len(columns))})"
    several = into + ", ".join([one] * ROWS_AT_ONCE)
    rest = len(rows) - len(rows) % ROWS_AT_ONCE
    for start in range(0, rest, ROWS_AT_ONCE):
        together = rows[start : start + ROWS_AT_ONCE]
        connection.execute(several, tuple(itertools.chain.from_iterable(together)))
    connection.executemany(into + one, rows[rest:])


def _values(fields: Sequence[Any]) -> Values:
    return tuple([value if type(value) in _AS_IT_IS else to_sql(value) for value in fields])


JOBS = Table("jobs", Job, frozenset({"settings", "metadata", "requirements", "warnings"}))
TASKS = Table("tasks", Task, frozenset({"depends_on", "failed_by"}))
ATTEMPTS = Table("attempts", Attempt)
BLOCKS = Table("job_blocks", Block)
WORKERS = Table(
    "workers", Worker, frozenset({"task_types", "tags", "request", "specs", "schedule"})
)
TAGS = Table("tags", WorkerTag)
