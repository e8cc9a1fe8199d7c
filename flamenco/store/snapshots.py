"""The snapshots an actor can be restored from, by the key it names."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress

import attrs

from flamenco.model.jobs import Task
from flamenco.model.livejob import LiveJob
from flamenco.model.workers import Worker
from flamenco.store.details import StoredLease, open_leases
from flamenco.store.errors import UnreadableRow
from flamenco.store.tables import BLOCKS, JOBS, TASKS, UNREADABLE_ROW, WORKERS

TASKS_AT_ONCE = 500
"""Number of tasks that are decoded together: a millisecond, for which the event loop waits."""


@attrs.frozen
class WorkerSnapshot:
    """A worker and the leases it holds."""

    worker: Worker
    leases: tuple[StoredLease, ...]


def job_key(job_id: str) -> str:
    """The snapshot key of a job's actor."""
    return f"job/{job_id}"


def worker_key(worker_id: str) -> str:
    """The snapshot key of a worker's actor."""
    return f"worker/{worker_id}"


def load(connection: sqlite3.Connection, key: str) -> LiveJob | WorkerSnapshot | None:
    """The snapshot of this key, or None if there is none. Raises `UnreadableRow`."""
    kind, _, identity = key.partition("/")
    return (_job if kind == "job" else _worker)(connection, identity)


def _job(connection: sqlite3.Connection, job_id: str) -> LiveJob | None:
    job = JOBS.one(connection, "WHERE id = ?", (job_id,))
    if job is None:
        return None
    tasks = _tasks(connection, job_id)
    if job.delete_requested_at is None:  # else those that are missing may be erased already
        _check_dependencies(tasks)
    return LiveJob.of(job, tasks, BLOCKS.all(connection, "WHERE job_id = ?", (job_id,)))


def _tasks(connection: sqlite3.Connection, job_id: str) -> list[Task]:
    """The tasks of a job in order, read in pieces. Raises `UnreadableRow`."""
    known = "max(CASE typeof(idx) WHEN 'integer' THEN idx ELSE 0 END)"
    query = f"SELECT count(*), {known} FROM tasks WHERE job_id = ?"  # noqa: S608
    count, last = connection.execute(query, (job_id,)).fetchone()
    tasks: list[Task] = []
    if count and last <= count + TASKS_AT_ONCE:
        ranges = (
            (job_id, first, first + TASKS_AT_ONCE - 1)
            for first in range(1, last + 1, TASKS_AT_ONCE)
        )
        with suppress(*UNREADABLE_ROW):
            rest = "WHERE job_id = ? AND idx BETWEEN ? AND ? ORDER BY idx"
            for piece in TASKS.read_ahead(connection, rest, ranges):
                tasks += piece
    if len(tasks) < count:  # some can't be read, are erased already, or have no place
        return TASKS.all(connection, "WHERE job_id = ? ORDER BY idx", (job_id,))
    return tasks


def _check_dependencies(tasks: Sequence[Task]) -> None:
    """A task that depends on one that is not there would wait for ever, without a word."""
    known = {task.id for task in tasks}
    for task in tasks:
        if task.depends_on and not known.issuperset(task.depends_on):
            missing = next(each for each in task.depends_on if each not in known)
            raise UnreadableRow("tasks", task.id, "depends_on", f"there is no task {missing}")


def _worker(connection: sqlite3.Connection, worker_id: str) -> WorkerSnapshot | None:
    worker = WORKERS.one(connection, "WHERE id = ?", (worker_id,))
    if worker is None:
        return None
    return WorkerSnapshot(worker, open_leases(connection, "worker_id", worker_id))
