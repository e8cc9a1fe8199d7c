"""Data beside a task's row, and the task's holder, found without reading the row itself."""

import sqlite3
from typing import Literal

import attrs
import msgspec

from flamenco.logs import TaskLogs
from flamenco.model.jobs import Command
from flamenco.store.errors import UnreadableRow
from flamenco.store.tables import UNREADABLE, as_they_lie, is_id

_decode_commands = msgspec.json.Decoder(tuple[Command, ...]).decode


def commands_of(connection: sqlite3.Connection, task_id: str) -> tuple[Command, ...]:
    """The commands of a task; none for an unknown one. Raises `UnreadableRow`."""
    query = "SELECT CAST(commands AS BLOB) FROM commands WHERE task_id = ?"
    row = connection.execute(query, (task_id,)).fetchone()
    try:
        return _decode_commands(row[0] or b"") if row else ()
    except UNREADABLE as error:
        raise UnreadableRow("commands", task_id, "commands", error) from None


def log_head_of(connection: sqlite3.Connection, task_id: str) -> bytes | None:
    """The log of a task in which only the Manager has written so far, else None."""
    query = "SELECT CAST(content AS BLOB) FROM log_heads WHERE task_id = ?"
    row = connection.execute(query, (task_id,)).fetchone()
    return bytes(row[0] or b"") if row else None


def begin_log_file(
    connection: sqlite3.Connection, job_id: str, task_id: str, logs: TaskLogs
) -> None:
    """Write what the database holds of a task's log to its file, where people look for it.

    Not of a job that is being deleted: its files may be gone already.
    """
    lives = "SELECT 1 FROM jobs WHERE id = ? AND delete_requested_at IS NULL"
    head = log_head_of(connection, task_id)
    if head is not None and connection.execute(lives, (job_id,)).fetchone():
        logs.append(job_id, task_id, 0, head)


@attrs.frozen
class StoredLease:
    """A lease that was open at the last commit, and the worker that holds it."""

    job_id: str
    task_id: str
    number: int
    worker_id: str


def open_leases(
    connection: sqlite3.Connection, of: Literal["job_id", "worker_id"], value: str
) -> tuple[StoredLease, ...]:
    """The open leases of a job or a worker, but those whose own columns can't be read."""
    rows = as_they_lie(
        connection,
        "SELECT job_id, id, lease, worker_id FROM tasks "  # noqa: S608
        f"WHERE {of} = ? AND status = 'active' "
        "AND typeof(lease) = 'integer' AND typeof(worker_id) = 'text'",
        (value,),
    )
    return tuple(
        StoredLease(job_id, task_id, number, worker_id)
        for job_id, task_id, number, worker_id in rows
        if is_id(job_id) and isinstance(task_id, str) and is_id(worker_id)
    )
