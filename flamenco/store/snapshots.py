"""The snapshots an actor can be restored from, by the key it names."""

import sqlite3

import attrs

from flamenco.model.livejob import LiveJob
from flamenco.model.workers import Worker
from flamenco.store.details import StoredLease, open_leases
from flamenco.store.tables import BLOCKS, JOBS, TASKS, WORKERS


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
    """The snapshot of this key, or None if there is none."""
    kind, _, identity = key.partition("/")
    return (_job if kind == "job" else _worker)(connection, identity)


def _job(connection: sqlite3.Connection, job_id: str) -> LiveJob | None:
    jobs = JOBS.items(connection.execute(JOBS.select("WHERE id = ?"), (job_id,)))
    if not jobs:
        return None
    tasks = connection.execute(TASKS.select("WHERE job_id = ? ORDER BY idx"), (job_id,))
    blocks = connection.execute(BLOCKS.select("WHERE job_id = ?"), (job_id,))
    return LiveJob.of(jobs[0], TASKS.items(tasks), BLOCKS.items(blocks))


def _worker(connection: sqlite3.Connection, worker_id: str) -> WorkerSnapshot | None:
    workers = WORKERS.items(connection.execute(WORKERS.select("WHERE id = ?"), (worker_id,)))
    if not workers:
        return None
    return WorkerSnapshot(workers[0], open_leases(connection, "worker_id", worker_id))
