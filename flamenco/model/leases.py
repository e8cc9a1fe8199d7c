"""The endings of a lease, and their effect on the task."""

from enum import StrEnum

import attrs

from flamenco.model.jobs import Task
from flamenco.model.statuses import TaskStatus


class Ending(StrEnum):
    """The ways a lease can end."""

    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed-out"
    RETURNED = "returned"
    """The worker gave the task back, or was lost."""
    WITHDRAWN = "withdrawn"
    """The task's status was changed under the lease, by a person or with its job."""


REPORTED = {
    TaskStatus.COMPLETED: Ending.COMPLETED,
    TaskStatus.FAILED: Ending.FAILED,
    TaskStatus.QUEUED: Ending.RETURNED,
}
"""{status in a worker's report: ending that it means}."""

BLAMED = frozenset({Ending.FAILED, Ending.TIMED_OUT})
"""Endings that count as a failure of the worker.

A timeout does, so that another worker gets the task; the reference fails it at once.
"""


def blame(task: Task, worker_id: str) -> Task:
    """The task with the worker on its failure list."""
    if worker_id in task.failed_by:
        return task
    return attrs.evolve(task, failed_by=(*task.failed_by, worker_id))
