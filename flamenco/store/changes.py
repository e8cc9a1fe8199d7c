"""The changes that actors record; each is written as part of one transaction."""

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from flamenco.model.jobs import Command, Job, Task
from flamenco.model.workers import Worker
from flamenco.store.tables import JOBS, TASKS, WORKERS, to_sql


@attrs.frozen
class InsertJob:
    """A new job with its tasks, and the commands of each task in the same order."""

    job: Job
    tasks: tuple[Task, ...]
    commands: tuple[tuple[Command, ...], ...]


@attrs.frozen
class PutJob:
    job: Job


@attrs.frozen
class PutTask:
    task: Task


@attrs.frozen
class PutWorker:
    worker: Worker


@attrs.frozen
class RememberRendered:
    """The newest frame of the farm is this job's."""

    job_id: str


_PUT_JOB = JOBS.put()
_PUT_WORKER = WORKERS.put()
_INSERT_TASK = TASKS.put(extra=("commands",))
_TASK_COLUMNS = tuple(name for name in TASKS.columns if name != "id")
_UPDATE_TASK = f"UPDATE tasks SET {', '.join(f'{name} = ?' for name in _TASK_COLUMNS)} WHERE id = ?"  # noqa: S608


def _insert_job(connection: sqlite3.Connection, change: InsertJob) -> None:
    connection.execute(_PUT_JOB, JOBS.row(change.job))
    connection.executemany(
        _INSERT_TASK,
        (
            (*TASKS.row(task), to_sql(commands))
            for task, commands in zip(change.tasks, change.commands, strict=True)
        ),
    )


def _put_job(connection: sqlite3.Connection, change: PutJob) -> None:
    connection.execute(_PUT_JOB, JOBS.row(change.job))


def _put_task(connection: sqlite3.Connection, change: PutTask) -> None:
    task = change.task
    values = (to_sql(getattr(task, name)) for name in _TASK_COLUMNS)
    connection.execute(_UPDATE_TASK, (*values, task.id))


def _put_worker(connection: sqlite3.Connection, change: PutWorker) -> None:
    connection.execute(_PUT_WORKER, WORKERS.row(change.worker))


def _remember_rendered(connection: sqlite3.Connection, change: RememberRendered) -> None:
    connection.execute(
        "INSERT INTO last_rendered (id, job_id) VALUES (1, ?) "
        "ON CONFLICT (id) DO UPDATE SET job_id = excluded.job_id",
        (change.job_id,),
    )


_WRITERS: Mapping[type, Callable[[sqlite3.Connection, Any], None]] = {
    InsertJob: _insert_job,
    PutJob: _put_job,
    PutTask: _put_task,
    PutWorker: _put_worker,
    RememberRendered: _remember_rendered,
}


def write(connection: sqlite3.Connection, change: object) -> None:
    """Write one change into the transaction that is open on ``connection``."""
    _WRITERS[type(change)](connection, change)
