"""The chronicle: recent events of the farm, numbered, for all clients that follow it live.

Each event is kept once, in a ring of bounded size, and read by each client at its own pace: a slow
one does not hold up others, and one that comes back after a broken connection reads on where it
was. A client that is further behind than the ring reaches is told to fetch everything again.

Lines of logs have a ring of their own. There are more of them than of all else, and a client that
follows no log misses nothing when they are gone.
"""

import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import attrs
import trio

import actors
from flamenco.api.events import EventFramesUpdate, EventTaskLogUpdate, EventWorkerTask
from web.bells import Bell, Bells
from web.gathering import Gathering
from web.pulse import Pulse
from web.rings import Happening, Missed, Ring
from web.told import Told
from web.topics import One, Topic
from web.wire import encode

CAPACITY = 10_000
"""Maximum number of events that are kept, and of lines of logs."""

WAITING = 10_000
"""Maximum number of events that a chronicle may be behind."""

GATHERING_SECONDS = 1.0
"""Seconds for which changes of frames and of what workers hold are gathered."""


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
    _gathering: Gathering = attrs.field(factory=Gathering)
    _gathered: trio.Event = attrs.field(factory=trio.Event)
    _events: Ring = attrs.field(init=False)
    _logs: Ring = attrs.field(init=False)
    bells: Bells = attrs.field(factory=Bells)
    """The bells of all clients that wait."""
    pulse: Pulse = attrs.field(factory=Pulse)
    """The signs of life of all clients that wait."""
    _alive: Told | None = None

    def __attrs_post_init__(self) -> None:
        self._events, self._logs = Ring(self.capacity), Ring(self.capacity)

    @asynccontextmanager
    async def kept(self, events: actors.Subscription[Any]) -> AsyncIterator[None]:
        """Record all events that come during the block."""
        async with events, trio.open_nursery() as nursery:
            nursery.start_soon(self._keep, events)
            nursery.start_soon(self.pulse.run)
            nursery.start_soon(self._tell_gathered)
            yield
            nursery.cancel_scope.cancel()

    async def _keep(self, events: actors.Subscription[Any]) -> None:
        dropped = 0
        async for event in events:
            if events.dropped != dropped:
                self.skip(events.dropped - dropped)
                dropped = events.dropped
            if isinstance(event, EventFramesUpdate | EventWorkerTask):
                self._gathering.add(event)
                self._gathered.set()
            else:
                self.record(event)

    async def _tell_gathered(self) -> None:
        while True:
            await self._gathered.wait()
            await trio.sleep(GATHERING_SECONDS)
            self._gathered = trio.Event()
            for event in self._gathering.take():
                self.record(event)

    def record(self, event: object) -> None:
        """Record an event, and wake the clients that wait for one like it."""
        self.last += 1
        ring = self._logs if isinstance(event, EventTaskLogUpdate) else self._events
        happening = Happening(self.last, event)
        ring.keep(happening)
        self.bells.ring(happening.topics, self.last)

    def skip(self, count: int) -> None:
        """Note that events were lost, so that clients that have not read up to here missed them."""
        self.last += count
        for ring in (self._events, self._logs):
            ring.forget(self.last)
        for bell in self.bells.all:
            bell.ring(self.last)

    def end(self) -> None:
        """Note that there will be no more events."""
        self.ended = True
        for bell in self.bells.all:
            bell.wake()

    def after(self, number: int, *, with_logs: bool) -> Happening | None:
        """The first event after a number; None as long as there is none.

        Raises `Missed` if it is no longer known.
        """
        event = self._events.after(number)
        line = self._logs.after(number) if with_logs else None
        if event is None or line is None:
            return event or line
        return min(event, line, key=lambda happening: happening.number)

    # Places as clients see them

    def place(self, number: int) -> str:
        """The text with which a client reads on after an event."""
        return f"{self.epoch}-{number}"

    def number(self, place: str) -> int:
        """The number at a place. Raises `Missed` if the place is not one of this run."""
        epoch, _, number = place.partition("-")
        if epoch != self.epoch or not number.isdecimal() or not number.isascii():
            raise Missed("the Manager has restarted since then")
        found = int(number[:20])
        if found > self.last:
            raise Missed("this place is not known")
        return found

    @property
    def alive(self) -> Told:
        """A sign of life for clients that have read everything."""
        place = self.place(self.last)
        if self._alive is None or self._alive.place != place:
            self._alive = Told(ALIVE, "{}", place)
        return self._alive

    @property
    def followed(self) -> bool:
        """True if any client waits for events."""
        return bool(self.bells.all)


@attrs.define(eq=False)
class Follower:
    """A client's way through a chronicle."""

    chronicle: Chronicle
    _at: int = 0
    _since: dict[Topic, int] = attrs.field(factory=dict)
    """{topic: number after which its events are sent}."""
    _logs: set[Topic] = attrs.field(factory=set)
    """The logs among these topics."""
    _bell: Bell = attrs.field(factory=Bell)
    _listens: bool = False
    """True if the bell rings for what is followed; else every event is looked at."""
    _was_told: bool = True
    """True if something was told since the last beat of the pulse."""
    _is_due: bool = False
    """True if it is time for a sign of life."""
    at_once: Callable[[bytes], bool] | None = None
    """Function that sends a frame without waking anybody, and returns False if it can't."""

    @classmethod
    def of(cls, chronicle: Chronicle, topics: Iterable[Topic]) -> "Follower":
        """A follower of these topics from now on."""
        follower = cls(chronicle, chronicle.last)
        for topic in topics:
            follower.follow(topic)
        return follower

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
        if self._listens:
            self.chronicle.bells.add(topic, self._bell)
        if topic.kind == One.TASK_LOG:
            self._logs.add(topic)

    def leave(self, topic: Topic) -> None:
        """Send no more events of a topic."""
        if self._since.pop(topic, None) is not None and self._listens:
            self.chronicle.bells.remove(topic, self._bell)
        self._logs.discard(topic)

    def resume(self, place: str, topics: Iterable[Topic]) -> Told | None:
        """Go back to a place, and follow these topics, too, from there on.

        If that is not possible, they are followed from now on, and the client is told so.
        """
        for topic in topics:
            self.follow(topic)
        try:
            number = self.chronicle.number(place)
            self.chronicle.after(number, with_logs=bool(self._logs))
        except Missed as missed:
            return self._resync(missed)
        self._at, self._bell.unread = number, number + 1
        self._since = dict.fromkeys(self._since, number)
        return None

    def next(self) -> Told | None:
        """The next event for the client; None as long as there is none."""
        told = self._find()
        if told is not None:
            self._was_told = True
        return told

    def _find(self) -> Told | None:
        if self._listens and self._bell.unread is None:
            self._at = self.chronicle.last
            return None
        self._at = max(self._at, (self._bell.unread or 0) - 1)
        try:
            while happening := self.chronicle.after(self._at, with_logs=bool(self._logs)):
                self._at = happening.number
                if self._concerns(happening):
                    return happening.told(self.place)
        except Missed as missed:
            return self._resync(missed)
        self._at, self._bell.unread = self.chronicle.last, None
        return None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Be woken by what is followed, and by the pulse, as long as the block is not left."""
        self._listens, self._bell.unread = True, self._at + 1
        self.chronicle.pulse.add(self)
        for topic in self._since:
            self.chronicle.bells.add(topic, self._bell)
        try:
            yield
        finally:
            self._listens = False
            self.chronicle.pulse.remove(self)
            for topic in self._since:
                self.chronicle.bells.remove(topic, self._bell)

    def wake(self) -> None:
        """End its present wait for news."""
        self._bell.wake()

    async def news(self) -> Told | None:
        """Wait for an event; when the client was told nothing for a while, it gets a sign of life.

        That is so even if there are many events which don't concern it.
        """
        await self._bell.wait()
        is_due, self._is_due = self._is_due, False
        if not is_due or self._bell.unread is not None:
            return None
        self._at, self._was_told = self.chronicle.last, True
        return self.chronicle.alive

    def beat(self) -> None:
        """Have a sign of life told, if the beat before was the last thing to happen."""
        is_quiet, self._was_told = not self._was_told, False
        if not is_quiet:
            return
        alive = self.chronicle.alive
        if self.at_once is not None and self._bell.unread is None and self.at_once(alive.frame):
            self._at, self._was_told = self.chronicle.last, True
        else:
            self._is_due = True
            self._bell.wake()

    def _concerns(self, happening: Happening) -> bool:
        return any(
            self._since.get(topic, happening.number) < happening.number
            for topic in happening.topics
        )

    def _resync(self, missed: Missed) -> Told:
        """Go on from the present."""
        self._at, self._bell.unread = self.chronicle.last, None
        self._since = dict.fromkeys(self._since, self._at)
        reason = encode({"reason": str(missed)}).decode()
        return Told(RESYNC, reason, self.place)


RESYNC = "/resync"
"""Name of the event that tells a client to fetch everything it shows again."""

ALIVE = "/alive"
"""Name of the event that tells a client its place, and that the Manager is alive."""
