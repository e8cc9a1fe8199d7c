"""What a worker that polls calls: the messages that the edge sends for it."""

from enum import StrEnum

import attrs

import actors
from flamenco import protocol
from flamenco.model.statuses import WorkerStatus


@attrs.frozen(kw_only=True)
class SignOn(actors.Request[WorkerStatus]):
    """A worker begins to poll; the answer is the status that it is to go to."""

    address: str
    name: str
    software: str
    task_types: tuple[str, ...]
    can_restart: bool
    capabilities: tuple[str, ...] | None
    """None: those that it told before."""


@attrs.frozen
class SignOff(actors.Request[None]):
    """The worker goes offline."""


@attrs.frozen
class AskStatus(actors.Request[WorkerStatus | None]):
    """Was this worker asked to go to another status?"""


@attrs.frozen
class ChangeStatus(actors.Request[None]):
    """The worker went to this status."""

    status: WorkerStatus


@attrs.frozen
class AskForTask(actors.Request[protocol.Assign | WorkerStatus | None]):
    """A task, or the status to go to instead, or None if there is nothing to do.

    Raises `Conflict` when the worker is not awake.
    """


@attrs.frozen
class NothingToDo:
    """The scheduler has nothing for a worker that asks."""


@attrs.frozen
class HeldBy:
    """The lease of a task, and the job that keeps it."""

    job: actors.ActorRef
    lease: int


@attrs.frozen
class FindLease(actors.Request[HeldBy | None]):
    """The worker has something to say about a task: does it hold it?"""

    task_id: str


@attrs.frozen
class ReportTask(actors.Request[None]):
    """A report of a worker that sends each one once. Raises `Conflict` if its lease is over."""

    worker_id: str
    report: protocol.Report


class Permission(StrEnum):
    """Whether a worker may go on with a task."""

    GRANTED = "granted"
    STATUS_REQUESTED = "status-requested"
    """It is to stop, and to go to another status."""
    NOT_HELD = "not-held"
    """The task is not, or no more, its own."""


@attrs.frozen
class MayRun(actors.Request[Permission]):
    """May the worker go on with this task? Asking is a sign of life."""

    task_id: str


@attrs.frozen
class Seen:
    """The worker showed a sign of life in passing."""
