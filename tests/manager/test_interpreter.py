"""A full collection of garbage, which makes everybody wait, comes only if it may find some."""

import gc

import pytest

from flamenco.manager.interpreter import GROWN, MIDDLE, YOUNG, collect_if_grown, responsive


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
