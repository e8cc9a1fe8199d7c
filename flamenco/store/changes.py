"""The changes that actors record; each is written as part of one transaction."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs

from flamenco.logs import TaskLogs
from flamenco.model.jobs import Attempt, Block, Command, Job, Task
from flamenco.model.lifecycle import Sweep
from flamenco.model.parking import ParkedKind
from flamenco.model.pictures import Picture
from flamenco.model.statuses import TaskStatus
from flamenco.model.workers import Worker, WorkerTag
from flamenco.store import (
    audit,
    happenings,
    joining,
    loads,
    notices,
    outbox,
    parking,
    people,
    submissions,
)
from flamenco.store.details import commands_of, log_head_of
from flamenco.store.errors import UnreadableRow
from flamenco.store.tables import (
    ATTEMPTS,
    BLOCKS,
    JOBS,
    PICTURES,
    TAGS,
    TASKS,
    WORKERS,
    insert,
    to_sql,
)


@attrs.frozen
class InsertJob:
    """A new job, whose tasks follow."""

    job: Job


@attrs.frozen
class InsertTasks:
    """Tasks of a new job, and the commands of each in the same order."""

    tasks: tuple[Task, ...]
    commands: tuple[tuple[Command, ...], ...]


@attrs.frozen
class PutJob:
    """Write the fields of a job that may change."""

    job: Job


@attrs.frozen
class PutTask:
    """Write the fields of a task that may change."""

    task: Task


@attrs.frozen
class SweepTasks:
    """A change of all tasks of a job that have certain statuses."""

    job_id: str
    sweep: Sweep
    activity: str
    updated: datetime


@attrs.frozen
class PutWorker:
    worker: Worker


@attrs.frozen
class InsertAttempt:
    attempt: Attempt


@attrs.define(eq=False)
class ReadCommands:
    """Not a change: reads a task's commands where its row is at hand, without a thread of its own.

    They are in ``commands`` when the transaction is committed, or why they can't be read in
    ``unreadable``: the transaction holds changes that are sound.
    """

    task_id: str
    commands: tuple[Command, ...] = ()
    unreadable: UnreadableRow | None = None


@attrs.frozen
class AppendLog:
    """Bytes of a task's log, at the length it has so far; what follows there is cut off.

    Making a file costs as much as many commits. So as long as only the Manager has something to
    say, ``own``, a log is kept in the database; the file is begun with the worker's first bytes.
    What is kept stays until the file has it.
    """

    job_id: str
    task_id: str
    offset: int
    content: bytes
    own: bool


@attrs.frozen
class PutBlock:
    job_id: str
    block: Block


@attrs.frozen
class DeleteBlock:
    job_id: str
    worker_id: str
    task_type: str


@attrs.frozen
class DeleteBlocks:
    """All of a job's."""

    job_id: str


@attrs.frozen
class PutTag:
    tag: WorkerTag


@attrs.frozen
class DeleteTag:
    """A tag; jobs that are not live lose it, live ones are told."""

    tag_id: str


@attrs.frozen
class PutCheckout:
    """Shaman made a checkout, with this path."""

    path: str


@attrs.frozen
class DeleteCheckout:
    path: str


@attrs.frozen
class DeleteTasks:
    """The last tasks of a job, with all that is known of them, ``most`` at a time."""

    job_id: str
    most: int


@attrs.frozen
class DeleteJob:
    """A job with all that is left of it."""

    job_id: str


@attrs.frozen
class PutPicture:
    """A picture of a frame, if its task still exists."""

    picture: Picture


@attrs.frozen
class DeletePicture:
    """A picture that made room for others."""

    picture: Picture


@attrs.frozen
class RememberRendered:
    """The newest frame of the farm is this job's, if it still exists."""

    job_id: str


_JOB_COLUMNS = ("name", "type", "settings", "metadata", "shaman_checkout_id", "created", "owner_id")
_TASK_COLUMNS = (
    "job_id",
    "idx",
    "name",
    "type",
    "depends_on",
    "steps_total",
    "frames",
    "created",
)
_UPDATE_JOB = JOBS.update(but=_JOB_COLUMNS)
_UPDATE_TASK = TASKS.update(but=_TASK_COLUMNS)

_Connection = sqlite3.Connection


def _insert_job(connection: _Connection, change: InsertJob) -> None:
    connection.execute(JOBS.put(), JOBS.row(change.job))


def _insert_tasks(connection: _Connection, change: InsertTasks) -> None:
    insert(connection, TASKS.name, TASKS.columns, [TASKS.row(task) for task in change.tasks])
    rows = zip(change.tasks, change.commands, strict=True)
    commands = [(task.id, to_sql(commands)) for task, commands in rows]
    insert(connection, "commands", ("task_id", "commands"), commands)


def _put_job(connection: _Connection, change: PutJob) -> None:
    connection.execute(*_UPDATE_JOB(change.job))


def _put_task(connection: _Connection, change: PutTask) -> None:
    connection.execute(*_UPDATE_TASK(change.task))


def _sweep_tasks(connection: _Connection, change: SweepTasks) -> None:
    which, to = change.sweep.which, change.sweep.to
    steps = ", steps_completed = 0" if to is TaskStatus.QUEUED else ""
    connection.execute(
        f"UPDATE tasks SET status = ?, activity = ?, updated = ?{steps} "  # noqa: S608
        f"WHERE job_id = ? AND status IN ({', '.join('?' * len(which))})",
        (to.value, change.activity, to_sql(change.updated), change.job_id, *which),
    )


def _put_worker(connection: _Connection, change: PutWorker) -> None:
    connection.execute(WORKERS.put(), WORKERS.row(change.worker))


def _insert_attempt(connection: _Connection, change: InsertAttempt) -> None:
    connection.execute(ATTEMPTS.put(key="task_id, lease"), ATTEMPTS.row(change.attempt))


def _read_commands(connection: _Connection, change: ReadCommands) -> None:
    try:
        change.commands = commands_of(connection, change.task_id)
    except UnreadableRow as error:
        change.unreadable = error


def _append_log(connection: _Connection, change: AppendLog, logs: TaskLogs) -> Path | None:
    """Returns the file that was written, if any."""
    job, task = change.job_id, change.task_id
    known = log_head_of(connection, task)
    head = (known or b"")[: change.offset]
    if change.own and len(head) == change.offset:
        connection.execute(
            "INSERT OR REPLACE INTO log_heads (task_id, content) VALUES (?, ?)",
            (task, head + change.content),
        )
        return None
    begun: Path | None = None
    if known is not None:
        begun = logs.append(job, task, 0, head)
        if begun is None:
            return None
        connection.execute("DELETE FROM log_heads WHERE task_id = ?", (task,))
    return logs.append(job, task, change.offset, change.content) or begun


def _put_block(connection: _Connection, change: PutBlock) -> None:
    columns = ("job_id", *BLOCKS.columns)
    connection.execute(
        f"INSERT OR REPLACE INTO job_blocks ({', '.join(columns)}) "  # noqa: S608
        f"VALUES ({', '.join('?' * len(columns))})",
        (change.job_id, *BLOCKS.row(change.block)),
    )


def _delete_block(connection: _Connection, change: DeleteBlock) -> None:
    connection.execute(
        "DELETE FROM job_blocks WHERE job_id = ? AND worker_id = ? AND task_type = ?",
        (change.job_id, change.worker_id, change.task_type),
    )


def _delete_blocks(connection: _Connection, change: DeleteBlocks) -> None:
    connection.execute("DELETE FROM job_blocks WHERE job_id = ?", (change.job_id,))


def _put_tag(connection: _Connection, change: PutTag) -> None:
    connection.execute(TAGS.put(), TAGS.row(change.tag))


def _delete_tag(connection: _Connection, change: DeleteTag) -> None:
    connection.execute("UPDATE jobs SET worker_tag = NULL WHERE worker_tag = ?", (change.tag_id,))
    connection.execute("DELETE FROM tags WHERE id = ?", (change.tag_id,))


def _put_checkout(connection: _Connection, change: PutCheckout) -> None:
    connection.execute("INSERT OR IGNORE INTO checkouts (path) VALUES (?)", (change.path,))


def _delete_checkout(connection: _Connection, change: DeleteCheckout) -> None:
    connection.execute("DELETE FROM checkouts WHERE path = ?", (change.path,))


def _delete_tasks(connection: _Connection, change: DeleteTasks) -> None:
    connection.execute(
        "DELETE FROM tasks WHERE id IN "
        "(SELECT id FROM tasks WHERE job_id = ? ORDER BY idx DESC LIMIT ?)",
        (change.job_id, change.most),
    )


def _delete_job(connection: _Connection, change: DeleteJob) -> None:
    parking.forget(connection, ParkedKind.JOB, change.job_id)
    connection.execute("DELETE FROM last_rendered WHERE job_id = ?", (change.job_id,))
    connection.execute("DELETE FROM jobs WHERE id = ?", (change.job_id,))


def _remember_rendered(connection: _Connection, change: RememberRendered) -> None:
    connection.execute(
        "INSERT INTO last_rendered (id, job_id) SELECT 1, id FROM jobs WHERE id = ? "
        "ON CONFLICT (id) DO UPDATE SET job_id = excluded.job_id",
        (change.job_id,),
    )


def _put_picture(connection: _Connection, change: PutPicture) -> None:
    task_id = change.picture.task_id
    if connection.execute("SELECT 1 FROM tasks WHERE id = ?", (task_id,)).fetchone():
        key = ", ".join(PICTURES.key)
        connection.execute(PICTURES.put(key=key), PICTURES.row(change.picture))


def _delete_picture(connection: _Connection, change: DeletePicture) -> None:
    where = " AND ".join(f"{name} = ?" for name in PICTURES.key)
    values = tuple(getattr(change.picture, name) for name in PICTURES.key)
    connection.execute(f"DELETE FROM pictures WHERE {where}", values)  # noqa: S608


_WRITERS: Mapping[type, Callable[[_Connection, Any], None]] = {
    InsertJob: _insert_job,
    InsertTasks: _insert_tasks,
    PutJob: _put_job,
    PutTask: _put_task,
    SweepTasks: _sweep_tasks,
    PutWorker: _put_worker,
    InsertAttempt: _insert_attempt,
    ReadCommands: _read_commands,
    PutBlock: _put_block,
    DeleteBlock: _delete_block,
    DeleteBlocks: _delete_blocks,
    PutTag: _put_tag,
    DeleteTag: _delete_tag,
    PutCheckout: _put_checkout,
    DeleteCheckout: _delete_checkout,
    DeleteTasks: _delete_tasks,
    DeleteJob: _delete_job,
    PutPicture: _put_picture,
    DeletePicture: _delete_picture,
    RememberRendered: _remember_rendered,
    **parking.WRITERS,
    **submissions.WRITERS,
    **happenings.WRITERS,
    **loads.WRITERS,
    **notices.WRITERS,
    **outbox.WRITERS,
    **people.WRITERS,
    **joining.WRITERS,
    **audit.WRITERS,
}

_WHOLE: Mapping[type, Callable[[Any], str]] = {
    PutJob: lambda change: change.job.id,
    PutWorker: lambda change: change.worker.id,
}
"""Changes that say all there is to say, so that of several about one thing the last is enough."""


def write(connection: _Connection, changes: Sequence[object], logs: TaskLogs) -> None:
    """Write changes into the transaction that is open on ``connection``, and sync the logs."""
    files = set[Path]()
    last = {
        (type(change), name(change)): place
        for place, change in enumerate(changes)
        if (name := _WHOLE.get(type(change)))
    }
    for place, change in enumerate(changes):
        name = _WHOLE.get(type(change))
        if isinstance(change, AppendLog):
            if (file := _append_log(connection, change, logs)) is not None:
                files.add(file)
        elif name is None or last[type(change), name(change)] == place:
            _WRITERS[type(change)](connection, change)
    logs.sync(files)
