"""Numbers of choices, as Blender's menus can carry them."""

import struct
import uuid

import pytest

from addon.flamenco import choices


def test_a_number_survives_as_a_float_and_belongs_to_one_choice_only() -> None:
    given = [str(uuid.UUID(int=place)) for place in range(20_000)]
    numbers = [choices.number(each) for each in given]
    carried = [int(struct.unpack("f", struct.pack("f", each))[0]) for each in numbers]
    assert carried == numbers
    assert len(set(numbers)) == len(given)
    assert min(numbers) > 0
    assert [choices.number(each) for each in reversed(given)] == numbers[::-1]


def test_a_number_is_the_same_in_the_next_blender(monkeypatch: pytest.MonkeyPatch) -> None:
    before = choices.number("simple-blender-render")
    monkeypatch.setattr(choices, "_owners", {})
    assert choices.number("simple-blender-render") == before
