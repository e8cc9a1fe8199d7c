"""Changes that park a thing, and those that reach it though its row can't be read.

They touch no columns but those that they name, and read none into objects.
"""

import logging
import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

import attrs

from flamenco.model.leases import Ending
from flamenco.model.parking import Parked, ParkedKind
from flamenco.store.details import StoredLease, open_leases
from flamenco.store.errors import UnreadableRow
from flamenco.store.tables import as_they_lie, is_id, to_sql

T = TypeVar("T")

logger = logging.getLogger(__name__)

UNTOLD = "the reason can't be read"


@attrs.frozen
class PutParked:
    """Park an object, which lasts over a restart of the Manager."""

    kind: ParkedKind
    id: str
    reason: str
    since: datetime


@attrs.frozen
class DeleteParked:
    """This is not parked any more."""

    kind: ParkedKind
    id: str


@attrs.define(eq=False)
class HandBackLeases:
    """The active tasks of a job wait for a worker again; none of its rows has to be readable.

    The leases that were open are in ``leases`` when the transaction is committed.
    """

    job_id: str
    reason: str
    ended: datetime
    leases: tuple[StoredLease, ...] = ()


@attrs.frozen
class RequestDeletion:
    """A job is to be deleted whose row can't be read, or whose actor can't be."""

    job_id: str
    requested: datetime
    files: bool
    """True to delete the files that were sent with it, too."""


@attrs.frozen
class MarkWorkerDeleted:
    """A worker whose row can't be read, or whose actor can't be, counts as deleted."""

    worker_id: str
    deleted: datetime


def _put_parked(connection: sqlite3.Connection, change: PutParked) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO parked (kind, id, reason, since) VALUES (?, ?, ?, ?)",
        (change.kind.value, change.id, change.reason, to_sql(change.since)),
    )


def forget(connection: sqlite3.Connection, kind: ParkedKind, name: str) -> None:
    """Let this not count as parked any more."""
    connection.execute("DELETE FROM parked WHERE kind = ? AND id = ?", (kind.value, name))


def _delete_parked(connection: sqlite3.Connection, change: DeleteParked) -> None:
    forget(connection, change.kind, change.id)


def _hand_back_leases(connection: sqlite3.Connection, change: HandBackLeases) -> None:
    """Tell the leases, and give the tasks back; these stay as they are if that is refused.

    The refusal may be why the job is parked: parking it must not fail by it again and again.
    """
    change.leases = open_leases(connection, "job_id", change.job_id)
    connection.execute("SAVEPOINT hand_back")
    try:
        _give_back(connection, change)
    except sqlite3.IntegrityError as error:
        connection.execute("ROLLBACK TO hand_back")
        logger.warning("tasks of job %s can't be given back: %s", change.job_id, error)
    connection.execute("RELEASE hand_back")


def _give_back(connection: sqlite3.Connection, change: HandBackLeases) -> None:
    """Record an attempt for each lease, as far as the task's row says whose it was and which."""
    named = {"job": change.job_id, "now": to_sql(change.ended), "reason": change.reason}
    connection.execute(
        "INSERT OR IGNORE INTO attempts "
        "(task_id, lease, job_id, worker_id, worker_name, started, ended, ending, reason) "
        "SELECT id, lease, job_id, worker_id, "
        "ifnull((SELECT CAST(name AS TEXT) FROM workers WHERE workers.id = worker_id), ''), "
        "iif(julianday(started) IS NULL, :now, started), :now, :ending, :reason FROM tasks "
        "WHERE job_id = :job AND status = 'active' "
        "AND typeof(lease) = 'integer' AND typeof(worker_id) = 'text'",
        {**named, "ending": Ending.RETURNED.value},
    )
    connection.execute(
        "UPDATE jobs SET steps_completed = steps_completed - "
        "(SELECT ifnull(sum(steps_completed), 0) FROM tasks WHERE job_id = :job "
        "AND status = 'active' AND typeof(steps_completed) = 'integer') "
        "WHERE id = :job AND typeof(steps_completed) = 'integer'",
        named,
    )
    connection.execute(
        "UPDATE jobs SET frames = json_set(frames, '$.active', 0) "
        "WHERE id = :job AND json_valid(frames)",
        named,
    )
    connection.execute(
        "UPDATE tasks SET status = 'queued', steps_completed = 0, activity = :reason, "
        "updated = :now WHERE job_id = :job AND status = 'active'",
        named,
    )


def _request_deletion(connection: sqlite3.Connection, change: RequestDeletion) -> None:
    connection.execute(
        "UPDATE jobs SET delete_requested_at = ?, delete_files = ? WHERE id = ?",
        (to_sql(change.requested), change.files, change.job_id),
    )


def _mark_worker_deleted(connection: sqlite3.Connection, change: MarkWorkerDeleted) -> None:
    forget(connection, ParkedKind.WORKER, change.worker_id)
    connection.execute(
        "UPDATE workers SET deleted_at = ?, status = 'offline', request = NULL WHERE id = ?",
        (to_sql(change.deleted), change.worker_id),
    )


WRITERS: Mapping[type, Callable[[sqlite3.Connection, Any], None]] = {
    PutParked: _put_parked,
    DeleteParked: _delete_parked,
    HandBackLeases: _hand_back_leases,
    RequestDeletion: _request_deletion,
    MarkWorkerDeleted: _mark_worker_deleted,
}


@attrs.frozen
class Shown(Generic[T]):
    """One thing as it is shown to people; a stand-in if its row can't be read."""

    item: T
    parked: Parked | None = None


def all_parked(
    connection: sqlite3.Connection,
    kind: ParkedKind | None,
    unreadable: Mapping[str, UnreadableRow],
) -> dict[str, Parked]:
    """The parked objects of a kind, and those that would be parked since they can't be read."""
    found = {key: Parked(str(error)) for key, error in unreadable.items()}
    return found | (parked_of(connection, kind) if kind else {})


def parked_of(connection: sqlite3.Connection, kind: ParkedKind) -> dict[str, Parked]:
    """The parked objects of a kind, by id."""
    query = "SELECT id, reason, since FROM parked WHERE kind = ? ORDER BY since, id"
    return {
        name: Parked(reason if isinstance(reason, str) else UNTOLD, _time(since))
        for name, reason, since in as_they_lie(connection, query, (kind.value,))
        if is_id(name)
    }


def _time(since: str) -> datetime | None:
    try:
        return datetime.fromisoformat(since)
    except (TypeError, ValueError):
        return None
