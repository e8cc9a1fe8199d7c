"""Messages that workers take: of their sessions and calls, of jobs, the scheduler and people."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import attrs

import actors
from flamenco import protocol
from flamenco.model.joining import JoinToken
from flamenco.model.parking import Parked
from flamenco.model.schedules import SleepSchedule
from flamenco.model.specs import Specs
from flamenco.model.statuses import WorkerStatus
from flamenco.model.workers import Worker

# The supervisor


@attrs.frozen
class FindWorkers:
    """Look on disk for all workers, and for those that are parked."""


@attrs.frozen(kw_only=True)
class WorkersFound:
    """Workers as they are on disk."""

    ids: Sequence[str]
    """Ids of all workers, including unreadable ones."""
    readable: Sequence[Worker]
    parked: Mapping[str, Parked]
    """Reasons for which workers are parked, by their ids."""
    join_tokens: Sequence[JoinToken] = ()


@attrs.frozen
class WorkersNotFound:
    """The workers could not be read."""

    error: Exception


@attrs.frozen
class WaitForWorkers(actors.Request[None]):
    """Request that is answered when all workers have actors, or the first look has failed."""


@attrs.frozen
class WorkerTried:
    """A parked worker should start again when its stand-in has ended."""

    worker_id: str


@attrs.frozen(kw_only=True)
class RegisterWorker(actors.Request[Worker]):
    """Register a new worker."""

    name: str
    secret_hash: str
    platform: str
    address: str
    task_types: tuple[str, ...]
    specs: Specs = attrs.field(factory=Specs)
    awaits_approval: bool = False
    join_token: str = ""
    """Id of the join token that it has shown; empty: none."""


@attrs.frozen
class AddJoinToken(actors.Request[None]):
    """Let a join token count."""

    token: JoinToken


@attrs.frozen
class SpendJoinToken(actors.Request[None]):
    """Use a join token. Raises `NotAllowed` if it does not count any more."""

    token_id: str


@attrs.frozen
class EndJoinToken(actors.Request[None]):
    """Let a join token count no longer. Raises `NotFound`."""

    token_id: str


@attrs.frozen
class StartWorker:
    """A worker is on disk: start its actor, and only then answer its registration."""

    worker: Worker
    answer: actors.ReplyLater


@attrs.frozen
class LogFollowed:
    """The log of a task is now being followed, or no longer."""

    task_id: str


# Sessions


class Session(Protocol):
    """The Manager's end of a connected worker, as its actor sees it."""

    def push(self, message: protocol.Message) -> None:
        """Send a message to the worker, soon; a worker that can't keep up is disconnected."""

    def close(self, reason: str) -> None:
        """End the session."""


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
    """Message of the worker's session, with its number if it is a reliable one."""

    session: Session
    message: protocol.Message
    seq: int | None


@attrs.frozen
class JobAwaited:
    """The job of kept reports has an actor again, or still has none after the time limit."""

    job_id: str
    is_back: bool


# Calls of a worker that polls


@attrs.frozen(kw_only=True)
class SignOn(actors.Request[WorkerStatus]):
    """A worker begins to poll; the answer is the status to go to."""

    address: str
    name: str
    software: str
    task_types: tuple[str, ...]
    can_restart: bool
    capabilities: tuple[str, ...] | None
    """Its capabilities; None: the previous ones."""


@attrs.frozen
class SignOff(actors.Request[None]):
    """The worker goes offline."""


@attrs.frozen
class AskStatus(actors.Request[WorkerStatus | None]):
    """Request for the status that this worker is asked to go to, if any."""


@attrs.frozen
class ChangeStatus(actors.Request[None]):
    """The worker went to this status."""

    status: WorkerStatus


@attrs.frozen
class AskForTask(actors.Request[protocol.Assign | WorkerStatus | None]):
    """Request for a task; the answer is one, or the status to go to, or None if there is no task.

    Raises `Conflict` if the worker is not awake.
    """


@attrs.frozen
class HeldBy:
    """The lease of a task, and the id of the job that keeps it."""

    job_id: str
    lease: int


@attrs.frozen
class FindLease(actors.Request[HeldBy | None]):
    """Request for the worker's lease of a task, on which it wants to report."""

    task_id: str


class Permission(StrEnum):
    """Permission of a worker to go on with a task."""

    GRANTED = "granted"
    STATUS_REQUESTED = "status-requested"
    """The worker has to stop, and to go to another status."""
    NOT_HELD = "not-held"
    """The worker does not hold the task, or no longer does."""


@attrs.frozen
class MayRun(actors.Request[Permission]):
    """Request for the permission to go on with a task, which is also a sign of life."""

    task_id: str


@attrs.frozen
class Seen:
    """The worker showed a sign of life in passing."""

    secret_hash: str | None = None
    """Key of its secret, to be stored in place of the hash of an earlier version."""


# Of the scheduler and of jobs


@attrs.frozen
class WorkerReleased:
    """No offer of the worker is open any more: it led to no lease, or to one that it knows."""


@attrs.frozen
class NothingToDo:
    """The scheduler has no task for a worker that asks."""


@attrs.frozen(kw_only=True)
class LeaseOpened:
    """A worker gets a task."""

    job: actors.ActorRef
    assign: protocol.Assign


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


# Time


@attrs.frozen
class ClockCorrected:
    """The clock was put forward or back, or the machine was suspended: timers don't fit it."""


@attrs.frozen
class ConfigChanged:
    """The configuration was changed, perhaps its timeouts."""


@attrs.frozen
class CheckLife:
    """The time by which a worker should have shown a sign of life."""


@attrs.frozen
class FollowSchedule:
    """A time of the worker's sleep schedule has come, or it has another one."""

    slept: bool = False
    """True if an earlier one wanted it to sleep, after which it wakes up if none wants anything."""


# Requests of people


@attrs.frozen
class RequestWorkerStatus(actors.Request[None]):
    """Ask the worker to go to a status; lazily: after its task."""

    status: WorkerStatus
    lazy: bool


@attrs.frozen
class Approve(actors.Request[None]):
    """Let a worker work that waits for approval."""


@attrs.frozen
class ReplaceKey(actors.Request[None]):
    """Let another secret count from now on, or none (`REVOKED`); a session ends."""

    secret_hash: str


@attrs.frozen
class UsedTwice:
    """Two machines have the worker's credentials."""


@attrs.frozen
class SetWorkerTags(actors.Request[None]):
    """Replace the worker's tags; unknown ones are ignored."""

    tag_ids: tuple[str, ...]


@attrs.frozen
class SetSchedule(actors.Request[None]):
    """Let the worker sleep at these times."""

    schedule: SleepSchedule | None


@attrs.frozen
class RemoveWorker(actors.Request[None]):
    """Forget the worker; its task goes back to the queue."""

    unchanged_since: datetime | None = None
    """Time since which it must not have changed; otherwise this is refused, as it may be back."""
