"""What an artist is told of a job type that has changed."""

from typing import Any

import pytest

from addon.flamenco.job_types import JobType, parse_job_type
from addon.flamenco.type_changes import asks, changes, still_fits


def job_type(*settings: dict[str, Any]) -> JobType:
    return parse_job_type({"name": "t", "label": "T", "etag": "e", "settings": list(settings)})


LEVEL = {"key": "level", "type": "int32"}
MODE = {"key": "mode", "type": "string", "choices": ["fast", "good"]}


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ([LEVEL], [LEVEL], []),
        ([LEVEL], [LEVEL | {"label": "L", "description": "d"}], []),
        ([], [LEVEL], ['"Level" is new']),
        ([LEVEL], [], ['"Level" is gone']),
        (
            [LEVEL],
            [LEVEL | {"type": "string"}],
            ['"Level" takes text instead of a whole number'],
        ),
        ([MODE], [MODE | {"choices": ["best", "good"]}], ['"Mode" no longer offers "fast"']),
        ([LEVEL], [LEVEL | {"default": 3}], ['"Level" has other values or another default']),
    ],
)
def test_each_setting_that_differs_is_named(
    before: list[dict[str, Any]], now: list[dict[str, Any]], told: list[str]
) -> None:
    assert changes(job_type(*before), job_type(*now)) == told


@pytest.mark.parametrize(
    ("value", "before", "now", "fits"),
    [
        (90, LEVEL, LEVEL, True),
        (90, LEVEL, LEVEL | {"propargs": {"max": 50}}, False),
        (90, LEVEL, LEVEL | {"type": "string"}, False),
        ("fast", MODE, MODE | {"choices": ["best", "fast"]}, True),
        ("fast", MODE, MODE | {"choices": ["best"]}, False),
    ],
)
def test_a_value_is_kept_if_the_setting_can_still_have_it(
    value: object, before: dict[str, Any], now: dict[str, Any], fits: bool
) -> None:
    (old,), (new,) = job_type(before).settings, job_type(now).settings
    assert still_fits(value, old, new) is fits


NEEDED = {"key": "needed", "type": "string", "required": True}


@pytest.mark.parametrize(
    ("before", "now", "asked"),
    [
        ([], [NEEDED], ["Needed"]),
        ([NEEDED | {"default": "a"}], [NEEDED], ["Needed"]),
        ([NEEDED], [NEEDED], []),
        ([], [NEEDED | {"default": "a"}], []),
        ([], [NEEDED | {"eval": "C.scene.name"}], []),
        ([], [NEEDED | {"visible": "hidden"}], []),
        ([], [LEVEL], []),
    ],
)
def test_a_value_is_asked_for_if_only_the_artist_knows_it(
    before: list[dict[str, Any]], now: list[dict[str, Any]], asked: list[str]
) -> None:
    assert asks(job_type(*before), job_type(*now)) == asked
