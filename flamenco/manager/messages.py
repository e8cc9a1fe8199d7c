"""The messages the farm's actors send each other, in the order of a job's story."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import attrs

import actors
from flamenco import protocol
from flamenco.model.board import IdleWorker, ReadyTask
from flamenco.model.jobs import CompiledJob, Job
from flamenco.model.statuses import FarmStatus, JobStatus, TaskStatus, WorkerStatus
from flamenco.model.workers import Worker


class Refusal(Exception):
    """A request that is answered with a sentence instead of being carried out."""


class NotFound(Refusal):
    """There is no such job, task or worker."""


class NotAllowed(Refusal):
    """The thing exists, but this can't be done to it in its present state."""


class Outdated(Refusal):
    """The submitter knows an older version of the job type."""


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
    status: JobStatus = JobStatus.QUEUED
    check_only: bool = False


@attrs.frozen
class Compiled:
    """The job type's script is done with a submitted job."""

    job: Job
    outcome: CompiledJob | Exception
    check_only: bool
    answer: actors.ReplyLater


@attrs.frozen
class StartJob:
    """A job is on disk: start its actor."""

    job_id: str


@attrs.frozen
class WakeJob(actors.Request[actors.ActorRef]):
    """The actor of a job, started from its snapshot if it isn't running."""

    job_id: str


# Scheduling


@attrs.frozen
class Announce:
    """A new scheduler asks everybody: who is ready, who is idle?"""


@attrs.frozen
class TasksReady:
    """These tasks of a job could start."""

    job: actors.ActorRef
    tasks: tuple[ReadyTask, ...]


@attrs.frozen
class TasksGone:
    """These tasks can't start any more."""

    task_ids: tuple[str, ...]


@attrs.frozen
class WorkerIdle:
    """This worker has nothing to do."""

    worker: actors.ActorRef
    idle: IdleWorker


@attrs.frozen
class WorkerBusy:
    """This worker is not to be given a task."""

    worker_id: str


@attrs.frozen
class Offer:
    """The scheduler's match: the job may open a lease for this worker."""

    task_id: str
    idle: IdleWorker
    worker: actors.ActorRef


# Leases


@attrs.frozen(kw_only=True)
class LeaseOpened:
    """A worker gets a task. ``assign`` is None for a lease that outlived a restart."""

    job: actors.ActorRef
    task_id: str
    lease: int
    assign: protocol.Assign | None = None


@attrs.frozen
class LeaseClosed:
    """A lease is over; the worker stops the task, if ``revoke`` says why."""

    task_id: str
    lease: int
    revoke: str | None = None


@attrs.frozen
class Retire:
    """A finished job has been quiet for a while: its actor may stop."""


@attrs.frozen
class OfferRefused:
    """The task was not to be had any more; the worker is still idle."""


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


# Requests of people


@attrs.frozen
class SetJobStatus(actors.Request[None]):
    status: JobStatus
    reason: str


@attrs.frozen
class SetJobPriority(actors.Request[None]):
    priority: int


@attrs.frozen
class SetTaskStatus(actors.Request[None]):
    task_id: str
    status: TaskStatus
    reason: str


@attrs.frozen
class RequestWorkerStatus(actors.Request[None]):
    status: WorkerStatus
    lazy: bool


# Workers


@attrs.frozen(kw_only=True)
class RegisterWorker(actors.Request[Worker]):
    name: str
    secret_hash: str
    platform: str
    address: str
    task_types: tuple[str, ...]


@attrs.frozen
class StartWorker:
    """A worker is on disk: start its actor."""

    worker_id: str


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
