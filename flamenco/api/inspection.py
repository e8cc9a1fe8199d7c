"""Wire classes of the operation that shows the inside of a Manager. Not in Flamenco 3."""

from collections.abc import Mapping
from typing import Annotated

import attrs
from msgspec import UNSET, Meta, UnsetType

from flamenco.api.meta import Parked, ParkedPart
from flamenco.model.bounds import Count, Line, Prose, Time
from flamenco.model.connections import ConnectionState

MOST_ACTORS = 10_000


@attrs.frozen(kw_only=True)
class ActorsWanted:
    """Query string: a part of the tree of actors."""

    under: Line = ""
    """Path of the actor that is wanted with all below it, such as `/workers`; without it, all."""
    limit: Annotated[int, Meta(ge=1, le=MOST_ACTORS)] = 1000


@attrs.frozen(kw_only=True)
class ActorFigures:
    """One actor at this moment."""

    path: str
    kind: str
    """Name of its class."""
    state: str
    """`running`, or why it does nothing."""
    waiting: int
    """Number of messages in its mailbox."""
    handled: int
    """Number of messages handled since the start."""
    restarts: int
    """Number of lives that followed a crash or a failed commit."""
    handler_ms: float
    """Mean time that a message takes, in milliseconds."""
    busy_seconds: float | UnsetType = UNSET
    """Seconds that the handler under way has taken so far; without it, none is under way."""


@attrs.frozen(kw_only=True)
class ManagerActors:
    """Actors in the order of their tree, and what went wrong among all since the start."""

    actors: tuple[ActorFigures, ...]
    total: int
    """Number of actors there, shown or not."""
    dead_letters: Mapping[str, int]
    """Numbers of messages that reached nobody, by the reason."""
    unhandled: int
    """Number of messages for which an actor has no handler."""
    crashes: int
    restarts: int
    failed_commits: int
    parked_jobs: Mapping[str, Parked]
    """Reasons by id, as for workers."""
    parked_workers: Mapping[str, Parked]
    parked: tuple[ParkedPart, ...]
    """Parts of the Manager itself."""


@attrs.frozen(kw_only=True)
class ActorTriedAgain:
    """A part of the Manager that is to begin anew before its pause is over."""

    path: Line


@attrs.frozen(kw_only=True)
class ShownConnection:
    """A lasting connection of the Manager to a service outside."""

    state: ConnectionState
    to: Line | UnsetType = UNSET
    """Address of the service."""
    since: Time
    reason: Prose | UnsetType = UNSET
    """Why it is broken, or what the service refuses."""
    sent: Count
    """Number of messages that have arrived since the configuration of it was last changed."""
    lost: Count
    """Number of messages that had to make room meanwhile."""


@attrs.frozen(kw_only=True)
class ManagerConnections:
    mqtt: ShownConnection
    upstream: ShownConnection
