"""The snapshots an actor can be restored from, by the key it names."""

import sqlite3

import attrs

from flamenco.model.jobs import Job, Task
from flamenco.model.workers import Worker
from flamenco.store.tables import JOBS, TASKS, WORKERS


@attrs.frozen
class JobSnapshot:
    """A job and its tasks in order."""

    job: Job
    tasks: tuple[Task, ...]


def job_key(job_id: str) -> str:
    """The snapshot key of a job's actor."""
    return f"job/{job_id}"


def worker_key(worker_id: str) -> str:
    """The snapshot key of a worker's actor."""
    return f"worker/{worker_id}"


def load(connection: sqlite3.Connection, key: str) -> JobSnapshot | Worker | None:
    """The snapshot of this key, or None if there is none."""
    kind, _, identity = key.partition("/")
    if kind == "worker":
        rows = connection.execute(WORKERS.select("WHERE id = ?"), (identity,))
        return next(iter(WORKERS.items(rows)), None)
    jobs = JOBS.items(connection.execute(JOBS.select("WHERE id = ?"), (identity,)))
    if not jobs:
        return None
    tasks = connection.execute(TASKS.select("WHERE job_id = ? ORDER BY idx"), (identity,))
    return JobSnapshot(jobs[0], tuple(TASKS.items(tasks)))
