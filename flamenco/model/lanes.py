"""The ready tasks of a job, in lanes as the scheduler's board counts them."""

import heapq
from collections import Counter

import attrs

from flamenco.model.board import Lane


@attrs.define
class Lanes:
    """Waiting tasks by lane. Tasks are named by their place in the job."""

    counts: Counter[Lane] = attrs.field(factory=Counter)
    changed: set[Lane] = attrs.field(factory=set)
    """Lanes whose count changed since the set was last cleared."""
    _lane_of: dict[int, Lane] = attrs.field(factory=dict)
    _heaps: dict[Lane, list[int]] = attrs.field(factory=dict)

    def __len__(self) -> int:
        return len(self._lane_of)

    def put(self, place: int, lane: Lane | None) -> None:
        """Let a task wait in this lane; None: it does not wait."""
        before = self._lane_of.get(place)
        if before == lane:
            return
        if before is not None:
            del self._lane_of[place]
            self._count(before, -1)
        if lane is not None:
            self._lane_of[place] = lane
            self._count(lane, 1)
            heapq.heappush(self._heaps.setdefault(lane, []), place)

    def first(self, lane: Lane) -> int | None:
        """The place of the first task of a lane; None if it is empty."""
        heap = self._heaps.get(lane, [])
        while heap:
            if self._lane_of.get(heap[0]) == lane:
                return heap[0]
            heapq.heappop(heap)
        self._heaps.pop(lane, None)
        return None

    def any(self) -> int | None:
        """The place of any task that waits; None if there is none."""
        return next(iter(self._lane_of), None)

    def _count(self, lane: Lane, change: int) -> None:
        self.counts[lane] += change
        self.changed.add(lane)
        if not self.counts[lane]:
            del self.counts[lane]
