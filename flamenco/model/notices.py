"""Notices: what people of the farm should hear of, and when."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

import attrs

from flamenco.model.bounds import cut
from flamenco.model.jobs import Job
from flamenco.model.statuses import JobStatus, WorkerStatus
from flamenco.model.workers import Worker, is_told_twice

MOST_NOTICES = 1000
"""Maximum number of notices that are kept, the newest."""

LONGEST_NOTICE = 1000
"""Maximum characters of a notice: names and reasons may be longer."""

NEARLY_FULL = 0.05
"""Share of a disk below which what is free is little, if it is also less than `LITTLE`."""

LITTLE = 20 * 2**30
"""Bytes on a disk above which it is not nearly full, however large it is."""


class NoticeKind(StrEnum):
    """Kinds of notices."""

    JOB_DONE = "job-done"
    JOB_FAILED = "job-failed"
    JOB_CANCELED = "job-canceled"
    JOB_WAITS = "job-waits-for-approval"
    JOB_STUCK = "job-stuck"
    WORKER_LOST = "worker-lost"
    WORKER_BACK = "worker-back"
    WORKER_WITHHELD = "worker-withheld"
    WORKER_WAITS = "worker-waits-for-approval"
    WORKER_TWICE = "worker-twice"
    DISK_NEARLY_FULL = "disk-nearly-full"
    PART_PARKED = "part-parked"


def _short(text: str) -> str:
    return cut(text, LONGEST_NOTICE)


@attrs.frozen(kw_only=True)
class Notice:
    """Something that people should hear of."""

    id: str
    at: datetime
    kind: NoticeKind
    text: str = attrs.field(converter=_short)
    """A sentence, cut to `LONGEST_NOTICE` characters."""
    job_id: str = ""
    worker_id: str = ""


ENDS = {
    JobStatus.COMPLETED: (NoticeKind.JOB_DONE, "is done"),
    JobStatus.FAILED: (NoticeKind.JOB_FAILED, "failed"),
    JobStatus.CANCELED: (NoticeKind.JOB_CANCELED, "was canceled"),
}
"""{status of a job: kind of the notice about it, and what it says}."""

BACK = frozenset({WorkerStatus.STARTING, WorkerStatus.AWAKE, WorkerStatus.ASLEEP})
"""Statuses of a worker that is there."""


def of_job(before: Job, job: Job) -> Iterator[tuple[NoticeKind, str]]:
    """Kinds and sentences of the notices that a change of a job is worth."""
    if job.status is not before.status and job.status in ENDS:
        kind, what = ENDS[job.status]
        yield kind, f"{job.name} {what}: {job.frames}"
    if job.approvals and not before.approvals:
        yield NoticeKind.JOB_WAITS, f"{job.name} waits for a yes or no"


def of_worker(before: Worker, worker: Worker) -> Iterator[tuple[NoticeKind, str]]:
    """Kinds and sentences of the notices that a change of a worker is worth."""
    if worker.status is WorkerStatus.ERROR is not before.status:
        yield NoticeKind.WORKER_LOST, f"{worker.name} shows no sign of life, or reported an error"
    if is_told_twice(before, worker):
        text = f"the credentials of {worker.name} are used on two machines: revoke them"
        yield NoticeKind.WORKER_TWICE, text
    if before.status is WorkerStatus.ERROR and worker.status in BACK:
        yield NoticeKind.WORKER_BACK, f"{worker.name} is back"
    known = {each.task_type for each in before.specs.withheld}
    for each in worker.specs.withheld:
        if each.task_type not in known:
            text = f"{worker.name} takes no tasks of type {each.task_type}: {each.reason}"
            yield NoticeKind.WORKER_WITHHELD, text


def is_nearly_full(free: int, total: int) -> bool:
    """True if a disk with so many bytes, of which so many are free, is nearly full."""
    return free < LITTLE and free < NEARLY_FULL * total
