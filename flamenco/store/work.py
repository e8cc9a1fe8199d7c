"""Questions about what workers do now, and what jobs wait for, for lists of them.

Each function answers one on a connection; `Reader.ask` has it answered in a thread.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence

import attrs

from flamenco.model.jobs import Task
from flamenco.store.tables import TASKS, as_they_lie


@attrs.frozen
class Held:
    """A task and the name of its job."""

    task: Task
    job_name: str


def held_tasks(connection: sqlite3.Connection, worker_ids: Iterable[str]) -> Mapping[str, Held]:
    """The tasks that these workers hold; {worker id: task}."""
    rest = "WHERE status = 'active' AND worker_id IN (SELECT value FROM json_each(?))"
    tasks = TASKS.read(connection, rest, (json.dumps([*worker_ids]),))
    names = job_names(connection, (task.job_id for task in tasks))
    return {
        task.worker_id: Held(task, names.get(task.job_id, "")) for task in tasks if task.worker_id
    }


def job_names(connection: sqlite3.Connection, job_ids: Iterable[str]) -> Mapping[str, str]:
    """The names of jobs, those that can be read; {job id: name}."""
    query = "SELECT id, name FROM jobs WHERE id IN (SELECT value FROM json_each(?))"
    return _names(connection, query, job_ids)


def task_names(connection: sqlite3.Connection, task_ids: Iterable[str]) -> Mapping[str, str]:
    """The names of tasks, those that can be read; {task id: name}."""
    query = "SELECT id, name FROM tasks WHERE id IN (SELECT value FROM json_each(?))"
    return _names(connection, query, task_ids)


def _names(connection: sqlite3.Connection, query: str, ids: Iterable[str]) -> Mapping[str, str]:
    rows = as_they_lie(connection, query, (json.dumps([*set(ids)]),))
    return {row_id: name for row_id, name in rows if isinstance(name, str)}


MOST_APPROVALS = 20
"""Maximum number of waiting approvals that are named for a job."""


def waiting_approvals(
    connection: sqlite3.Connection, job_ids: Iterable[str]
) -> Mapping[str, Sequence[tuple[str, str]]]:
    """The first tasks of jobs that wait for a yes or no; {job id: their ids and names}."""
    query = (
        "SELECT job_id, id, name FROM tasks AS waiting "
        "WHERE job_id IN (SELECT value FROM json_each(?)) AND type = 'approval' "
        "AND status IN ('queued', 'soft-failed') AND json_valid(depends_on) AND NOT EXISTS ("
        "SELECT 1 FROM json_each(waiting.depends_on) AS needed "
        "JOIN tasks ON tasks.id = needed.value AND tasks.status != 'completed') ORDER BY idx"
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for job_id, task_id, name in as_they_lie(connection, query, (json.dumps([*job_ids]),)):
        of_job = found.setdefault(job_id, [])
        if isinstance(name, str) and len(of_job) < MOST_APPROVALS:
            of_job.append((task_id, name))
    return found
