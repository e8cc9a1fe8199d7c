"""Everything that happens "after a while": ask timeouts, timers, limits of an end, passivation.

A Trio cancel scope per ask costs as much as the ask itself (5 us of 12), so all deadlines of a
system share one heap and one task, the reaper. It sleeps until the first deadline and never polls,
so that a virtual clock jumps straight there. An entry that is no longer wanted, or was set anew,
leaves its old place in the heap until that is due or until such places are the majority; then the
heap is rebuilt without them, so a million answered asks with long timeouts hold no memory.
"""

from __future__ import annotations

import heapq
import itertools
from math import inf, isnan
from typing import TYPE_CHECKING

import trio
from trio.lowlevel import enable_ki_protection

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.actor import Actor
    from actors.life import Life


def seconds_of(value: float, where: str) -> float:
    """A number of seconds, as it is; raises `TypeError` or `ValueError` for what is none.

    >>> seconds_of(None, "ask(timeout=)")
    Traceback (most recent call last):
    TypeError: ask(timeout=) expects a number of seconds, got None
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{where} expects a number of seconds, got {value!r}")
    if isnan(value):
        raise ValueError(f"{where} expects a number of seconds, got NaN")
    return value


class Entry:
    """Something with a deadline: `when`, on Trio's clock. `place` is 0 while it does not wait."""

    __slots__ = ("place", "when")

    def __init__(self) -> None:
        self.place = 0
        self.when = inf

    def expire(self) -> None:
        """The deadline has come. Runs in the reaper: synchronous, and must not raise."""
        raise AssertionError(f"{type(self).__name__} must say what happens at its deadline")


class Deadlines:
    """The deadlines of one system, in one heap of (time, place, entry)."""

    __slots__ = ("_heap", "_number", "_scope", "_stale", "_wake_at", "now")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Entry]] = []
        self._number = itertools.count(1)
        self._stale = 0
        self._wake_at = -inf  # the reaper is awake: it will look at the heap before it sleeps
        self._scope = trio.CancelScope()
        self.now: Callable[[], float] = trio.lowlevel.current_clock().current_time

    def add(self, seconds: float, entry: Entry) -> None:
        """Expire the entry after `seconds`, and at no other time that it may have waited for."""
        if entry.place:
            self.discard(entry)
        entry.when = when = self.now() + seconds
        entry.place = place = next(self._number)
        heapq.heappush(self._heap, (when, place, entry))
        if when < self._wake_at:
            self._wake_at = self._scope.deadline = when

    def discard(self, entry: Entry) -> None:
        """Forget the entry; nothing happens if it is not waiting."""
        if not entry.place:
            return
        entry.place = 0
        self._stale += 1
        if self._stale > 1000 and self._stale * 2 > len(self._heap):
            self._heap = [item for item in self._heap if item[2].place == item[1]]
            heapq.heapify(self._heap)
            self._stale = 0

    def waiting(self) -> list[Entry]:
        """All entries that still wait."""
        return [entry for _, place, entry in self._heap if entry.place == place]

    @enable_ki_protection
    async def run(self) -> None:
        """The reaper: sleep to the first deadline, expire what is due, again."""
        while True:
            self._expire_due()
            self._wake_at = self._heap[0][0] if self._heap else inf
            with trio.CancelScope(deadline=self._wake_at) as self._scope:
                await trio.sleep_forever()
            self._wake_at = -inf

    def _expire_due(self) -> None:
        while self._heap:
            when, place, entry = self._heap[0]
            wanted = entry.place == place
            if wanted and when > self.now():
                return
            heapq.heappop(self._heap)
            if wanted:
                entry.place = 0
                entry.expire()
            else:
                self._stale -= 1


class Timer(Entry):
    """From `Actor.after` or `Actor.every`; gone with the life that set it.

    A periodic timer keeps its rhythm. If the actor is so busy that the last message still waits in
    the mailbox, the next one is left out: ticks never pile up.

    >>> import trio, actors
    >>> class Clock(actors.Actor):
    ...     async def started(self):
    ...         self.timer = self.every(0.001, "tick")
    ...     @actors.handles(str)
    ...     def tick(self, message):
    ...         print(message)
    ...         self.timer.cancel()
    ...         self.stop()
    >>> async def main():
    ...     async with actors.ActorSystem() as system:
    ...         await system.spawn(Clock).stopped()
    >>> trio.run(main)
    tick
    """

    __slots__ = ("_due", "_life", "_message", "_period", "_queued", "active")

    def __init__(self, life: Life, seconds: float, message: object, period: float | None) -> None:
        super().__init__()
        self._life = life
        self._message = message
        self._period = period
        self._queued = False  # the timer itself is what lies in the mailbox
        self.active = True
        deadlines = life.cell.system.deadlines
        self._due = deadlines.now() + seconds
        life.timers = life.timers or set()
        life.timers.add(self)
        deadlines.add(seconds, self)

    @enable_ki_protection
    def cancel(self) -> None:
        """No further message comes, not even one that waits in the mailbox already.

        >>> from actors import Actor, handles
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     async def started(self):
        ...         self.after(10.0, "out").cancel()
        ...     @handles(str)
        ...     def show(self, message):
        ...         print(message)
        >>> play(Lamp)
        """
        self.active = False
        self._life.cell.system.deadlines.discard(self)
        if self._life.timers is not None:
            self._life.timers.discard(self)

    def expire(self) -> None:
        """Put the timer into the mailbox, and set it again if it is periodic."""
        cell = self._life.cell
        if not self._queued:
            self._queued = True
            cell.ref._deliver(self)
        if self._period is not None:
            now = cell.system.deadlines.now()
            self._due += self._period
            if self._due <= now:
                self._due = now + self._period
            cell.system.deadlines.add(self._due - now, self)


def ring(actor: Actor, timer: Timer) -> object:
    """The handler of timers: hand the message to its own handler, unless cancelled meanwhile."""
    timer._queued = False
    if not timer.active:
        return None
    if timer._period is None:
        timer.cancel()
    return actor._cell.dispatch(timer._message)
