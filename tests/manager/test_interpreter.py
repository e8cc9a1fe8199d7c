"""Garbage is collected, and memory given back, without others waiting long for it."""

import gc
import subprocess
import sys

import pytest
import trio

from flamenco.manager.interpreter import (
    GROWN,
    LONGEST_WITHOUT_COLLECTION,
    MIDDLE,
    YOUNG,
    Collector,
    responsive,
)

FEW, MANY = YOUNG, (GROWN + 1) * YOUNG * (MIDDLE + 2)
LONG = LONGEST_WITHOUT_COLLECTION


@pytest.mark.parametrize(
    ("lists", "is_calm", "after", "collected"),
    [
        (0, True, 0.0, 0),
        (FEW, True, LONG - 1, 0),
        (MANY, True, 0.0, 1),
        (MANY, False, LONG - 1, 0),
        (MANY, False, LONG, 1),
        (0, True, LONG, 1),
        (0, False, LONG, 1),
    ],
)
async def test_all_garbage_is_collected_when_much_has_stayed_and_nobody_waits_or_after_hours(
    lists, is_calm, after, collected, autojump_clock
):
    full = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "stop" and info["generation"] == 2:
            full.append(info)

    collector = Collector()
    await trio.sleep(after)
    with responsive():
        gc.callbacks.append(note)
        stayed = [[] for _ in range(lists)]
        collector.collect(is_calm=is_calm)
        collector.collect(is_calm=False)
        gc.callbacks.remove(note)
    assert (len(stayed), len(full)) == (lists, collected)


MEMORY_OF_BLOCKS = """
import psutil
from flamenco.manager.interpreter import give_memory_back

blocks = [b"x" * 2**16 for _ in range(2000)]
del blocks[::2]
held = psutil.Process().memory_info().rss
give_memory_back()
print(held - psutil.Process().memory_info().rss)
"""
"""In a process of its own: what other tests have freed would be given back too, or be used."""


@pytest.mark.skipif(sys.platform != "linux", reason="others give it back by themselves")
def test_the_memory_of_many_large_blocks_goes_back_to_the_system():
    """Every second one stays, so that what is free lies in between."""
    ran = subprocess.run(
        [sys.executable, "-c", MEMORY_OF_BLOCKS], capture_output=True, text=True, check=True
    )
    assert int(ran.stdout) > 900 * 2**16
