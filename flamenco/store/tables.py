"""Mapping of model objects to tables: a column per field, structured fields as JSON.

A row that can't be read never keeps others from being read. Where one thing is asked for,
`UnreadableRow` says what is wrong with it; among others a stand-in takes its place, with what can
be read of it. Where reading fails, its cursor is closed too: while it is open, its connection sees
the database as it was at that moment.
"""

import itertools
import sqlite3
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any, Generic, TypeGuard, TypeVar, cast, get_type_hints

import attrs
import msgspec

from flamenco.model.jobs import Attempt, Block, Job, Task
from flamenco.model.pictures import Picture
from flamenco.model.statuses import JobStatus, TaskStatus, WorkerStatus
from flamenco.model.workers import Worker, WorkerTag
from flamenco.store.errors import UnreadableRow

T = TypeVar("T", bound=attrs.AttrsInstance)
Values = tuple[str | int | float | None, ...]
_SCALARS = (str, int, float, type(None))
_AS_IT_IS = frozenset({str, int, float, type(None)})
ROWS_AT_ONCE = 50
"""Rows that are inserted by one statement: each that is run gives Python's lock away, and has to
wait for it afterwards. Fifty tasks are a thousand values; SQLite takes 32,766."""
TEXTS_AHEAD = 2
"""Number of texts that are read while another one is decoded."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BLANK: Mapping[object, object] = {str: "", int: 0, datetime: EPOCH}
"""Values that stand where a required one can't be read, by their type."""
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""Errors of a cell that is no text, or not the JSON of its field, or too deep."""
UNREADABLE_ROW = (sqlite3.OperationalError, *UNREADABLE)
"""Errors of a row with such a cell."""
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


class Rows(list[T]):
    """Objects of rows, in their order; stand-ins are named with what is wrong with their rows."""

    def __init__(self, items: Iterable[T], unreadable: Mapping[str, UnreadableRow]) -> None:
        super().__init__(items)
        self.unreadable = unreadable
        """Errors by the keys of the rows."""


@attrs.frozen
class Table(Generic[T]):
    """The table of a model class, and the SQL that reads and writes it."""

    name: str
    kind: type[T]
    structured: frozenset[str] = frozenset()
    """Names of the fields that are kept as JSON."""
    key: tuple[str, ...] = ("id",)
    """Names of the fields that tell its rows apart."""
    stand_in: Mapping[str, object] = attrs.field(factory=dict)
    """Values that stand where a field can't be read, in place of its default."""
    says_why: str | None = None
    """Text field in which a stand-in says what is wrong with its row."""
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
        """The object whose row this is. Raises `UnreadableRow`."""
        fields = dict(zip(self.columns, row, strict=True))
        try:
            for name in self.structured:
                if fields[name] is not None:
                    fields[name] = msgspec.json.decode(fields[name])
            return msgspec.convert(fields, self.kind, strict=False)
        except UNREADABLE_ROW as error:
            raise self._read_by_columns(row)[1] or error from None

    def one(self, connection: sqlite3.Connection, rest: str, values: Sequence[object]) -> T | None:
        """The object of the first row that is found, None of none. Raises `UnreadableRow`."""
        return next(iter(self.all(connection, f"{rest} LIMIT 1", values)), None)

    def all(self, connection: sqlite3.Connection, rest: str, values: Sequence[object]) -> list[T]:
        """The objects of all rows that are found. Raises `UnreadableRow` if one can't be read."""
        sql = self.select(rest)
        try:
            with closing(connection.execute(sql, values)) as rows:
                return [self.item(row) for row in rows]
        except sqlite3.OperationalError:
            return [self.item(row) for row in as_they_lie(connection, sql, values)]

    def read(
        self, connection: sqlite3.Connection, rest: str, values: Sequence[object] = ()
    ) -> Rows[T]:
        """The objects of all rows that a query of this table finds, in its order, or stand-ins."""
        sql = self.select(rest)
        try:
            return Rows(self._items.decode(together(connection, self._json(), sql, values)), {})
        except UNREADABLE_ROW:
            items, unreadable = self._one_by_one(as_they_lie(connection, sql, values))
            return Rows(items, unreadable)

    def read_ahead(
        self, connection: sqlite3.Connection, rest: str, each: Iterable[Sequence[object]]
    ) -> Iterator[list[T]]:
        """The objects that a query finds with each of these values.

        SQLite reads on while they are decoded: it works without the interpreter's lock. Raises one
        of `UNREADABLE_ROW` if a row can't be read.
        """
        sql, one = self.select(rest), self._json()
        texts = deque[Future[str]]()
        with ThreadPoolExecutor(1) as reading:
            for values in each:
                texts.append(reading.submit(together, connection, one, sql, values))
                if len(texts) > TEXTS_AHEAD:
                    yield self._items.decode(texts.popleft().result())
            for text in texts:
                yield self._items.decode(text.result())

    def read_keyed(
        self, connection: sqlite3.Connection, sql: str, values: Sequence[object]
    ) -> tuple[list[tuple[T, Any, str]], Mapping[str, UnreadableRow]]:
        """The same for a query that also has a `sort_key`, which comes along, and the id."""
        keyed = f"json_array({self._json()}, sort_key, id)"
        try:
            return self._keyed.decode(together(connection, keyed, sql, values)), {}
        except UNREADABLE_ROW:
            rows = as_they_lie(connection, sql, values)
            items, unreadable = self._one_by_one([row[:-1] for row in rows])
            place = self.columns.index("id")
            keys = [(row[-1], row[place]) for row in rows]
            return [(item, *key) for item, key in zip(items, keys, strict=True)], unreadable

    def _one_by_one(
        self, rows: Iterable[Sequence[Any]]
    ) -> tuple[list[T], dict[str, UnreadableRow]]:
        items, unreadable = [], {}
        for row in rows:
            try:
                items.append(self.item(row))
            except UnreadableRow as error:
                items.append(self._read_by_columns(row)[0])
                unreadable[error.key] = error
        return items, unreadable

    def _read_by_columns(self, row: Sequence[Any]) -> tuple[T, UnreadableRow | None]:
        """An object from the readable cells of a row, and the first column that can't be read."""
        kinds = get_type_hints(self.kind, include_extras=True)
        cells = dict(zip(self.columns, row, strict=True))
        fields: dict[str, Any] = {}
        problem = None
        for name, cell in cells.items():
            try:
                is_json = name in self.structured and cell is not None
                plain = msgspec.json.decode(cell) if is_json else cell
                fields[name] = msgspec.convert(plain, kinds[name], strict=False)
            except UNREADABLE_ROW as error:
                key = " ".join(str(cells[part]) for part in self.key)
                why = f"no JSON ({error})" if type(error) is msgspec.DecodeError else error
                problem = problem or UnreadableRow(self.name, key, name, why)
                fields[name] = self.blank(name)
        if problem is not None and self.says_why:
            fields[self.says_why] = str(problem)
        return self.kind(**fields), problem

    def blank(self, name: str) -> Any:
        """The value of a field that can't be read."""
        if name in self.stand_in:
            return self.stand_in[name]
        default: Any = attrs.fields_dict(self.kind)[name].default
        if default is attrs.NOTHING:
            return _BLANK[get_type_hints(self.kind)[name]]
        return default.factory() if hasattr(default, "factory") else default

    def _json(self) -> str:
        """SQL for a row as the JSON of its object."""
        fields = (
            f"'{name}', {f'json({name})' if name in self.structured else name}"
            for name in self.columns
        )
        return f"json_object({', '.join(fields)})"


def together(connection: sqlite3.Connection, one: str, sql: str, values: Sequence[object]) -> str:
    """The JSON of all rows of a query, in its order.

    They come as one, and are decoded in one call. For every row that it steps to, Python's
    `sqlite3` gives away the interpreter's lock and waits for it again, a millisecond when the event
    loop is busy; and as long as a thread turns rows into objects, each of the event loop's own
    system calls has to wait for the lock.
    """
    whole = f"SELECT json_group_array({one}) FROM ({sql})"  # noqa: S608
    with closing(connection.execute(whole, values)) as rows:
        return str(rows.fetchone()[0])


def as_they_lie(
    connection: sqlite3.Connection, sql: str, values: Sequence[object] = ()
) -> list[tuple[Any, ...]]:
    """The rows of a query, their cells as they are: a text that is no UTF-8 comes as bytes."""
    usual = connection.text_factory
    connection.text_factory = _text
    try:
        with closing(connection.execute(sql, values)) as rows:
            return rows.fetchall()
    finally:
        connection.text_factory = usual


def is_id(cell: object) -> TypeGuard[str]:
    """True if a job, task or worker may be called so, as no damaged cell is."""
    return isinstance(cell, str) and cell != "" and "/" not in cell


def ids_of(connection: sqlite3.Connection, sql: str, values: Sequence[object] = ()) -> list[str]:
    """The ids that a query finds; a row whose id can't be read has no actor."""
    return [cell for (cell,) in as_they_lie(connection, sql, values) if is_id(cell)]


def _text(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


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


JOBS = Table(
    "jobs",
    Job,
    structured=frozenset({"settings", "metadata", "requirements", "frames", "pace", "warnings"}),
    stand_in={"status": JobStatus.FAILED},
    says_why="activity",
)
TASKS = Table(
    "tasks",
    Task,
    structured=frozenset({"depends_on", "failed_by", "warnings"}),
    stand_in={"status": TaskStatus.FAILED},
    says_why="activity",
)
ATTEMPTS = Table("attempts", Attempt, key=("task_id", "lease"), says_why="reason")
BLOCKS = Table("job_blocks", Block, key=("worker_id", "task_type"), says_why="reason")
WORKERS = Table(
    "workers",
    Worker,
    structured=frozenset({"task_types", "tags", "request", "specs", "settings", "schedule"}),
    stand_in={"status": WorkerStatus.ERROR},
)
PICTURES = Table(
    "pictures", Picture, key=("task_id", "lease", "frame", "output"), says_why="reason"
)
TAGS = Table("tags", WorkerTag, says_why="description")
