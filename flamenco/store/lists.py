"""Lists of jobs, tasks and workers: filtered, sorted, a page at a time.

A page begins at a mark, not at a number, so the last one costs what the first one does; whoever
looks into the middle of a list may skip rows, which are read in vain. For each
status there is a branch of its own, which an index gives in order, and SQLite merges them: a list
of a few statuses reads nothing of the others. After a mark each branch is two: the rows that are
equal to it in the sort key, and those beyond.
"""

import sqlite3
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

import attrs

from flamenco.model.jobs import Job, Task
from flamenco.model.lists import JobFilter, Mark, Paging, TaskFilter, Value, WorkerFilter
from flamenco.model.parking import Parked, ParkedKind
from flamenco.model.statuses import JobStatus
from flamenco.model.workers import Worker
from flamenco.store.parking import all_parked
from flamenco.store.tables import JOBS, TASKS, WORKERS, Table, as_they_lie, ids_of

T = TypeVar("T", bound=attrs.AttrsInstance)

JOB_KEYS = {
    "created": "created",
    "updated": "updated",
    "name": "name COLLATE NOCASE",
    "priority": "priority",
    "status": "status",
    "type": "type COLLATE NOCASE",
    "owner": "owner COLLATE NOCASE",
    "started": "first_start",
}
TASK_KEYS = {
    "index_in_job": "idx",
    "name": "name COLLATE NOCASE",
    "status": "status",
    "updated": "updated",
    "worker": (
        "ifnull((SELECT name FROM workers WHERE workers.id = tasks.worker_id "
        "AND deleted_at IS NULL), '') COLLATE NOCASE"
    ),
}
WORKER_KEYS = {
    "name": "name COLLATE NOCASE",
    "status": "status",
    "last_seen": "ifnull(last_seen, '')",
}
"""Sort keys as people name them → as SQL."""

STEP = "step_of(CAST({} AS BLOB))"
"""SQL for the step of a task with this name (`flamenco.store.steps.in_sql`)."""

LISTED_JOBS = frozenset(JobStatus) - {JobStatus.UNDER_CONSTRUCTION}

UNKNOWN_STATUS = "ifnull(status, '') NOT IN ('" + "', '".join(sorted(JobStatus)) + "')"
"""Jobs whose status can't be read; an index holds just these."""


@attrs.frozen
class Condition:
    """A condition in SQL, and the values it names."""

    sql: str
    values: tuple[Value, ...] = ()
    pinned: Mapping[str, str] = attrs.field(factory=dict)
    """Columns that have the same text in all these rows; {column: text}."""
    index: str = ""
    """Index that is read, where SQLite would choose another one for the order."""


@attrs.frozen
class Page(Generic[T]):
    """A part of a list."""

    items: Sequence[T]
    next: Mark | None
    """Beginning of the next page; None after the last."""
    total: int | None
    """Number of items on all pages, if requested."""
    parked: Mapping[str, Parked] = attrs.field(factory=dict)
    """Parked items, by id; an item whose row can't be read is a stand-in."""


@attrs.frozen(kw_only=True)
class Listing(Generic[T]):
    """The rows of one table that are listed, before they are sorted and cut into pages."""

    table: Table[T]
    kind: ParkedKind | None = None
    """Kind of parked items among them, if these can be parked individually."""
    keys: Mapping[str, str]
    groups: Sequence[Condition]
    """Rows that fit any of these, which exclude each other; an index has each of them in order."""
    narrowed: Sequence[Condition] = ()
    """Further conditions on each row by itself."""

    def query(self, paging: Paging) -> tuple[str, list[Value]]:
        """SQL for the rows of a page, each with its sort key behind, and the values in it."""
        key = self.keys[paging.order.key]
        way = "DESC" if paging.order.descending else "ASC"
        branches = [
            (group, *self.narrowed, *place)
            for group in self.groups
            for place in _places_in(group, self.table.name, key, paging)
        ] or [(NOTHING,)]
        columns = ", ".join(self.table.columns)
        sql = " UNION ALL ".join(
            f"SELECT {columns}, {key} AS sort_key FROM {_indexed(self.table.name, branch[0])} "  # noqa: S608
            f"WHERE {_both(branch)}"
            for branch in branches
        )
        values = [value for branch in branches for each in branch for value in each.values]
        return (
            f"{sql} ORDER BY sort_key {way}, id {way} LIMIT ? OFFSET ?",
            [*values, -1 if paging.limit is None else paging.limit + 1, paging.skip],
        )

    def page(self, connection: sqlite3.Connection, paging: Paging) -> Page[T]:
        """One page, and where the next begins."""
        rows, unreadable = self.table.read_keyed(connection, *self.query(paging))
        limit = len(rows) if paging.limit is None else paging.limit
        shown, more = rows[:limit], len(rows) > limit
        items = [item for item, _, _ in shown]
        following = _mark_of(*shown[-1][1:]) if more and shown else None
        total = self._count(connection) if paging.count else None
        return Page(items, following, total, all_parked(connection, self.kind, unreadable))

    def ids(self, connection: sqlite3.Connection) -> list[str]:
        """The ids of all rows."""
        return [
            each for group in self.groups for each in ids_of(connection, *self._all("id", group))
        ]

    def counts(self, connection: sqlite3.Connection, column: str) -> dict[str, int]:
        """Number of rows by the text in one of their columns."""
        found: dict[str, int] = {}
        for group in self.groups:
            sql, values = self._all(f"{column}, count(*)", group)
            for text, count in as_they_lie(connection, f"{sql} GROUP BY {column}", values):
                if isinstance(text, str):
                    found[text] = found.get(text, 0) + count
        return found

    def _count(self, connection: sqlite3.Connection) -> int:
        counts = (connection.execute(*self._all("count(*)", group)) for group in self.groups)
        return sum(row[0] for rows in counts for row in rows)

    def _all(self, what: str, group: Condition) -> tuple[str, list[Value]]:
        conditions = (group, *self.narrowed)
        sql = f"SELECT {what} FROM {self.table.name} WHERE {_both(conditions)}"  # noqa: S608
        return sql, [value for each in conditions for value in each.values]


def _both(conditions: Iterable[Condition]) -> str:
    return " AND ".join(each.sql for each in conditions)


def _indexed(table: str, group: Condition) -> str:
    return f"{table} INDEXED BY {group.index}" if group.index else table


def _places_in(
    group: Condition, table: str, key: str, paging: Paging
) -> Sequence[tuple[Condition, ...]]:
    """The same for the rows of a group: all or none of them, if they share the sort key.

    SQLite would read all rows beyond the mark for each group that shares another key.
    """
    mark, pinned = paging.after, group.pinned.get(key)
    if mark is None or pinned is None or not isinstance(mark.value, str):
        return _places(table, key, paging)
    if pinned == mark.value:
        beyond = "<" if paging.order.descending else ">"
        return [(Condition(f"id {beyond} ?", (mark.id,)),)]
    return [()] if (pinned < mark.value) is paging.order.descending else []


def _places(table: str, key: str, paging: Paging) -> list[tuple[Condition, ...]]:
    """Conditions on the place of rows in the order: anywhere, or after the mark."""
    mark = paging.after
    if mark is None:
        return [()]
    beyond = "<" if paging.order.descending else ">"
    at, value = ("?", mark.value) if mark.value is not None else (_key_of(table, key), mark.id)
    equal = Condition(f"{key} IS {at} AND id {beyond} ?", (value, mark.id))
    if paging.order.descending:  # what has no key comes last
        keyless = Condition(f"{key} IS NULL AND {at} IS NOT NULL", (value,))
        return [(equal,), (Condition(f"{key} < {at}", (value,)),), (keyless,)]
    if mark.value is None:
        return [(equal,), (Condition(f"ifnull({key} > {at}, {key} IS NOT NULL)", (value,)),)]
    return [(equal,), (Condition(f"{key} > ?", (value,)),)]


def _key_of(table: str, key: str) -> str:
    """SQL for the sort key of the row with an id."""
    return f"(SELECT {key} FROM {table} WHERE id = ?)"  # noqa: S608


def _mark_of(value: object, name: str) -> Mark:
    """The place of a row, by its sort key if that can be told."""
    return Mark(value if isinstance(value, str | int | float) else None, name)


# What is listed


def listed_jobs(wanted: JobFilter) -> Listing[Job]:
    """The jobs that a filter lets through; never one that is still being stored."""
    archived = "(archived_at IS NULL) = ? AND status = ?"
    statuses = LISTED_JOBS.intersection(wanted.status) if wanted.status else LISTED_JOBS
    conditions = [
        *_begins("id", wanted.id),
        *_one_of("type", wanted.type),
        *_part_of("name", wanted.name),
        *_text(wanted.text),
        *_one_of("owner COLLATE NOCASE", wanted.owner),
        *_equal("worker_tag", wanted.tag),
        *_between("created", wanted.created_after, wanted.created_before),
        *_between("updated", wanted.updated_after, wanted.updated_before),
    ]
    if wanted.approvals is not None:
        conditions.append(Condition("(ifnull(approvals, 0) > 0) = ?", (int(wanted.approvals),)))
    if wanted.worker:
        worked_on = (
            "id IN (SELECT job_id FROM attempts WHERE worker_id = ? "
            "UNION SELECT job_id FROM tasks WHERE worker_id = ? AND status = 'active')"
        )
        conditions.append(Condition(worked_on, (wanted.worker, wanted.worker)))
    groups = [
        Condition(
            archived, (int(not wanted.archived), status.value), pinned={"status": status.value}
        )
        for status in sorted(statuses)
    ]
    if not wanted.status or JOBS.blank("status") in wanted.status:
        unknown = f"(archived_at IS NULL) = ? AND {UNKNOWN_STATUS}"
        groups.append(
            Condition(unknown, (int(not wanted.archived),), index="jobs_of_unknown_status")
        )
    return Listing(
        table=JOBS,
        kind=ParkedKind.JOB,
        keys=JOB_KEYS,
        groups=groups or [NOTHING],
        narrowed=conditions,
    )


def listed_tasks(job_id: str, wanted: TaskFilter) -> Listing[Task]:
    """The tasks of a job that a filter lets through."""
    return Listing(
        table=TASKS,
        keys=TASK_KEYS,
        groups=[Condition("job_id = ?", (job_id,))],
        narrowed=[
            *_begins("id", wanted.id),
            *_one_of("status", wanted.status),
            *_one_of("type", wanted.type),
            *_part_of("name", wanted.name),
            *_task_text(wanted.text),
            *_equal(STEP.format("name"), wanted.step),
            *_equal("worker_id", wanted.worker),
            *_between("updated", wanted.updated_after, wanted.updated_before),
        ],
    )


def listed_workers(wanted: WorkerFilter) -> Listing[Worker]:
    """The workers that a filter lets through, but not the deleted ones."""
    return Listing(
        table=WORKERS,
        kind=ParkedKind.WORKER,
        keys=WORKER_KEYS,
        groups=[Condition("deleted_at IS NULL")],
        narrowed=[
            *_begins("id", wanted.id),
            *_one_of("status", wanted.status),
            *_holds("task_types", wanted.type),
            *_part_of("name", wanted.name),
            *_holds("tags", (wanted.tag,) if wanted.tag else ()),
            *_between("last_seen", wanted.seen_after, wanted.seen_before),
        ],
    )


NOTHING = Condition("false")


def _one_of(column: str, values: Sequence[str]) -> list[Condition]:
    if not values:
        return []
    plain = tuple(each.value if isinstance(each, StrEnum) else each for each in values)
    return [Condition(f"{column} IN ({', '.join('?' * len(plain))})", plain)]


def _equal(column: str, value: str) -> list[Condition]:
    return [Condition(f"{column} = ?", (value,))] if value else []


def _begins(column: str, start: str) -> list[Condition]:
    last = chr(sys.maxunicode)
    return [Condition(f"{column} BETWEEN ? AND ?", (start, start + last))] if start else []


def _part_of(column: str, part: str) -> list[Condition]:
    """Upper and lower case are the same, as far as SQLite knows them: in ASCII."""
    return [Condition(f"instr(lower({column}), lower(?)) > 0", (part,))] if part else []


def _text(part: str) -> list[Condition]:
    """A condition on what people look for jobs by."""
    if not part:
        return []
    named = (f"instr(lower({column}), lower(?)) > 0" for column in ("name", "owner", "type"))
    sql = f"({' OR '.join(named)} OR id BETWEEN ? AND ?)"
    return [Condition(sql, (part, part, part, part, part + chr(sys.maxunicode)))]


def _task_text(part: str) -> list[Condition]:
    """A condition on what people look for tasks by."""
    if not part:
        return []
    found = "instr(lower(name), lower(?)) > 0"
    workers = f"SELECT id FROM workers WHERE deleted_at IS NULL AND {found}"  # noqa: S608
    return [Condition(f"({found} OR worker_id IN ({workers}))", (part, part))]


def _holds(column: str, values: Sequence[str]) -> list[Condition]:
    """A condition that is true if a list kept as JSON has one of the values."""
    if not values:
        return []
    places = ", ".join("?" * len(values))
    sql = f"EXISTS (SELECT 1 FROM {elements_of(column)} WHERE value IN ({places}))"  # noqa: S608
    return [Condition(sql, tuple(values))]


def elements_of(column: str) -> str:
    """The elements of a list kept as JSON, none of one that can't be read, as a table in SQL."""
    return f"json_each(iif(json_valid({column}), {column}, '[]'))"


def _between(column: str, after: datetime | None, before: datetime | None) -> list[Condition]:
    ends: tuple[tuple[str, Any], ...] = ((">", after), ("<", before))
    return [
        Condition(f"{column} {sign} ?", (in_utc(moment),))
        for sign, moment in ends
        if moment is not None
    ]


def in_utc(moment: datetime) -> str:
    """A time as it lies in the database: a text, whose order is that of time."""
    try:
        return moment.astimezone(UTC).isoformat()
    except OverflowError:  # the first or last hours that there are, in another zone
        return moment.replace(tzinfo=UTC).isoformat()
