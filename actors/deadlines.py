"""Everything that happens "after a while": ask timeouts, timers, stop limits, passivation.

A Trio cancel scope per ask costs as much as the ask itself (5 us of 12), so all deadlines of a
system share one heap and one task, the reaper. It sleeps until the first deadline and never polls,
so that a virtual clock jumps straight there. An entry that is no longer wanted stays in the heap
until it is due or until such entries are the majority; then the heap is rebuilt without them, so
a million answered asks with long timeouts hold no memory.
"""

from __future__ import annotations

import heapq
import itertools
from math import inf
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Callable


class Entry:
    """Something with a deadline. `pending` is True while it waits in the heap."""

    __slots__ = ("pending",)

    def __init__(self) -> None:
        self.pending = False

    def expire(self) -> None:
        """The deadline has come. Runs in the reaper: synchronous, and must not raise."""
        raise AssertionError(f"{type(self).__name__} must say what happens at its deadline")


class Deadlines:
    """The deadlines of one system, in one heap."""

    __slots__ = ("_heap", "_number", "_scope", "_stale", "_wake_at", "now")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Entry]] = []
        self._number = itertools.count()
        self._stale = 0
        self._wake_at = -inf  # the reaper is awake: it will look at the heap before it sleeps
        self._scope = trio.CancelScope()
        self.now: Callable[[], float] = trio.lowlevel.current_clock().current_time

    def add(self, seconds: float, entry: Entry) -> None:
        """Expire the entry after `seconds` of Trio's clock."""
        when = self.now() + seconds
        entry.pending = True
        heapq.heappush(self._heap, (when, next(self._number), entry))
        if when < self._wake_at:
            self._wake_at = self._scope.deadline = when

    def discard(self, entry: Entry) -> None:
        """Forget the entry; nothing happens if it is not waiting."""
        if not entry.pending:
            return
        entry.pending = False
        self._stale += 1
        if self._stale > 1000 and self._stale * 2 > len(self._heap):
            self._heap = [item for item in self._heap if item[2].pending]
            heapq.heapify(self._heap)
            self._stale = 0

    def pending(self) -> list[Entry]:
        """All entries that still wait."""
        return [entry for _, _, entry in self._heap if entry.pending]

    def _expire_due(self) -> None:
        while self._heap and (self._heap[0][0] <= self.now() or not self._heap[0][2].pending):
            _, _, entry = heapq.heappop(self._heap)
            if entry.pending:
                entry.pending = False
                entry.expire()
            else:
                self._stale -= 1

    async def run(self) -> None:
        """The reaper: sleep to the first deadline, expire what is due, again."""
        while True:
            self._expire_due()
            self._wake_at = self._heap[0][0] if self._heap else inf
            with trio.CancelScope(deadline=self._wake_at) as self._scope:
                await trio.sleep_forever()
            self._wake_at = -inf
