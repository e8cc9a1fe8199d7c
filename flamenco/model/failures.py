"""What becomes of a task that a worker failed (reference rules §5).

Where the reference fails a whole job as soon as fewer than two other workers remain, only the task
fails here, and only when nobody is left to try it: what a wrangler expects of a small farm.
"""

from collections.abc import Iterable

import attrs

from flamenco.model.jobs import Task
from flamenco.model.statuses import TaskStatus
from flamenco.model.workers import Worker

DEFAULT_FAILURES_OF_A_TASK = 3
"""So many different workers must fail a task before it fails for good."""


@attrs.frozen
class Verdict:
    """The next status of a failed task, and the sentence that says why."""

    status: TaskStatus
    reason: str


def capable(worker: Worker, task: Task, tag: str | None) -> bool:
    """Whether a worker could run a task, now or when it is back."""
    return (
        worker.deleted_at is None
        and task.type in worker.task_types
        and (tag is None or tag in worker.tags)
        and worker.id not in task.failed_by
    )


def after_failure(
    task: Task,
    workers: Iterable[Worker],
    tag: str | None,
    limit: int = DEFAULT_FAILURES_OF_A_TASK,
) -> Verdict:
    """The verdict on a task whose ``failed_by`` already names the worker that just failed it."""
    failures = len(task.failed_by)
    if failures >= limit:
        return Verdict(TaskStatus.FAILED, f"failed by {failures} workers")
    if not any(capable(worker, task, tag) for worker in workers):
        return Verdict(TaskStatus.FAILED, "failed, and no other worker can try it")
    return Verdict(
        TaskStatus.SOFT_FAILED,
        f"failed by {failures} of {limit} workers, waits for another one to try it",
    )
