"""What a farm did hour by hour, and which frames stand out among the others."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flamenco.model.frametimes import ENOUGH, LEAST_FACTOR, frame_times
from flamenco.model.usage import HOUR, Span, by_hours

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTES = st.integers(-600, 600).map(lambda number: NOON + timedelta(minutes=number))


def span(begin: float, end: float, frames: int = 1, *, failed: bool = False) -> Span:
    """An attempt between two times, in hours from noon."""
    return Span(NOON + HOUR * begin, NOON + HOUR * end, frames, failed)


def told(*spans: Span) -> list[tuple[int, int, int, float]]:
    hours = by_hours(spans, NOON, NOON + 3 * HOUR)
    return [(each.frames, each.completed, each.failed, each.busy_seconds) for each in hours]


NONE = (0, 0, 0, 0.0)


def test_an_attempt_counts_where_it_ends_and_keeps_its_worker_busy_all_along():
    assert told(span(0.5, 2.5, 3)) == [(0, 0, 0, 1800.0), (0, 0, 0, 3600.0), (3, 1, 0, 1800.0)]


def test_of_what_began_earlier_or_goes_on_only_the_time_within_counts():
    assert told(span(-5, 0.25), span(2.5, 9)) == [(1, 1, 0, 900.0), NONE, (0, 0, 0, 1800.0)]
    assert told(span(-5, -1), span(4, 5)) == [NONE, NONE, NONE]


def test_failures_are_counted_by_themselves():
    assert told(span(1, 1.5, 0, failed=True))[1] == (0, 0, 1, 1800.0)


def test_the_first_hour_begins_on_the_clock():
    hours = by_hours([], NOON + timedelta(minutes=20), NOON + timedelta(minutes=70))
    assert [each.start for each in hours] == [NOON, NOON + HOUR]


@given(st.lists(st.tuples(MINUTES, MINUTES)), MINUTES, MINUTES)
def test_no_second_is_lost_or_counted_twice(times, since, now):
    spans = [Span(min(each), max(each)) for each in times]
    inside = (min(each.ended, now) - max(each.started, since) for each in spans)
    expected = sum(max(0.0, each.total_seconds()) for each in inside)
    busy = sum(hour.busy_seconds for hour in by_hours(spans, since, now))
    assert busy == pytest.approx(expected if now > since else 0.0)


# Frames that stand out


def test_without_times_there_are_no_statistics():
    assert frame_times([]) is None


def test_one_time_is_all_of_the_statistics():
    found = frame_times([3.0])
    assert {found.mean, found.shortest, found.median, found.third_quartile} == {3.0}
    assert found.limit is None


def test_where_all_are_alike_a_little_more_does_not_stand_out():
    found = frame_times([10.0] * 20 + [12.0])
    assert found.limit == 10.0 * LEAST_FACTOR


def test_one_that_takes_five_times_as_long_stands_out():
    found = frame_times([9.0, 10.0, 11.0] * 10 + [50.0])
    assert 11.0 < found.limit < 50.0


@given(st.lists(st.floats(0.001, 1e6), min_size=ENOUGH))
def test_the_figures_are_in_order_and_most_frames_do_not_stand_out(times):
    found = frame_times(times)
    figures = [found.shortest, found.first_quartile, found.median, found.third_quartile]
    assert figures == sorted(figures)
    assert found.third_quartile <= found.longest
    assert sum(each > found.limit for each in times) <= len(times) / 4
