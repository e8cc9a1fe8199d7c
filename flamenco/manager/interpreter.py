"""Parts of Python that could delay the event loop, or keep memory: its collector, its threads.

A full collection looks at every object: a third of a second with 100,000 live tasks, seconds with a
million, during which nothing else happens. They hold no cycles, and what does dies young. So only
the young generations are collected by themselves, the rest by the housekeeping.
"""

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import trio

YOUNG = 5_000
"""Number of new objects that are collected together."""
MIDDLE = 2
NEVER = 1_000_000_000

GROWN = 20
"""Number of collections of the young and the middle generation after which a full one is worth its
pause: some 400,000 objects more than before have come, and not gone."""

LONGEST_WITHOUT_COLLECTION = 6 * 3600.0
"""Seconds after which garbage is collected, though everybody waits or little has come."""

TURN_SECONDS = 0.001
"""Seconds for which a computing thread delays the event loop each time that returns from a system
call; with Python's own 5 ms, a message took a second while a large job was loaded."""


@contextmanager
def responsive() -> Iterator[None]:
    """Prevent automatic full collections, and let threads yield soon, during the block.

    What is there before it, the program itself, is left out of all collections from then on.
    """
    before, turn = gc.get_threshold(), sys.getswitchinterval()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, NEVER)
    sys.setswitchinterval(TURN_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(turn)
        gc.set_threshold(*before)


@attrs.define
class Collector:
    """Full collections, of which each keeps everybody waiting."""

    _last: float = attrs.field(init=False, factory=trio.current_time)

    def collect(self, *, is_calm: bool) -> None:
        """Collect all garbage if nobody minds and there may be some, or if it has been too long.

        Thousands of clients that do nothing make none.
        """
        is_due = trio.current_time() - self._last >= LONGEST_WITHOUT_COLLECTION
        if is_due or (is_calm and gc.get_count()[-1] >= GROWN):
            self._last = trio.current_time()
            gc.collect()


def give_memory_back() -> None:
    """Give the system what is free between blocks that are used.

    glibc keeps it for itself: 120 MiB after 300 large bodies at once. It takes some milliseconds.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)
