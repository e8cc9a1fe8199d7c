"""The steps of a job, counted by the database."""

import sqlite3

from flamenco.model.statuses import TaskStatus
from flamenco.model.steps import Counted, Steps, name_of_step, steps_of
from flamenco.store.lists import STEP, elements_of
from flamenco.store.tables import TASKS, as_they_lie

_COUNTS = (
    f"SELECT type, {STEP.format('name')}, status, count(*), min(idx) FROM tasks "  # noqa: S608
    "WHERE job_id = ? GROUP BY 1, 2, 3"
)
_LINKS = (
    f"SELECT DISTINCT needed.type, {STEP.format('needed.name')}, "  # noqa: S608
    f"task.type, {STEP.format('task.name')} "
    f"FROM tasks AS task, {elements_of('task.depends_on')} AS needs "
    "JOIN tasks AS needed ON needed.id = needs.value WHERE task.job_id = ?"
)
_STATUSES: dict[object, TaskStatus] = {status.value: status for status in TaskStatus}


def in_sql(name: bytes | None) -> str:
    """The function `step_of` of SQLite, for a name whose bytes may be damaged."""
    return name_of_step(bytes(name or b"").decode(errors="replace"))


def read_steps(connection: sqlite3.Connection, job_id: str) -> Steps:
    """The steps of a job."""
    counted = [
        Counted((_text(kind), name), _status(status), count, int(first or 0))
        for kind, name, status, count, first in as_they_lie(connection, _COUNTS, (job_id,))
    ]
    links = [
        ((_text(kind), name), (_text(next_kind), next_name))
        for kind, name, next_kind, next_name in as_they_lie(connection, _LINKS, (job_id,))
    ]
    return steps_of(counted, links)


def _text(cell: object) -> str:
    return cell if isinstance(cell, str) else ""


def _status(cell: object) -> TaskStatus:
    found: TaskStatus = _STATUSES.get(cell, TASKS.blank("status"))
    return found
