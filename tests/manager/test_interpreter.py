"""Garbage is collected, and memory given back, without others waiting long for it."""

import gc
import subprocess
import sys

import pytest

from flamenco.manager.interpreter import (
    GROWN,
    MIDDLE,
    YOUNG,
    collect_if_grown,
    responsive,
)


@pytest.mark.parametrize(
    ("lists", "collected"), [(0, 0), (YOUNG, 0), ((GROWN + 1) * YOUNG * (MIDDLE + 2), 1)]
)
def test_all_garbage_is_collected_only_when_much_has_come_and_stayed(lists, collected):
    full = []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "stop" and info["generation"] == 2:
            full.append(info)

    with responsive():
        gc.callbacks.append(note)
        stayed = [[] for _ in range(lists)]
        collect_if_grown()
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
