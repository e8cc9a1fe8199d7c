"""Messages that the scheduler takes, and the one with which it asks everybody."""

import attrs

import actors
from flamenco.model.board import Candidate, Kind, Lane, Presence


@attrs.frozen
class Announce:
    """A new scheduler asks all jobs and workers: who is ready, who is idle?"""


@attrs.frozen
class JobBegins:
    """A job's actor begins or ends a life: what was said of its lanes is void.

    Workers that were offered to it, and got no lease, are free again.
    """

    job_id: str


@attrs.frozen(kw_only=True)
class LaneChanged:
    """Other number of tasks of a lane that could start."""

    job: actors.ActorRef
    telling: int
    """Number that grows whenever the job tells everything anew; what it told before is void."""
    lane: Lane
    job_priority: int
    made: float
    """Time at which the job was made, in seconds since the epoch."""
    place: int
    """Place of the lane's first task in the job."""
    more: int
    """Tasks that came to those told before; fewer if negative."""


@attrs.frozen(kw_only=True)
class WorkerStands:
    """A worker's readiness for a task."""

    candidate: Candidate
    presence: Presence
    settled: bool
    """True if this answers the scheduler's last offer of the worker, so that it may offer again."""
    begins: bool
    """True if its actor begins a life, and may have missed the outcome of an offer."""


@attrs.frozen
class WorkerGone:
    """A worker is no more. The scheduler passes it on to the job that was offered the worker."""

    worker_id: str


@attrs.frozen
class Explain(actors.Request[str]):
    """Request for the reason why a task of this kind waits."""

    kind: Kind
    tag: str | None
    """Name of the tag that it needs."""
    gone: frozenset[str]
    """Ids of the workers that have been away for too long to be waited for."""
