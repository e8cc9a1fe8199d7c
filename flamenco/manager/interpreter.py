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

YOUNG = 5_000
"""Number of new objects that are collected together."""
MIDDLE = 2
NEVER = 1_000_000_000

GROWN = 20
"""Number of collections of the young and the middle generation after which a full one is worth its
pause: some 400,000 objects more than before have come, and not gone."""

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


def collect_if_grown() -> None:
    """Collect all garbage, if there may be some: thousands of clients that do nothing make none."""
    if gc.get_count()[-1] >= GROWN:
        gc.collect()


def give_memory_back() -> None:
    """Give the system what is free between blocks that are used.

    glibc keeps it for itself: 120 MiB after 300 large bodies at once. It takes some milliseconds.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)
