"""Checks of people's requests for a job and its tasks.

Each function raises `NotAllowed` with a sentence if the request is not allowed.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from flamenco.manager.jobs.messages import Decide, SetTasksStatus, SetTaskStatus
from flamenco.manager.refusals import NotAllowed, NotFound
from flamenco.model.jobs import APPROVAL, Job, Task
from flamenco.model.livejob import LiveJob
from flamenco.model.statuses import (
    BY_HAND,
    FINISHED_JOBS,
    JOB_REQUESTS,
    MEANT_REQUESTS,
    TASK_REQUESTS,
    JobStatus,
    TaskStatus,
)
from flamenco.model.waiting import why_job_waits, why_task_waits


def checked_job_status(job: Job, asked: JobStatus) -> JobStatus:
    """The status that is meant, which must be allowed in the job's present one."""
    wanted = MEANT_REQUESTS.get((asked, job.status), asked)
    allowed = JOB_REQUESTS.get(wanted)
    if allowed is None:
        expected = ", ".join(JOB_REQUESTS)
        raise NotAllowed(f"a job can be asked for {expected}, not {wanted.value}")
    if job.status not in allowed:
        raise NotAllowed(
            f"the job is {job.status.value}; {wanted.value} can be asked of a job that is "
            f"{_any_of(allowed)}"
        )
    check_stays(job)
    return wanted


def check_stays(job: Job) -> None:
    """A job that is being deleted can't be changed."""
    if job.delete_requested_at is not None:
        raise NotAllowed("the job is being deleted")


def check_archiving(job: Job) -> None:
    """Only finished jobs can be archived."""
    if job.status not in FINISHED_JOBS:
        raise NotAllowed(
            f"the job is {job.status.value}; only a job that is {_any_of(FINISHED_JOBS)} "
            "can be archived"
        )


def check_unchanged(job: Job, since: datetime | None) -> None:
    """A job that changed after this time may be needed again."""
    if since is not None and job.updated > since:
        raise NotAllowed("the job has changed in the meantime")


def check_task_status(task: Task, wanted: TaskStatus, reason: str) -> None:
    """The status must be allowed in the task's present one, and an outcome needs a reason."""
    allowed = TASK_REQUESTS.get(wanted)
    if allowed is None:
        expected = ", ".join(TASK_REQUESTS)
        raise NotAllowed(f"a task can be asked for {expected}, not {wanted.value}")
    if task.status not in allowed:
        raise NotAllowed(
            f"the task is {task.status.value}; {wanted.value} can be asked of a task "
            f"that is {_any_of(allowed)}"
        )
    if wanted in BY_HAND and not reason.strip():
        raise NotAllowed(f"a task that is {wanted.value} by hand needs a reason")


def one_by_one(asked: SetTasksStatus, do: Callable[[SetTaskStatus], None]) -> dict[str, Exception]:
    """The tasks that were refused, and why; each is treated as if it were the only one."""
    refused: dict[str, Exception] = {}
    for task_id in asked.task_ids:
        try:
            do(SetTaskStatus(task_id, asked.status, asked.reason, by=asked.by))
        except (NotAllowed, NotFound) as error:
            refused[task_id] = error
    return refused


def decided(asked: Decide) -> SetTaskStatus:
    """The status to which a yes or no brings its task."""
    status = TaskStatus.COMPLETED if asked.approved else TaskStatus.FAILED
    usual = "Approved" if asked.approved else "Rejected"
    return SetTaskStatus(asked.task_id, status, asked.reason.strip() or usual, by=asked.by)


def check_decision(live: LiveJob, task: Task) -> None:
    """Only a waiting approval takes a yes or no."""
    if task.type != APPROVAL:
        raise NotAllowed(
            f"the task is of type {task.type}; only tasks of type {APPROVAL} take a yes or no"
        )
    if task.id not in live.approvals:
        reason = why_job_waits(live) or why_task_waits(live, task)
        raise NotAllowed(f"the task can't be approved or rejected now. {reason or ''}".strip())


def _any_of(statuses: Iterable[str]) -> str:
    return " or ".join(sorted(statuses))
