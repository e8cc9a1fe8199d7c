"""Rings of the newest events, each bounded by the number of its events and by their size."""

from bisect import bisect_right
from collections import deque
from operator import attrgetter
from typing import Any

import attrs

from flamenco.api.events import EVENT_NAMES
from web.told import Told
from web.topics import TOPICS, Topic
from web.wire import encode

WEIGHT = 32 * 2**20
"""Approximate maximum number of characters that a ring keeps."""

EVENT_WEIGHT = 512
"""Number of characters that an event counts without its texts."""

_FIELDS = {kind: [each.name for each in attrs.fields(kind)] for kind in EVENT_NAMES}


class Missed(Exception):
    """Events since a place are no longer known; the text says why."""


@attrs.define(eq=False)
class Happening:
    """An event, and its number."""

    number: int
    event: Any
    _told: Told | None = None

    @property
    def topics(self) -> tuple[Topic, ...]:
        return TOPICS[type(self.event)](self.event)

    def told(self, place: str) -> Told:
        """News of it for clients, made once for all; all have the same place after it."""
        if self._told is None:
            name = EVENT_NAMES[type(self.event)]
            self._told = Told(name, encode(self.event).decode(), place)
        return self._told

    @property
    def weight(self) -> int:
        texts = (getattr(self.event, name) for name in _FIELDS[type(self.event)])
        return EVENT_WEIGHT + sum(len(text) for text in texts if isinstance(text, str))


@attrs.define(eq=False)
class Ring:
    """The newest events, in the order of their numbers."""

    capacity: int
    """Maximum number of events."""
    _kept: deque[Happening] = attrs.field(factory=deque)
    _weight: int = 0
    _gone: int = 0
    """Number up to which events are no longer kept."""

    def keep(self, happening: Happening) -> None:
        """Keep an event, dropping the oldest to make room."""
        self._kept.append(happening)
        self._weight += happening.weight
        while len(self._kept) > self.capacity or (self._weight > WEIGHT and len(self._kept) > 1):
            dropped = self._kept.popleft()
            self._weight -= dropped.weight
            self._gone = dropped.number

    def forget(self, number: int) -> None:
        """Drop all events, since others up to this number are lost."""
        self._kept.clear()
        self._weight = 0
        self._gone = number

    def after(self, number: int) -> Happening | None:
        """The first event after a number; None as long as there is none.

        Raises `Missed` if it is no longer known.
        """
        if number < self._gone:
            raise Missed("too many events happened since then")
        if not self._kept or self._kept[-1].number <= number:
            return None
        return self._kept[bisect_right(self._kept, number, key=attrgetter("number"))]
