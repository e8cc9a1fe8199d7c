"""The network between a simulated worker and the Manager: slow, and not to be relied on.

Within a session messages keep their order, as on a WebSocket, unless the seed lets one overtake
another or arrive twice: the Manager is to bear more than a network does.
"""

from collections.abc import Callable
from random import Random

import attrs
import trio

import actors
from flamenco import protocol
from flamenco.manager.workers.messages import Disconnected, FromWorker

SLOWEST_SECONDS = 0.3


@attrs.define(eq=False)
class Link:
    """One session: the Manager's end of it, and what is under way in both directions."""

    actor: actors.ActorRef
    nursery: trio.Nursery
    random: Random
    hear: Callable[[protocol.Message], None]
    """Takes what arrives at the worker."""
    doubled: float = 0.0
    """The chance that a reliable message arrives twice."""
    overtaking: float = 0.0
    """The chance that a message takes its own time."""
    is_open: bool = True
    ended: trio.Event = attrs.field(factory=trio.Event)
    _due: dict[str, float] = attrs.field(factory=dict)  # {direction: when its last arrives}

    # The Manager's side: this is its Session

    def push(self, message: protocol.Message) -> None:
        self._travel("down", 0.0, self.hear, message)

    def close(self, reason: str) -> None:
        del reason
        self.cut()

    # The worker's side

    def send(self, message: protocol.Message, seq: int | None) -> None:
        """Send a message to the worker's actor."""
        copies = 2 if seq is not None and self.random.random() < self.doubled else 1
        for _ in range(copies):
            self._travel("up", self.overtaking, self._told, FromWorker(self, message, seq))

    def _told(self, message: object) -> None:
        if self.actor.alive:
            self.actor.tell(message)
        else:
            self.cut()

    def cut(self, *, noticed_after: float = 0.0) -> None:
        """The connection is gone, with all that was under way; the Manager notices later."""
        if self.is_open:
            self.is_open = False
            self.ended.set()
            self.nursery.start_soon(self._tell_manager, noticed_after)

    async def _tell_manager(self, after: float) -> None:
        await trio.sleep(after)
        self.actor.tell(Disconnected(self))

    def _travel(
        self, way: str, overtaking: float, deliver: Callable[..., object], message: object
    ) -> None:
        due = trio.current_time() + self.random.random() * SLOWEST_SECONDS
        if self.random.random() >= overtaking:
            due = self._due[way] = max(due, self._due.get(way, 0.0) + 1e-6)
        self.nursery.start_soon(self._arrive, due, deliver, message)

    async def _arrive(self, due: float, deliver: Callable[..., object], message: object) -> None:
        await trio.sleep_until(due)
        if self.is_open:
            deliver(message)
