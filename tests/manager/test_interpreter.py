"""Garbage is collected, and memory given back, without others waiting long for it."""

import gc
import sys

import psutil
import pytest

from flamenco.manager.interpreter import (
    GROWN,
    MIDDLE,
    YOUNG,
    collect_if_grown,
    give_memory_back,
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


@pytest.mark.skipif(sys.platform != "linux", reason="others give it back by themselves")
def test_the_memory_of_many_large_blocks_goes_back_to_the_system():
    """Every second one stays, so that what is free lies in between."""
    size, process = 2**16, psutil.Process()
    before = process.memory_info().rss
    blocks = [b"x" * size for _ in range(2000)]
    del blocks[::2]
    held = process.memory_info().rss
    give_memory_back()
    given = held - process.memory_info().rss
    assert held - before > 1900 * size
    assert given > 900 * size
