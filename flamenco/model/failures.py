"""Consequences of a failure for the task and for its worker (reference rules §5).

The reference fails a whole job as soon as fewer than two other workers remain. Here only the task
fails, and only when no worker is left to try it, as a wrangler expects of a small farm. And a
worker is blocklisted when it has failed as many tasks as the threshold says, not one fewer.
"""

from collections.abc import Iterable, Sequence

import attrs

from flamenco.model.board import Kind, Profile, lacks
from flamenco.model.jobs import Task
from flamenco.model.livejob import LiveJob
from flamenco.model.reasons import is_hopeless
from flamenco.model.statuses import RUNNABLE_TASKS, TaskStatus
from flamenco.model.workers import Worker

DEFAULT_FAILURES_OF_A_TASK = 3
"""Number of different workers that must fail a task before it fails for good."""


BLOCKED = "the last worker that could try it is blocklisted"
GONE = "the workers that could try it have been away for too long"


@attrs.frozen
class Verdict:
    """The next status of a failed task, and the reason."""

    status: TaskStatus
    reason: str


def profile(worker: Worker) -> Profile:
    """The offer of a worker, as the scheduler compares it."""
    return Profile(frozenset(worker.task_types), frozenset(worker.tags), worker.specs)


def capable(worker: Worker, kind: Kind) -> bool:
    """True if a worker could run tasks of a kind, now or when it is back.

    A worker that registered and has not been seen since does not count: it may have registered
    twice.
    """
    if worker.deleted_at is not None or worker.last_seen is None or worker.id in kind.excluded:
        return False
    return not lacks(profile(worker), kind)


def after_failure(
    task: Task,
    kind: Kind,
    workers: Iterable[Worker],
    limit: int = DEFAULT_FAILURES_OF_A_TASK,
    reason: str = "",
) -> Verdict:
    """The verdict on a task whose ``failed_by`` already names the worker that just failed it."""
    failures = len(task.failed_by)
    if is_hopeless(reason, failures):
        return Verdict(TaskStatus.FAILED, "no other worker can mend that")
    if failures >= limit:
        return Verdict(TaskStatus.FAILED, f"failed by {failures} workers")
    if not any(capable(worker, kind) for worker in workers):
        return Verdict(TaskStatus.FAILED, "failed, and no other worker can try it")
    return Verdict(
        TaskStatus.SOFT_FAILED,
        f"failed by {failures} of {limit} workers, waits for another one to try it",
    )


def nobody_left(live: LiveJob, task_type: str, workers: Iterable[Worker]) -> bool:
    """True if no worker of the farm may run tasks of a type of this job any more."""
    kind = live.kind_of_type(task_type)
    return not any(capable(worker, kind) for worker in workers)


def hopeless(
    live: LiveJob, task_type: str, workers: Sequence[Worker], reason: str = BLOCKED
) -> list[Task]:
    """Waiting tasks of a type that every capable worker has failed, with the status "failed".

    A task that no worker failed is not among them: some worker is left for its type.
    """
    return [
        attrs.evolve(
            task,
            status=TaskStatus.FAILED,
            activity=f"failed, and {reason}",
        )
        for task in live.tasks.values()
        if task.type == task_type
        and task.failed_by
        and task.status in RUNNABLE_TASKS
        and not any(capable(worker, live.kind(task)) for worker in workers)
    ]


def should_block(failures: int, threshold: int) -> bool:
    """True if ``failures`` tasks of a type in one job blocklist a worker; threshold 0: never."""
    return 0 < threshold <= failures


def after_block(tasks: Iterable[Task], worker_id: str, task_type: str) -> list[Task]:
    """Failed tasks that get another chance now that this worker can't fail them again.

    They go back to the queue without this worker's failure. Flamenco 3 does this for tasks of all
    types; but a worker that is bad at one type may be right about another.
    """
    return [
        attrs.evolve(
            task,
            status=TaskStatus.QUEUED,
            activity="the worker that failed it is blocklisted: another one gets it",
            failed_by=tuple(each for each in task.failed_by if each != worker_id),
        )
        for task in tasks
        if task.status is TaskStatus.FAILED
        and task.type == task_type
        and worker_id in task.failed_by
    ]
