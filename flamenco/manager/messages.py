"""The messages the farm's actors send each other, in the order of a job's story."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import attrs

import actors
from flamenco import protocol
from flamenco.manager.leases import Lease
from flamenco.model.board import Candidate, Kind, Lane, Presence
from flamenco.model.jobs import CompiledJob, Job, JobRequirements
from flamenco.model.leases import Ending
from flamenco.model.livejob import LiveJob
from flamenco.model.specs import Specs
from flamenco.model.statuses import FarmStatus, JobStatus
from flamenco.model.workers import Worker


class Refusal(Exception):
    """A request that is answered with a sentence instead of being carried out."""


class NotFound(Refusal):
    """There is no such job, task or worker."""


class NotAllowed(Refusal):
    """The thing exists, but this can't be done to it in its present state."""


class Conflict(Refusal):
    """What is asked rests on something that is over, or not so any more."""


class Outdated(Refusal):
    """The client knows an older version of the job type, or of the configuration file."""


class Session(Protocol):
    """The Manager's end of a connected worker, as its actor sees it."""

    def push(self, message: protocol.Message) -> None:
        """Send a message to the worker, soon; a worker that can't keep up is disconnected."""

    def close(self, reason: str) -> None:
        """End the session."""


# Submitting


@attrs.frozen(kw_only=True)
class SubmitJob(actors.Request[Job]):
    """Compile and start a job; or, with ``check_only``, just compile it."""

    name: str
    type: str
    etag: str | None = None
    priority: int = 50
    settings: Mapping[str, Any]
    metadata: Mapping[str, str]
    worker_tag: str | None = None
    shaman_checkout_id: str | None = None
    requirements: JobRequirements = attrs.field(factory=JobRequirements)
    keep: bool = False
    status: JobStatus = JobStatus.QUEUED
    check_only: bool = False


@attrs.frozen
class Compiled:
    """The job type's script is done with a submitted job."""

    outcome: CompiledJob | Exception


@attrs.frozen
class StoreMore:
    """The next tasks of a compiled job are to be stored."""


@attrs.frozen
class ClearAway:
    """Jobs whose submission was cut off are to be erased."""


@attrs.frozen
class StartJob:
    """A new job is on disk: start its actor, to which it is handed over."""

    live: LiveJob


@attrs.frozen
class WakeJob(actors.Request[actors.ActorRef]):
    """The actor of a job, started from its snapshot if it isn't running."""

    job_id: str


# Scheduling


@attrs.frozen
class Announce:
    """A new scheduler asks everybody: who is ready, who is idle?"""


@attrs.frozen
class JobBegins:
    """A job's actor begins or ends a life: what was said of its lanes is void.

    Workers that were offered to it, and got no lease, are free again.
    """

    job_id: str


@attrs.frozen(kw_only=True)
class LaneChanged:
    """So many tasks ``more`` of a lane could start."""

    job: actors.ActorRef
    telling: int
    """Grows whenever the job tells everything anew; what it told before is void then."""
    lane: Lane
    job_priority: int
    made: float
    """When the job was made, in seconds since the epoch."""
    place: int
    """Of the lane's first task in the job."""
    more: int


@attrs.frozen(kw_only=True)
class WorkerStands:
    """What a worker could do with a task now."""

    candidate: Candidate
    presence: Presence
    settled: bool
    """Whether this answers the scheduler's last offer of the worker, so that it may offer again."""
    begins: bool
    """Whether its actor begins a life, and may have missed what became of an offer."""


@attrs.frozen
class WorkerGone:
    """This worker is no more."""

    worker_id: str


@attrs.frozen
class Offer:
    """The scheduler's match: the job may open a lease of a task of this lane for the worker."""

    lane: Lane
    telling: int
    """That of the `LaneChanged` on which this rests."""
    candidate: Candidate


@attrs.frozen
class SettleOffer:
    """What became of the offers of this worker? It has lost its memory."""

    worker_id: str


@attrs.frozen
class OfferSettled:
    """The scheduler's match led to no lease, or to one that the worker has heard of."""


@attrs.frozen
class Explain(actors.Request[str]):
    """Why does a task of this kind wait?"""

    kind: Kind
    tag: str | None
    """The name of the tag that it needs."""


# Leases


@attrs.frozen(kw_only=True)
class LeaseOpened:
    """A worker gets a task."""

    job: actors.ActorRef
    assign: protocol.Assign


@attrs.frozen
class AssignAgain:
    """The worker that holds a task has lost it, and could start it anew."""

    task_id: str
    lease: int
    worker_id: str


@attrs.frozen
class LeaseReopened:
    """The job begins a new life, and finds a lease open: messages about it may be lost."""

    job: actors.ActorRef
    task_id: str
    lease: int


@attrs.frozen
class LeaseClosed:
    """A lease is over; the worker stops the task, if ``revoke`` says why."""

    task_id: str
    lease: int
    revoke: str | None = None


@attrs.frozen
class SignOfLife:
    """The worker says it still works on this."""

    task_id: str
    lease: int


@attrs.frozen
class LeaseReturned:
    """The worker can't go on with a task, through no fault of the task."""

    task_id: str
    lease: int
    reason: str


@attrs.frozen(kw_only=True)
class TaskReport:
    """What a worker said about a task; ``answer`` gets None, or why it did not count."""

    worker: Worker
    report: protocol.Report
    seq: int
    answer: Callable[[str | None], None]


@attrs.frozen
class Judge:
    """A worker failed a task: decide what becomes of it, knowing all workers of the farm."""

    lease: Lease
    ending: Ending
    workers: Sequence[Worker]


# Care for what is there


@attrs.frozen
class TagGone:
    """A tag was deleted: jobs and workers lose it."""

    tag_id: str


@attrs.frozen
class CheckUp:
    """Look for what is stuck, and put it right."""


@attrs.frozen
class Retire:
    """A finished job has been quiet for a while: its actor may stop."""


@attrs.frozen
class Erase:
    """A job that is to be deleted holds no lease any more."""

    job: Job
    tasks: int
    """How many it has."""


@attrs.frozen
class EraseMore:
    """The files of a job are gone: its rows are next, or what is left of them."""

    erase: Erase
    failure: Exception | None = None


# Workers


@attrs.frozen
class FollowSchedule:
    """A time of the worker's sleep schedule has come."""


@attrs.frozen(kw_only=True)
class RegisterWorker(actors.Request[Worker]):
    name: str
    secret_hash: str
    platform: str
    address: str
    task_types: tuple[str, ...]
    specs: Specs = attrs.field(factory=Specs)


@attrs.frozen
class StartWorker:
    """A worker is on disk: start its actor, and only then answer who registered it."""

    worker: Worker
    answer: actors.ReplyLater


@attrs.frozen
class LogFollowed:
    """Somebody begins to follow the log of a task, or nobody does any more."""

    task_id: str


@attrs.frozen
class CheckLife:
    """The time by which a worker should have shown a sign of life."""


@attrs.frozen
class Connect(actors.Request[protocol.Welcome]):
    """A worker opened a session."""

    session: Session
    address: str
    hello: protocol.Hello


@attrs.frozen
class Disconnected:
    """A session ended without a sign-off."""

    session: Session


@attrs.frozen
class FromWorker:
    """A message of the worker's session, with its number if it is a reliable one."""

    session: Session
    message: protocol.Message
    seq: int | None


# Images


@attrs.frozen
class ProcessImage:
    """A frame of a job as a worker sent it."""

    job_id: str
    content: bytes


@attrs.frozen
class Refresh:
    """Something changed that the farm's status may depend on."""


@attrs.frozen
class GetFarmStatus(actors.Request[FarmStatus]):
    """What is the farm doing?"""
