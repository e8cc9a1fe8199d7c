"""Read queries, on read-only connections beside the writer.

They see what is committed. Lists of the API come from here, never from the actors.
"""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import attrs
import msgspec
import trio
from sqlite_utils import Database

from flamenco.model.jobs import Command, Job, Task
from flamenco.model.statuses import FINISHED_JOBS, JobStatus, WorkerStatus
from flamenco.model.workers import Worker
from flamenco.store.database import connect
from flamenco.store.tables import JOBS, TASKS, WORKERS

T = TypeVar("T")
_COUNT = "SELECT status, count(*) FROM {} WHERE {} GROUP BY status"
_commands = msgspec.json.Decoder(tuple[Command, ...])


@attrs.define(eq=False)
class Reader:
    """Answers questions about jobs, tasks and workers from disk."""

    _db: Database
    _one_at_a_time: trio.CapacityLimiter = attrs.field(factory=lambda: trio.CapacityLimiter(1))

    async def jobs(self) -> list[Job]:
        """All jobs, newest first."""
        return await self._ask(
            lambda db: JOBS.items(db.execute(JOBS.select("ORDER BY created DESC")))
        )

    async def unfinished_jobs(self) -> list[str]:
        """Ids of the jobs that live as actors."""
        live = [status.value for status in JobStatus if status not in FINISHED_JOBS]
        query = (
            f"SELECT id FROM jobs WHERE status IN ({', '.join('?' * len(live))}) ORDER BY created"  # noqa: S608
        )
        return await self._ask(lambda db: [row[0] for row in db.execute(query, live)])

    async def job(self, job_id: str) -> Job | None:
        return await self._ask(
            lambda db: _first(JOBS.items(db.execute(JOBS.select("WHERE id = ?"), (job_id,))))
        )

    async def tasks(self, job_id: str) -> list[Task]:
        """The tasks of a job in order; empty for an unknown job."""
        query = TASKS.select("WHERE job_id = ? ORDER BY idx")
        return await self._ask(lambda db: TASKS.items(db.execute(query, (job_id,))))

    async def task(self, task_id: str) -> Task | None:
        return await self._ask(
            lambda db: _first(TASKS.items(db.execute(TASKS.select("WHERE id = ?"), (task_id,))))
        )

    async def commands(self, task_id: str) -> tuple[Command, ...]:
        """The commands of a task, variables not replaced."""

        def read(db: sqlite3.Connection) -> tuple[Command, ...]:
            row = db.execute("SELECT commands FROM tasks WHERE id = ?", (task_id,)).fetchone()
            return _commands.decode(row[0]) if row else ()

        return await self._ask(read)

    async def workers(self) -> list[Worker]:
        """All workers that were not deleted, by name."""
        query = WORKERS.select("WHERE deleted_at IS NULL ORDER BY name")
        return await self._ask(lambda db: WORKERS.items(db.execute(query)))

    async def worker(self, worker_id: str) -> Worker | None:
        query = WORKERS.select("WHERE id = ? AND deleted_at IS NULL")
        return await self._ask(lambda db: _first(WORKERS.items(db.execute(query, (worker_id,)))))

    async def task_of_worker(self, worker_id: str) -> Task | None:
        """The task a worker holds, or held last."""
        query = TASKS.select(
            "WHERE worker_id = ? ORDER BY status = 'active' DESC, last_touched DESC LIMIT 1"
        )
        return await self._ask(lambda db: _first(TASKS.items(db.execute(query, (worker_id,)))))

    async def job_counts(self) -> dict[JobStatus, int]:
        """How many jobs have each status."""
        rows = await self._ask(lambda db: db.execute(_COUNT.format("jobs", "TRUE")).fetchall())
        return {JobStatus(status): count for status, count in rows}

    async def worker_counts(self) -> dict[WorkerStatus, int]:
        """How many workers that were not deleted have each status."""
        query = _COUNT.format("workers", "deleted_at IS NULL")
        rows = await self._ask(lambda db: db.execute(query).fetchall())
        return {WorkerStatus(status): count for status, count in rows}

    async def last_rendered_job(self) -> str | None:
        """Id of the job whose frame is the newest of the farm."""

        def read(db: sqlite3.Connection) -> str | None:
            row = db.execute("SELECT job_id FROM last_rendered").fetchone()
            return row[0] if row else None

        return await self._ask(read)

    async def _ask(self, query: Callable[[sqlite3.Connection], T]) -> T:
        return await trio.to_thread.run_sync(query, self._db.conn, limiter=self._one_at_a_time)


def _first(items: list[T]) -> T | None:
    return items[0] if items else None


@asynccontextmanager
async def open_reader(path: Path) -> AsyncIterator[Reader]:
    """A reader of the database at ``path``, which `open_store` has opened before."""
    db = await trio.to_thread.run_sync(lambda: connect(path, read_only=True))
    try:
        yield Reader(db)
    finally:
        db.conn.close()
