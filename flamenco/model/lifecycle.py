"""Statuses of a job and its tasks, and how they follow from each other (reference rules §2-§4).

Pure functions over counts, so that the cost of a step does not grow with the job.
"""

from collections.abc import Mapping
from datetime import datetime

import attrs

from flamenco.model.jobs import Job
from flamenco.model.statuses import FINISHED_JOBS, RUNNABLE_JOBS, JobStatus, TaskStatus

Counts = Mapping[TaskStatus, int]
"""Number of a job's tasks in each status; a status without tasks may be missing."""

DEFAULT_FAILURE_PERCENTAGE = 10
"""Percentage of failed tasks at which a job fails (reference rules §2)."""

_WAITING_OR_RUNNING = (TaskStatus.ACTIVE, TaskStatus.QUEUED, TaskStatus.SOFT_FAILED)
_ALL = frozenset(TaskStatus)
_STOPPED = frozenset(
    {TaskStatus.CANCELED, TaskStatus.FAILED, TaskStatus.PAUSED, TaskStatus.SOFT_FAILED}
)


@attrs.frozen
class JobChange:
    """The next status of a job, and the reason."""

    status: JobStatus
    reason: str | None = None
    """None: the reason of the previous status, which was only a step towards this one."""


@attrs.frozen
class Sweep:
    """A bulk change of tasks: all with a status in ``which`` go ``to`` another."""

    which: frozenset[TaskStatus]
    to: TaskStatus


def _sum(counts: Counts, *statuses: TaskStatus) -> int:
    return sum(counts.get(status, 0) for status in statuses)


def activity_of(change: JobChange, job: Job) -> str:
    """The activity text for a change: the new status, and the reason if there is one."""
    reason = change.reason
    if reason is None:
        reason = job.activity.removeprefix(job.status.value).removeprefix(": ")
    return f"{change.status.value}: {reason}" if reason else change.status.value


def job_after_task(
    job: JobStatus,
    counts: Counts,
    task: TaskStatus,
    failure_percentage: int = DEFAULT_FAILURE_PERCENTAGE,
) -> JobChange | None:
    """The job's change after one of its tasks went to ``task``, already counted in ``counts``."""
    total = sum(counts.values())
    if _sum(counts, TaskStatus.COMPLETED) == total:
        return JobChange(JobStatus.COMPLETED, "all tasks completed")
    if job in (JobStatus.CANCELED, JobStatus.FAILED):
        revived = task is TaskStatus.QUEUED
        return JobChange(JobStatus.QUEUED, "a task was requeued") if revived else None
    if job is JobStatus.CANCEL_REQUESTED:
        return None
    match task:
        case TaskStatus.QUEUED if job is JobStatus.COMPLETED:
            return JobChange(JobStatus.REQUEUEING, "a task of the completed job was requeued")
        case TaskStatus.ACTIVE | TaskStatus.SOFT_FAILED if job is JobStatus.QUEUED:
            return JobChange(JobStatus.ACTIVE, "a worker started on it")
        case TaskStatus.CANCELED if not _sum(counts, *_WAITING_OR_RUNNING, TaskStatus.PAUSED):
            return JobChange(JobStatus.CANCELED, "the last task that could run was canceled")
        case TaskStatus.FAILED if 100 * _sum(counts, task) // total >= failure_percentage:
            return JobChange(JobStatus.FAILED, f"{_sum(counts, task)} of {total} tasks failed")
    if job is JobStatus.PAUSE_REQUESTED and not _sum(counts, TaskStatus.ACTIVE):
        return JobChange(JobStatus.PAUSED)
    if job is JobStatus.QUEUED and task in (TaskStatus.COMPLETED, TaskStatus.FAILED):
        return JobChange(JobStatus.ACTIVE, "a task ended")
    return None


def job_at_rest(job: JobStatus, counts: Counts) -> JobChange | None:
    """The change of a job that has nothing running, nothing to start and nothing to approve.

    Flamenco 3 leaves such a job active for ever.
    """
    if job not in RUNNABLE_JOBS:
        return None
    total, failed = sum(counts.values()), _sum(counts, TaskStatus.FAILED)
    waiting = _sum(counts, TaskStatus.QUEUED, TaskStatus.SOFT_FAILED)
    if _sum(counts, TaskStatus.COMPLETED) == total:
        return JobChange(JobStatus.COMPLETED, "all tasks are completed")
    vain = f", {waiting} wait for what will not come" if waiting else ""
    if failed:
        return JobChange(JobStatus.FAILED, f"{failed} of {total} tasks failed{vain}")
    canceled = _sum(counts, TaskStatus.CANCELED, TaskStatus.PAUSED)
    return JobChange(JobStatus.CANCELED, f"{canceled} of {total} tasks were canceled{vain}")


def times_after_job(job: Job, change: JobChange, now: datetime) -> Mapping[str, datetime | None]:
    """Start and end of a job that changes now; {field of the job: time}."""
    status = change.status
    if status is JobStatus.REQUEUEING:
        return {"started": None, "ended": None}
    started = now if status is JobStatus.ACTIVE and job.started is None else job.started
    return {"started": started, "ended": now if status in FINISHED_JOBS else None}


def tasks_after_job(job: JobStatus, previous: JobStatus) -> Sweep | None:
    """The bulk change of the tasks of a job that went from ``previous`` to ``job``."""
    match job:
        case JobStatus.CANCEL_REQUESTED | JobStatus.CANCELED | JobStatus.FAILED:
            return Sweep(frozenset(_WAITING_OR_RUNNING), TaskStatus.CANCELED)
        case JobStatus.PAUSE_REQUESTED:
            return Sweep(frozenset({TaskStatus.QUEUED, TaskStatus.SOFT_FAILED}), TaskStatus.PAUSED)
        case JobStatus.REQUEUEING if previous is JobStatus.COMPLETED:
            return Sweep(_ALL, TaskStatus.QUEUED)
        case JobStatus.REQUEUEING if previous is not JobStatus.UNDER_CONSTRUCTION:
            return Sweep(_STOPPED, TaskStatus.QUEUED)
    return None


def job_after_job(job: JobStatus, counts: Counts) -> JobChange | None:
    """The next change of a job that went to ``job`` and whose tasks were swept."""
    match job:
        case JobStatus.CANCEL_REQUESTED:
            return JobChange(JobStatus.CANCELED)
        case JobStatus.REQUEUEING:
            return JobChange(JobStatus.QUEUED)
        case JobStatus.PAUSE_REQUESTED if not _sum(counts, TaskStatus.ACTIVE):
            return JobChange(JobStatus.PAUSED)
        case JobStatus.QUEUED if _sum(counts, TaskStatus.COMPLETED) == sum(counts.values()):
            return JobChange(JobStatus.COMPLETED, "all tasks are completed")
    return None


def returned_to_pool(job: JobStatus) -> TaskStatus:
    """The status of a task whose worker gave it up unfinished (reference rules §4)."""
    paused = job in (JobStatus.PAUSE_REQUESTED, JobStatus.PAUSED)
    return TaskStatus.PAUSED if paused else TaskStatus.QUEUED
