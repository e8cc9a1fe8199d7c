"""Bells of clients that wait for events: each rings for the topics that its client follows."""

from collections import defaultdict
from collections.abc import Iterable

import attrs
import trio

from web.topics import Topic


class Bell:
    """A wake-up call for one waiting task, which also notices an earlier ring."""

    def __init__(self) -> None:
        self.unread: int | None = None
        """Number of the first event that it has rung for, and that may not have been read."""
        self._rung = trio.Event()

    def ring(self, number: int) -> None:
        """Wake for the event with this number."""
        if self.unread is None:
            self.unread = number
        self.wake()

    def wake(self) -> None:
        self._rung.set()

    async def wait(self) -> None:
        await self._rung.wait()
        self._rung = trio.Event()


@attrs.define(eq=False)
class Bells:
    """All bells, so that an event costs nothing for clients that it does not concern."""

    _of: defaultdict[Topic, set[Bell]] = attrs.field(factory=lambda: defaultdict(set))

    def add(self, topic: Topic, bell: Bell) -> None:
        self._of[topic].add(bell)

    def remove(self, topic: Topic, bell: Bell) -> None:
        """Ring a bell no longer for a topic."""
        self._of[topic].discard(bell)
        if not self._of[topic]:
            del self._of[topic]

    def ring(self, topics: Iterable[Topic], number: int) -> None:
        """Ring for an event."""
        for topic in topics:
            for bell in self._of.get(topic, ()):
                bell.ring(number)

    @property
    def all(self) -> set[Bell]:
        """Every bell."""
        return set().union(*self._of.values())
