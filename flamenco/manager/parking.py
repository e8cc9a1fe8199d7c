"""Parking: a job or worker that keeps crashing is set aside until somebody tries it again.

Its supervisor starts a stand-in under its name, which stores the reason and tells it in answer to
requests. Everything else on the farm goes on.
"""

import logging
from typing import Any

import attrs

import actors
from flamenco.manager.services import Services
from flamenco.model.parking import ParkedKind
from flamenco.store import UnreadableRow

logger = logging.getLogger(__name__)

LONGEST_REASON = 500


@attrs.frozen
class TryAgain(actors.Request[None]):
    """Start a parked job or worker again. Raises `NotAllowed` if it isn't parked."""


def reason_of(error: Exception | None) -> str:
    """The reason for parking: the cell that can't be read, or the crash that was one too many."""
    if isinstance(error, UnreadableRow):
        text = str(error)
    else:
        text = f"it kept crashing, at last with {type(error).__name__}: {error}"
    storable = text.encode(errors="backslashreplace").decode()
    return " ".join(storable.split())[:LONGEST_REASON]


@attrs.define(eq=False)
class Wards:
    """The children of a supervisor, by their ids: actors, and stand-ins of what is parked."""

    _supervisor: actors.Actor
    _services: Services
    _kind: ParkedKind
    _actor: type[actors.Actor]
    _stand_in: type[actors.Actor]
    _again: set[str] = attrs.field(factory=set)
    """Ids of those whose present actor will end soon, and be followed by another one."""

    def reach(self, name: str, *more: Any) -> actors.ActorRef:
        """The present actor, which is started if there is none, and watched from now on."""
        known = self._supervisor.children.get(name)
        if known is None:
            known = self._supervisor.spawn(self._actor, self._services, name, *more, name=name)
        return self._supervisor.watch(known)

    def begin_again(self, name: str) -> None:
        """Note that the present actor will end soon, and be followed by another one."""
        self._again.add(name)

    def ended(self, message: actors.Terminated) -> None:
        """Park what crashed, or start what begins again."""
        name, why = message.ref.name, message.exit
        again = name in self._again
        self._again.discard(name)
        if why.reason == "crashed":
            self.park(name, reason_of(why.error), begins=True)
        elif again:
            self.reach(name)

    def park(self, name: str, reason: str, *, begins: bool) -> None:
        """Start the stand-in, unless it has begun anew meanwhile; ``begins``: it is new to that."""
        if name in self._supervisor.children:
            return
        if begins:
            logger.error("%s %s is parked: %s", self._kind.value, name, reason)
        stand_in = self._supervisor.spawn(
            self._stand_in, self._services, name, reason, name=name, begins=begins
        )
        self._supervisor.watch(stand_in)
