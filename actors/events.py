"""The event stream: publish to whoever listens, by type or by topic.

Publishing is a direct call and needs no task. A subscriber has a bounded buffer: one that is slow
loses its oldest events, which are counted, and never holds up the publisher.
"""

from __future__ import annotations

from collections import deque
from threading import get_ident
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import trio
from trio.lowlevel import checkpoint, enable_ki_protection

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

E = TypeVar("E")


class Subscription(Generic[E]):
    """An `async with` block in which events are received by `async for`; from `Events.subscribe`.

    Several tasks may receive: each event goes to one of them.
    `dropped` counts the events lost because the buffer was full.

    >>> import trio, actors
    >>> async def main():
    ...     async with actors.ActorSystem() as system:
    ...         async with system.events.subscribe(str, capacity=2) as events:
    ...             for word in ("one", "two", "three"):
    ...                 system.publish(word)
    ...             return await anext(events), await anext(events), events.dropped
    >>> trio.run(main)
    ('two', 'three', 1)
    """

    def __init__(self, events: Events, keys: tuple[type[Any] | str, ...], capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"a subscription needs a capacity of at least 1, got {capacity}")
        self._events = events
        self._keys = keys
        self._buffer: deque[E] = deque(maxlen=capacity)
        self._readers = trio.lowlevel.ParkingLot()
        self.dropped = 0

    def put(self, event: E) -> None:
        """Take an event in; the oldest makes room."""
        if len(self._buffer) == self._buffer.maxlen:
            self.dropped += 1
        self._buffer.append(event)
        self._readers.unpark()

    async def __aenter__(self) -> Self:
        self._events.attach(self, self._keys)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._events.detach(self, self._keys)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E:
        if self._buffer:
            await checkpoint()
        while not self._buffer:
            await self._readers.park()
        return self._buffer.popleft()


class Events:
    """The event stream of a system: `system.events`.

    >>> import trio, actors
    >>> async def main():
    ...     async with actors.ActorSystem() as system:
    ...         async with system.events.subscribe(actors.Stopped) as ends:
    ...             system.spawn(actors.Actor, name="short").stop()
    ...             return (await anext(ends)).ref.path
    >>> trio.run(main)
    '/short'
    """

    def __init__(self) -> None:
        self._subscribers: dict[type[Any] | str, list[Subscription[Any]]] = {}
        self._thread = get_ident()

    def subscribe(self, *keys: type[E] | str, capacity: int = 1000) -> Subscription[E]:
        """Receive events of these classes (and their subclasses) or published to these topics.

        >>> Events().subscribe(int, "jobs/7", capacity=10).dropped
        0
        """
        return Subscription(self, keys, capacity)

    @enable_ki_protection
    def publish(self, event: object, topic: str | None = None) -> None:
        """Give the event to all who subscribed to its class or to the topic, once each.

        Raises:
            RuntimeError: called from another thread.

        >>> Events().publish("nobody listens")
        """
        if get_ident() != self._thread:
            raise RuntimeError("publish() was called outside of the thread of its actor system")
        if not self._subscribers:
            return
        keys = (*type(event).__mro__, topic)
        found = {id(s): s for key in keys if key for s in self._subscribers.get(key, ())}
        for subscription in found.values():
            subscription.put(event)

    def wanted(self, kind: type) -> bool:
        """True if anybody would receive an event of this class.

        >>> Events().wanted(str)
        False
        """
        return bool(self._subscribers) and any(k in self._subscribers for k in kind.__mro__)

    @enable_ki_protection
    def attach(self, subscription: Subscription[Any], keys: tuple[type[Any] | str, ...]) -> None:
        """Begin to receive."""
        for key in keys:
            self._subscribers.setdefault(key, []).append(subscription)

    @enable_ki_protection
    def detach(self, subscription: Subscription[Any], keys: tuple[type[Any] | str, ...]) -> None:
        """Receive no more."""
        for key in keys:
            self._subscribers[key].remove(subscription)
            if not self._subscribers[key]:
                del self._subscribers[key]
