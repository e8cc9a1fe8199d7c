"""Messages that jobs take: of submissions, the scheduler, workers and people, and their own."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import attrs

import actors
from flamenco import protocol
from flamenco.manager.jobs.leases import Lease
from flamenco.model.board import Candidate, Lane, Why
from flamenco.model.happenings import MANAGER
from flamenco.model.leases import Ending
from flamenco.model.livejob import LiveJob
from flamenco.model.parking import Parked
from flamenco.model.statuses import JobStatus, TaskStatus
from flamenco.model.workers import Worker

# The supervisor


@attrs.frozen
class StartJob:
    """A new job is on disk: start its actor, to which it is handed over."""

    live: LiveJob


@attrs.frozen
class WakeJob(actors.Request[actors.ActorRef]):
    """Request for a job's actor, begun if it isn't there; what is not a job ends as `NotFound`."""

    job_id: str


@attrs.frozen
class FindJobs:
    """Look on disk for live jobs, and for parked ones."""


@attrs.frozen
class JobsFound:
    """Jobs on disk: the ids of unfinished ones, and the parked ones by id."""

    unfinished: Sequence[str]
    parked: Mapping[str, Parked]


@attrs.frozen
class JobsNotFound:
    """The jobs could not be read."""

    error: Exception


@attrs.frozen
class WaitForJobs(actors.Request[None]):
    """Request that is answered when all jobs have started, or the first look for them failed."""


@attrs.frozen
class JobBegun:
    """A job's actor has begun a life."""

    job: actors.ActorRef


@attrs.frozen
class JobRests:
    """A finished job's actor is passivated."""

    job: actors.ActorRef


@attrs.frozen
class JobTried:
    """A parked job should start again when its stand-in has ended."""

    job_id: str


@attrs.frozen
class CheckUp:
    """Look for anything that is stuck, and repair it."""


# A lease begins


@attrs.frozen
class WorkerOffered:
    """The scheduler has a worker for a task of this lane: the job may open a lease for it."""

    lane: Lane
    telling: int
    """Number of the `LaneChanged` on which this rests."""
    candidate: Candidate
    why: Why


@attrs.frozen
class WorkerForgot:
    """A worker that was offered begins anew: tell it, by `WorkerReleased`, that this is over."""

    worker_id: str


@attrs.frozen
class AssignAgain:
    """The worker that holds a task has lost it, and could start it again."""

    task_id: str
    lease: int
    worker_id: str


# A lease lasts


@attrs.frozen
class SignOfLife:
    """The worker still works on this task."""

    task_id: str
    lease: int


@attrs.frozen(kw_only=True)
class TaskReport:
    """Report of a worker on a task; ``answer`` gets None, or why it did not count."""

    worker: Worker
    report: protocol.Report
    seq: int
    answer: Callable[[str | None], None]


@attrs.frozen
class ReportTask(actors.Request[None]):
    """Report of a worker that sends each one once. Raises `Conflict` if its lease is over."""

    worker_id: str
    report: protocol.Report


@attrs.frozen
class LeaseReturned:
    """The worker can't go on with a task, through no fault of the task."""

    task_id: str
    lease: int
    reason: str


# A lease ends


@attrs.frozen
class LeaseEnded:
    """A lease is over: the only message that decides a task's next status."""

    lease: Lease
    ending: Ending


@attrs.frozen
class Judge:
    """A worker failed a task: decide on it, knowing all workers of the farm."""

    lease: Lease
    ending: Ending
    workers: Sequence[Worker]


# Requests of people for a job


@attrs.frozen
class OfPerson(actors.Request[None]):
    """A request that comes into the history of its job."""

    by: str = attrs.field(default=MANAGER, kw_only=True)
    """Its author, as `model.happenings.author` names them."""


@attrs.frozen
class SetJobStatus(OfPerson):
    """Pause, cancel or requeue the job."""

    status: JobStatus
    reason: str


@attrs.frozen
class SetJobPriority(OfPerson):
    """Let its tasks come before those of jobs with a lower priority."""

    priority: int


@attrs.frozen
class SetJobTag(OfPerson):
    """Let only workers with this tag run it; None: any worker."""

    tag_id: str | None


@attrs.frozen
class KeepJob(OfPerson):
    """Spare the job from the automatic clean-up, or don't."""

    keep: bool


@attrs.frozen
class ArchiveJob(OfPerson):
    """Take a finished job from the live lists, or bring it back."""

    archived: bool


@attrs.frozen
class RemoveJob(OfPerson):
    """Delete the job; with the files that were sent with it, or without."""

    files: bool = False
    unchanged_since: datetime | None = None
    """Time since which it must not have changed; otherwise this is refused, as it may be needed."""


@attrs.frozen
class WhyWaiting(actors.Request[str]):
    """Request for the reason why this task waits; or, without one, this job."""

    task_id: str | None = None


@attrs.frozen
class Unblock(OfPerson):
    """Take these pairs of worker id and task type from the blocklist."""

    pairs: tuple[tuple[str, str], ...]


# Requests of people for a task


@attrs.frozen
class SetTaskStatus(OfPerson):
    """Cancel or requeue the task, or complete or fail it by hand."""

    task_id: str
    status: TaskStatus
    reason: str


@attrs.frozen
class SetTasksStatus(actors.Request[dict[str, Exception]]):
    """The same for several tasks. The answer has those that were refused, and why."""

    task_ids: tuple[str, ...]
    status: TaskStatus
    reason: str
    by: str


@attrs.frozen
class Decide(OfPerson):
    """Approve or reject a task that waits for that."""

    task_id: str
    approved: bool
    reason: str
