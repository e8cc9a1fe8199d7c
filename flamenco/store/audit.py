"""The audit log: how it is kept, and read, and the state of what its lines are about."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs
import msgspec

from flamenco.model.audit import BEGINNING, AuditLine
from flamenco.store.joining import JOIN_TOKENS
from flamenco.store.lists import in_utc
from flamenco.store.people import CREDENTIALS, USERS
from flamenco.store.tables import JOBS, TAGS, TASKS, UNREADABLE, WORKERS, Rows, Table, as_they_lie

AUDIT = Table(
    "audit",
    AuditLine,
    structured=frozenset({"asked", "before", "after"}),
    key=("number",),
    says_why="about",
)

_STATES: Mapping[str, tuple[Table[Any], tuple[str, ...]]] = {
    "job": (
        JOBS,
        (
            "name",
            "status",
            "priority",
            "worker_tag",
            "keep",
            "archived_at",
            "delete_requested_at",
        ),
    ),
    "task": (TASKS, ("name", "status")),
    "worker": (
        WORKERS,
        ("name", "request", "tags", "schedule", "awaits_approval", "deleted_at"),
    ),
    "tag": (TAGS, ("name", "description")),
    "user": (USERS, ("name", "role", "disabled")),
    "credential": (CREDENTIALS, ("kind", "name", "scopes", "user_id")),
    "join token": (JOIN_TOKENS, ("name", "tags", "worker_id", "once", "expires")),
}
"""{kind: its table, and the columns that people change}."""


@attrs.frozen
class InsertAuditLine:
    line: AuditLine


@attrs.frozen
class RemoveAuditLines:
    """Delete the lines up to a number."""

    until: int


@attrs.frozen(kw_only=True)
class AuditFilter:
    """Choice of lines; what is empty leaves none out."""

    who: str = ""
    """Part of who it was, in upper or lower case."""
    operation: str = ""
    about: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


def state_of(db: sqlite3.Connection, kind: str, key: str) -> Mapping[str, Any]:
    """State of a job, worker or the like that people may change; empty if it is not there."""
    if kind not in _STATES:
        return {}
    table, columns = _STATES[kind]
    query = f"SELECT {', '.join(columns)} FROM {table.name} WHERE id = ?"  # noqa: S608
    rows = as_they_lie(db, query, (key,))
    return {
        name: _plain(cell, name in table.structured)
        for name, cell in zip(columns, rows[0] if rows else (), strict=bool(rows))
    }


def _plain(cell: Any, is_json: bool) -> Any:
    try:
        return msgspec.json.decode(cell) if is_json and cell is not None else cell
    except UNREADABLE:
        return str(cell)


def last_audit_hash(db: sqlite3.Connection) -> tuple[int, str]:
    """The number and hash of the last line."""
    row = db.execute("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1").fetchone()
    return (int(row[0]), str(row[1])) if row else (0, BEGINNING)


def last_audit_line_before(db: sqlite3.Connection, moment: datetime) -> int:
    """The number of the last line that is older than a moment; 0 if there is none.

    The newest line of all stays.
    """
    query = (
        "SELECT ifnull(max(number), 0) FROM audit WHERE at < ? "
        "AND number < (SELECT max(number) FROM audit)"
    )
    return int(db.execute(query, (in_utc(moment),)).fetchone()[0])


def audit_lines(
    db: sqlite3.Connection,
    wanted: AuditFilter,
    limit: int,
    *,
    before: int | None = None,
    after: int | None = None,
) -> Rows[AuditLine]:
    """Lines that match, the newest first; with ``after`` a number, the next ones."""
    asked: list[tuple[str, object]] = [
        ("instr(lower(who), lower(?)) > 0", wanted.who),
        ("operation = ?", wanted.operation),
        ("about = ?", wanted.about),
        ("subject = ?", wanted.subject),
        ("at >= ?", in_utc(wanted.since) if wanted.since else ""),
        ("at < ?", in_utc(wanted.until) if wanted.until else ""),
    ]
    chosen: Sequence[tuple[str, object]] = [
        *(each for each in asked if each[1]),
        *([("number < ?", before)] if before is not None else []),
        *([("number > ?", after)] if after is not None else []),
    ]
    where = " AND ".join(["true", *(condition for condition, _ in chosen)])
    order = "number DESC" if after is None else "number"
    values = (*(value for _, value in chosen), limit)
    return AUDIT.read(db, f"WHERE {where} ORDER BY {order} LIMIT ?", values)


def _insert(connection: sqlite3.Connection, change: InsertAuditLine) -> None:
    columns = ", ".join(AUDIT.columns)
    places = ", ".join("?" * len(AUDIT.columns))
    connection.execute(
        f"INSERT INTO audit ({columns}) VALUES ({places})",  # noqa: S608
        AUDIT.row(change.line),
    )


def _remove(connection: sqlite3.Connection, change: RemoveAuditLines) -> None:
    connection.execute("DELETE FROM audit WHERE number <= ?", (change.until,))


WRITERS: Mapping[type, Callable[[sqlite3.Connection, Any], None]] = {
    InsertAuditLine: _insert,
    RemoveAuditLines: _remove,
}
