"""The ways a lease ends, and what becomes of the task."""

from collections.abc import Iterable
from enum import StrEnum

import attrs

from flamenco.model.failures import Verdict, after_failure
from flamenco.model.jobs import Job, Task
from flamenco.model.lifecycle import returned_to_pool
from flamenco.model.statuses import TaskStatus
from flamenco.model.workers import Worker


class Ending(StrEnum):
    """How a lease ended."""

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
"""Which ending a status in a worker's report means."""


def blame(task: Task, ending: Ending, worker_id: str) -> Task:
    """The task with the worker on its failure list, if the ending is the worker's failure."""
    failed = ending in (Ending.FAILED, Ending.TIMED_OUT)
    if not failed or worker_id in task.failed_by:
        return task
    return attrs.evolve(task, failed_by=(*task.failed_by, worker_id))


def verdict(
    job: Job, task: Task, ending: Ending, reason: str, workers: Iterable[Worker], limit: int
) -> Verdict:
    """What a task goes to when its lease ended, `blame` having been laid already.

    A timeout counts as a failure of that worker: another one gets the task, where the reference
    lets it fail at once.
    """
    match ending:
        case Ending.COMPLETED:
            return Verdict(TaskStatus.COMPLETED, reason)
        case Ending.FAILED | Ending.TIMED_OUT:
            judged = after_failure(task, workers, job.worker_tag, limit)
            return Verdict(judged.status, f"{reason}: {judged.reason}")
        case Ending.RETURNED:
            return Verdict(returned_to_pool(job.status), reason)
        case Ending.WITHDRAWN:
            return Verdict(task.status, reason)
