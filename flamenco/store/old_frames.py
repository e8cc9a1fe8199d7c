"""Frames of jobs that were stored before they were counted. A damaged row counts none."""

import sqlite3
from collections import Counter
from collections.abc import Iterator

import msgspec

from flamenco.model.framelist import FrameTask
from flamenco.model.jobs import Command
from flamenco.model.planned import planned_frames
from flamenco.model.statuses import TaskStatus
from flamenco.model.tally import Tally
from flamenco.store.tables import TASKS, UNREADABLE, as_they_lie, to_sql

AT_ONCE = 1000
"""Number of tasks whose commands are read at once."""

_decode = msgspec.json.Decoder(tuple[Command, ...]).decode


def count_old_frames(connection: sqlite3.Connection) -> None:
    """Note the frames of all tasks, then how many those of each job are."""
    read, last = "SELECT rowid, task_id, CAST(commands AS BLOB) FROM commands", -1
    while rows := as_they_lie(
        connection, f"{read} WHERE rowid > ? ORDER BY rowid LIMIT ?", (last, AT_ONCE)
    ):
        connection.executemany(
            "UPDATE tasks SET frames = ? WHERE id = ?",
            [(found, task_id) for _, task_id, commands in rows if (found := _frames(commands))],
        )
        last = rows[-1][0]
    for (job_id,) in as_they_lie(connection, "SELECT id FROM jobs"):
        tally, statuses = Tally(), Counter[TaskStatus]()
        for task in _tasks(connection, job_id):
            tally.add(task)
            statuses[task.status] += 1
        tally.complete(_tasks(connection, job_id))
        values = (to_sql(tally.counts(statuses)), job_id)
        connection.execute("UPDATE jobs SET frames = ? WHERE id = ?", values)


def _frames(commands: bytes | None) -> str:
    try:
        return planned_frames(_decode(commands or b"[]"))
    except UNREADABLE:
        return ""


def _tasks(connection: sqlite3.Connection, job_id: object) -> Iterator[FrameTask]:
    """The tasks of a job, as far as their frames are concerned."""
    query = "SELECT id, status, steps_completed, steps_total, frames FROM tasks WHERE job_id = ?"
    for task_id, status, *steps, frames in as_they_lie(connection, query, (job_id,)):
        done, total = (count if isinstance(count, int) else 0 for count in steps)
        known = TaskStatus(status) if status in set(TaskStatus) else TASKS.blank("status")
        yield FrameTask(task_id, frames, known, done, total)
