"""What people ask of jobs, tasks, workers and tags: the messages that the edge sends."""

from datetime import datetime

import attrs

import actors
from flamenco.model.schedules import SleepSchedule
from flamenco.model.statuses import JobStatus, TaskStatus, WorkerStatus
from flamenco.model.workers import WorkerTag

# Jobs


@attrs.frozen
class SetJobStatus(actors.Request[None]):
    status: JobStatus
    reason: str


@attrs.frozen
class SetJobPriority(actors.Request[None]):
    priority: int


@attrs.frozen
class SetJobTag(actors.Request[None]):
    """Let only workers with this tag run it; None: any worker."""

    tag_id: str | None


@attrs.frozen
class KeepJob(actors.Request[None]):
    """Spare the job from the automatic clean-up, or don't."""

    keep: bool


@attrs.frozen
class ArchiveJob(actors.Request[None]):
    """Take a finished job from the live lists, or bring it back."""

    archived: bool


@attrs.frozen
class DeleteJob(actors.Request[None]):
    """Delete the job; with the files that were sent with it, or without."""

    files: bool = False
    unchanged_since: datetime | None = None
    """Refused if the job has changed after this time: somebody may need it again."""


@attrs.frozen
class WhyWaiting(actors.Request[str]):
    """Why does this task wait; or, without one, this job?"""

    task_id: str | None = None


@attrs.frozen
class Unblock(actors.Request[None]):
    """Take these pairs of worker id and task type from the blocklist."""

    pairs: tuple[tuple[str, str], ...]


# Tasks


@attrs.frozen
class SetTaskStatus(actors.Request[None]):
    task_id: str
    status: TaskStatus
    reason: str


@attrs.frozen
class Decide(actors.Request[None]):
    """Approve what waits for a decision, or reject it."""

    task_id: str
    approved: bool
    reason: str


# Workers


@attrs.frozen
class RequestWorkerStatus(actors.Request[None]):
    status: WorkerStatus
    lazy: bool


@attrs.frozen
class SetWorkerTags(actors.Request[None]):
    """Give it these tags and no others; those that there are not are ignored."""

    tag_ids: tuple[str, ...]


@attrs.frozen
class SetSchedule(actors.Request[None]):
    """When the worker is to sleep."""

    schedule: SleepSchedule


@attrs.frozen
class DeleteWorker(actors.Request[None]):
    """The worker is to be known no more; what it runs goes back to the queue."""

    unchanged_since: datetime | None = None
    """Refused if the worker has changed after this time: it may be back."""


# Tags


@attrs.frozen
class PutTag(actors.Request[WorkerTag]):
    """Make a tag (without an id, it gets one), or change it."""

    tag: WorkerTag
    new: bool


@attrs.frozen
class DeleteTag(actors.Request[None]):
    tag_id: str
