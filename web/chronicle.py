"""The chronicle: what happened on the farm lately, numbered, for all who follow it live.

Each event is kept once, in a ring of bounded size, and read by each client at its own pace: a slow
one holds up nobody, and one that comes back after a broken connection reads on where it was. Who
is further behind than the ring reaches is told to fetch anew.
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
"""Events that are kept."""

WEIGHT = 32 * 2**20
"""Characters of task logs that are kept, more or less."""

EVENT_WEIGHT = 512
"""Of an event without its log."""

WAITING = 10_000
"""Events that a chronicle may be behind."""


class Missed(Exception):
    """Not all that happened since is known any more; the text says why."""


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
        """JSON, made once for all who get it."""
        if self._json is None:
            self._json = encode(self.event).decode()
        return self._json

    @property
    def weight(self) -> int:
        event = self.event
        return EVENT_WEIGHT + (len(event.log) if isinstance(event, EventTaskLogUpdate) else 0)


@attrs.define(eq=False)
class Chronicle:
    """What happened in this life of the Manager. The first event has the number 1."""

    capacity: int = CAPACITY
    epoch: str = attrs.field(factory=lambda: secrets.token_hex(4))
    """Differs in each life of the Manager: numbers of another one mean nothing."""
    last: int = 0
    """Number of the newest event."""
    ended: bool = False
    """Whether nothing more will happen: the Manager stops."""
    _kept: deque[Happening] = attrs.field(factory=deque)
    _weight: int = 0
    _bells: set["Bell"] = attrs.field(factory=set)

    @asynccontextmanager
    async def kept(self, events: actors.Subscription[Any]) -> AsyncIterator[None]:
        """Write down all events that come meanwhile."""
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
        """Write down an event, and wake whoever waits for one; the oldest make room."""
        self.last += 1
        happening = Happening(self.last, event)
        self._kept.append(happening)
        self._weight += happening.weight
        while len(self._kept) > self.capacity or (self._weight > WEIGHT and len(self._kept) > 1):
            self._weight -= self._kept.popleft().weight
        self._ring()

    def skip(self, count: int) -> None:
        """Some events were lost: who has not read up to here has missed them."""
        self.last += count
        self._kept.clear()
        self._weight = 0

    def end(self) -> None:
        """Nothing more will happen."""
        self.ended = True
        self._ring()

    def after(self, number: int) -> Happening | None:
        """The event that follows a number; None as long as there is none.

        Raises `Missed` if it is not known any more.
        """
        if number >= self.last:
            return None
        first = self.last - len(self._kept) + 1
        if number + 1 < first:
            raise Missed("too much has happened since")
        return self._kept[number + 1 - first]

    # Places, as clients see them

    def place(self, number: int) -> str:
        """What a client names to read on after an event."""
        return f"{self.epoch}-{number}"

    def number(self, place: str) -> int:
        """The number at a place. Raises `Missed` if nothing is known of what followed it."""
        epoch, _, number = place.partition("-")
        if epoch != self.epoch or not number.isdecimal() or not number.isascii():
            raise Missed("the Manager has started anew since")
        found = int(number[:20])
        if found > self.last:
            raise Missed("nothing is known of this place")
        if found < self.last:
            self.after(found)
        return found

    # Waiting

    @property
    def followed(self) -> bool:
        """Whether anybody waits for events."""
        return bool(self._bells)

    @contextmanager
    def listening(self) -> Iterator["Bell"]:
        """A bell that rings when something has happened."""
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
    """Wakes the one who waits; one that was rung before is heard too."""

    def __init__(self) -> None:
        self._rung = trio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self) -> None:
        await self._rung.wait()
        self._rung = trio.Event()


@attrs.frozen
class Told:
    """What a client is told: an event's name, its payload as JSON, the place to read on from."""

    name: str
    payload: str
    place: str


@attrs.define(eq=False)
class Follower:
    """A client's way through a chronicle."""

    chronicle: Chronicle
    _at: int = 0
    _since: dict[Topic, int] = attrs.field(factory=dict)
    """{topic: number after which its events are told}"""

    @classmethod
    def of(cls, chronicle: Chronicle, topics: Iterable[Topic]) -> "Follower":
        """One that follows these topics from now on."""
        return cls(chronicle, chronicle.last, dict.fromkeys(topics, chronicle.last))

    @property
    def place(self) -> str:
        """Where the client is."""
        return self.chronicle.place(self._at)

    @property
    def topics(self) -> Iterable[Topic]:
        """What it follows now."""
        return self._since.keys()

    def follow(self, topic: Topic) -> None:
        """From now on tell what belongs to a topic."""
        self._since.setdefault(topic, self.chronicle.last)

    def leave(self, topic: Topic) -> None:
        """Tell no more of it."""
        self._since.pop(topic, None)

    def resume(self, place: str, topics: Iterable[Topic]) -> Told | None:
        """Go back to a place, and from there on tell of these topics too.

        If that can't be done, they are told of from now on, and the client is told so.
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
        """What the client is to be told next; None as long as there is nothing."""
        try:
            while (happening := self.chronicle.after(self._at)) is not None:
                self._at = happening.number
                if self._concerns(happening):
                    return Told(happening.name, happening.payload, self.place)
        except Missed as missed:
            return self._resync(missed)
        return None

    async def news(self, bell: Bell) -> Told | None:
        """Wait until something happens; after a quiet while say that the Manager is there."""
        with trio.move_on_after(QUIET_SECONDS) as quiet:
            await bell.wait()
        return Told(ALIVE, "{}", self.place) if quiet.cancelled_caught else None

    def _concerns(self, happening: Happening) -> bool:
        return any(
            self._since.get(topic, happening.number) < happening.number
            for topic in happening.topics
        )

    def _resync(self, missed: Missed) -> Told:
        """Go on from now."""
        self._at = self.chronicle.last
        self._since = dict.fromkeys(self._since, self._at)
        reason = encode({"reason": str(missed)}).decode()
        return Told(RESYNC, reason, self.place)


RESYNC = "/resync"
"""The event that tells a client to fetch anew what it shows."""

ALIVE = "/alive"
"""The event that tells a client where it is, and that the Manager is there."""

QUIET_SECONDS = 10.0
"""So long a client may hear nothing of the Manager."""
