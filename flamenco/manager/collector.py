"""Python's garbage collector, told that most of what the Manager holds is there to stay.

A full collection looks at every object: a third of a second with 100,000 live tasks, seconds with a
million, during which nothing else happens. They hold no cycles, and what does dies young. So only
the young generations are collected by themselves; the rest when a farm has nothing to do.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG = 20_000
"""So many more objects than before are looked at together."""
MIDDLE = 20
NEVER = 1_000_000_000


@contextmanager
def patient_collector() -> Iterator[None]:
    """No full collection happens by itself as long as the block lasts."""
    before = gc.get_threshold()
    gc.set_threshold(YOUNG, MIDDLE, NEVER)
    try:
        yield
    finally:
        gc.set_threshold(*before)
