"""The chronicle: recent events of the farm, numbered, for all clients that follow it live.

Each event is kept once, in a ring of bounded size, and read by each client at its own pace: a slow
one does not hold up others, and one that comes back after a broken connection reads on where it
was. A client that is further behind than the ring reaches is told to fetch everything again.
"""

import secrets
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import attrs
import trio

import actors
from flamenco.api.events import EVENT_NAMES, EventTaskLogUpdate
from web.topics import TOPICS, Topic
from web.wire import encode

CAPACITY = 10_000
"""Maximum number of events that are kept."""

WEIGHT = 32 * 2**20
"""Approximate maximum number of characters of task logs that are kept."""

EVENT_WEIGHT = 512
"""Number of characters that an event counts without its log."""

WAITING = 10_000
"""Maximum number of events that a chronicle may be behind."""


class Missed(Exception):
    """Events since a place are no longer known; the text says why."""


@attrs.define(eq=False)
class Happening:
    """An event, and its number."""

    number: int
    event: Any
    _json: str | None = None

    @property
    def name(self) -> str:
        return EVENT_NAMES[type(self.event)]

    @property
    def topics(self) -> tuple[Topic, ...]:
        return TOPICS[type(self.event)](self.event)

    @property
    def payload(self) -> str:
        """The event as JSON, made once for all clients."""
        if self._json is None:
            self._json = encode(self.event).decode()
        return self._json

    @property
    def weight(self) -> int:
        event = self.event
        return EVENT_WEIGHT + (len(event.log) if isinstance(event, EventTaskLogUpdate) else 0)


@attrs.define(eq=False)
class Chronicle:
    """The events of this run of the Manager, numbered from 1."""

    capacity: int = CAPACITY
    epoch: str = attrs.field(factory=lambda: secrets.token_hex(4))
    """Random text that identifies this run of the Manager: numbers of other runs mean nothing."""
    last: int = 0
    """Number of the newest event."""
    ended: bool = False
    """True if there will be no more events, since the Manager is stopping."""
    _kept: deque[Happening] = attrs.field(factory=deque)
    _weight: int = 0
    _bells: set["Bell"] = attrs.field(factory=set)

    @asynccontextmanager
    async def kept(self, events: actors.Subscription[Any]) -> AsyncIterator[None]:
        """Record all events that come during the block."""
        async with events, trio.open_nursery() as nursery:
            nursery.start_soon(self._keep, events)
            yield
            nursery.cancel_scope.cancel()

    async def _keep(self, events: actors.Subscription[Any]) -> None:
        dropped = 0
        async for event in events:
            if events.dropped != dropped:
                self.skip(events.dropped - dropped)
                dropped = events.dropped
            self.record(event)

    def record(self, event: object) -> None:
        """Record an event, dropping the oldest to make room, and wake the clients that wait."""
        self.last += 1
        happening = Happening(self.last, event)
        self._kept.append(happening)
        self._weight += happening.weight
        while len(self._kept) > self.capacity or (self._weight > WEIGHT and len(self._kept) > 1):
            self._weight -= self._kept.popleft().weight
        self._ring()

    def skip(self, count: int) -> None:
        """Note that events were lost, so that clients that have not read up to here missed them."""
        self.last += count
        self._kept.clear()
        self._weight = 0

    def end(self) -> None:
        """Note that there will be no more events."""
        self.ended = True
        self._ring()

    def after(self, number: int) -> Happening | None:
        """The event after a number; None as long as there is none.

        Raises `Missed` if it is no longer known.
        """
        if number >= self.last:
            return None
        first = self.last - len(self._kept) + 1
        if number + 1 < first:
            raise Missed("too many events happened since then")
        return self._kept[number + 1 - first]

    # Places as clients see them

    def place(self, number: int) -> str:
        """The text with which a client reads on after an event."""
        return f"{self.epoch}-{number}"

    def number(self, place: str) -> int:
        """The number at a place. Raises `Missed` if the events after it are not known."""
        epoch, _, number = place.partition("-")
        if epoch != self.epoch or not number.isdecimal() or not number.isascii():
            raise Missed("the Manager has restarted since then")
        found = int(number[:20])
        if found > self.last:
            raise Missed("this place is not known")
        if found < self.last:
            self.after(found)
        return found

    # Waiting

    @property
    def followed(self) -> bool:
        """True if any client waits for events."""
        return bool(self._bells)

    @contextmanager
    def listening(self) -> Iterator["Bell"]:
        """A bell that rings after an event."""
        bell = Bell()
        self._bells.add(bell)
        try:
            yield bell
        finally:
            self._bells.discard(bell)

    def _ring(self) -> None:
        for bell in self._bells:
            bell.ring()


class Bell:
    """A wake-up call for one waiting task, which also notices an earlier ring."""

    def __init__(self) -> None:
        self._rung = trio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self) -> None:
        await self._rung.wait()
        self._rung = trio.Event()


@attrs.frozen
class Told:
    """An event for a client: its name, its payload as JSON, and the place to read on from."""

    name: str
    payload: str
    place: str


@attrs.define(eq=False)
class Follower:
    """A client's way through a chronicle."""

    chronicle: Chronicle
    _at: int = 0
    _since: dict[Topic, int] = attrs.field(factory=dict)
    """{topic: number after which its events are sent}."""

    @classmethod
    def of(cls, chronicle: Chronicle, topics: Iterable[Topic]) -> "Follower":
        """A follower of these topics from now on."""
        return cls(chronicle, chronicle.last, dict.fromkeys(topics, chronicle.last))

    @property
    def place(self) -> str:
        """The client's place."""
        return self.chronicle.place(self._at)

    @property
    def topics(self) -> Iterable[Topic]:
        """The topics that it follows now."""
        return self._since.keys()

    def follow(self, topic: Topic) -> None:
        """Send events of a topic from now on."""
        self._since.setdefault(topic, self.chronicle.last)

    def leave(self, topic: Topic) -> None:
        """Send no more events of a topic."""
        self._since.pop(topic, None)

    def resume(self, place: str, topics: Iterable[Topic]) -> Told | None:
        """Go back to a place, and follow these topics, too, from there on.

        If that is not possible, they are followed from now on, and the client is told so.
        """
        topics = tuple(topics)
        try:
            number = self.chronicle.number(place)
        except Missed as missed:
            for topic in topics:
                self.follow(topic)
            return self._resync(missed)
        self._at = number
        self._since |= dict.fromkeys([*topics, *self._since], number)
        return None

    def next(self) -> Told | None:
        """The next event for the client; None as long as there is none."""
        try:
            while (happening := self.chronicle.after(self._at)) is not None:
                self._at = happening.number
                if self._concerns(happening):
                    return Told(happening.name, happening.payload, self.place)
        except Missed as missed:
            return self._resync(missed)
        return None

    async def news(self, bell: Bell) -> Told | None:
        """Wait for an event; after some silence, give a sign of life of the Manager."""
        with trio.move_on_after(QUIET_SECONDS) as quiet:
            await bell.wait()
        return Told(ALIVE, "{}", self.place) if quiet.cancelled_caught else None

    def _concerns(self, happening: Happening) -> bool:
        return any(
            self._since.get(topic, happening.number) < happening.number
            for topic in happening.topics
        )

    def _resync(self, missed: Missed) -> Told:
        """Go on from the present."""
        self._at = self.chronicle.last
        self._since = dict.fromkeys(self._since, self._at)
        reason = encode({"reason": str(missed)}).decode()
        return Told(RESYNC, reason, self.place)


RESYNC = "/resync"
"""Name of the event that tells a client to fetch everything it shows again."""

ALIVE = "/alive"
"""Name of the event that tells a client its place, and that the Manager is alive."""

QUIET_SECONDS = 10.0
"""Maximum seconds of silence for a client."""
