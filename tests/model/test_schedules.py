"""When a worker sleeps, beside a clock that is watched minute by minute."""

import itertools
import zoneinfo
from datetime import UTC, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flamenco.model.schedules import (
    DAYS,
    SleepSchedule,
    days_text,
    local_zone,
    next_change,
    parse_schedule,
    time_text,
    wants_sleep,
)

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
# 2025-03-30 02:00 → 03:00 and 2025-10-26 03:00 → 02:00, both at 01:00 UTC
SPRING = datetime(2025, 3, 30, 1, tzinfo=UTC)
AUTUMN = datetime(2025, 10, 26, 1, tzinfo=UTC)


def schedule(days="", start="", end="", timezone=None):
    return parse(days, start, end, timezone)


def parse(*words, is_active=True):
    names = ("days_of_week", "start_time", "end_time", "timezone")
    return parse_schedule(is_active=is_active, **dict(zip(names, words, strict=True)))


def berlin(text):
    """A moment that Berlin's clocks show once."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


def sleeps(plan, text):
    return wants_sleep(plan, berlin(text), BERLIN)


class TestWire:
    def test_days_are_cleaned_and_times_read(self):
        found = parse(" Monday TU  we mo", "8:05", " 17:30 ", "Europe/Berlin")
        assert found == SleepSchedule(
            is_active=True,
            days_of_week=("mo", "tu", "we"),
            start=time(8, 5),
            end=time(17, 30),
            timezone="Europe/Berlin",
        )
        assert days_text(found) == "mo tu we"
        assert (time_text(found.start), time_text(found.end)) == ("08:05", "17:30")

    def test_nothing_named_is_every_day_and_all_day(self):
        found = parse("", "", "", "", is_active=False)
        assert found == SleepSchedule()
        assert (days_text(found), time_text(found.start), time_text(found.end)) == ("", "", "")

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (("mo xy", "", "", None), "days_of_week: expected words of mo tu .* not 'xy'"),
            (("", "9", "", None), "start_time: expected a time such as 22:30, .* not '9'"),
            (("", "", "24:00", None), "end_time: expected a time such as 22:30, .* not '24:00'"),
            (("", "12:60", "", None), "start_time"),
            (("", "", "", "Mars/Base"), "timezone: expected a name such as Europe/Berlin"),
            (("", "", "", "../etc/passwd"), "timezone"),
            (("", "", "", "America"), "timezone"),
        ],
    )
    def test_what_cannot_be_understood_is_said(self, words, sentence):
        with pytest.raises(ValueError, match=sentence):
            parse(*words)

    @given(
        st.builds(
            SleepSchedule,
            is_active=st.booleans(),
            days_of_week=st.lists(st.sampled_from(DAYS), unique=True).map(tuple),
            start=st.none() | st.times().map(lambda t: t.replace(second=0, microsecond=0)),
            end=st.none() | st.times().map(lambda t: t.replace(second=0, microsecond=0)),
            timezone=st.sampled_from([None, "UTC", "Australia/Lord_Howe"]),
        )
    )
    def test_there_and_back(self, plan):
        words = (days_text(plan), time_text(plan.start), time_text(plan.end), plan.timezone)
        assert parse(*words, is_active=plan.is_active) == plan
        assert msgspec.json.decode(msgspec.json.encode(plan), type=SleepSchedule) == plan


class TestRule:
    def test_a_schedule_that_is_not_active_lets_everybody_work(self):
        plan = SleepSchedule()
        assert not wants_sleep(plan, AUTUMN, BERLIN)
        assert next_change(plan, AUTUMN, BERLIN) is None

    def test_a_worker_that_always_sleeps_never_changes(self):
        for plan in (schedule(), schedule(" ".join(DAYS)), schedule(start="07:00", end="07:00")):
            assert wants_sleep(plan, AUTUMN, BERLIN)
            assert next_change(plan, AUTUMN, BERLIN) is None

    def test_start_counts_and_end_does_not(self):
        plan = schedule(start="09:00", end="17:00")
        hours = ["08:59", "09:00", "16:59", "17:00"]
        assert [sleeps(plan, f"2025-07-01 {hour}") for hour in hours] == [False, True, True, False]
        assert next_change(plan, berlin("2025-07-01 08:00"), BERLIN) == berlin("2025-07-01 09:00")
        assert next_change(plan, berlin("2025-07-01 09:00"), BERLIN) == berlin("2025-07-01 17:00")

    def test_a_night_belongs_to_the_day_on_which_it_begins(self):
        plan = schedule("fr", "22:00", "06:00")  # 2025-07-04 is a Friday
        hours = ["04 05:00", "04 22:00", "05 05:59", "05 06:00", "05 22:00"]
        assert [sleeps(plan, f"2025-07-{hour}") for hour in hours] == [
            False,
            True,
            True,
            False,
            False,
        ]

    def test_days_that_touch_are_one_sleep(self):
        plan = schedule("sa su")
        assert next_change(plan, berlin("2025-07-05 12:00"), BERLIN) == berlin("2025-07-07 00:00")
        assert next_change(plan, berlin("2025-07-07 12:00"), BERLIN) == berlin("2025-07-12 00:00")

    def test_the_schedules_zone_wins_over_the_managers(self):
        plan = schedule(start="09:00", end="17:00", timezone="America/New_York")
        assert not sleeps(plan, "2025-07-01 14:59")
        assert sleeps(plan, "2025-07-01 15:00")

    def test_a_start_that_is_skipped_is_the_jump(self):
        plan = schedule(start="02:30", end="06:00")
        assert not wants_sleep(plan, SPRING - MINUTE, BERLIN)
        assert wants_sleep(plan, SPRING, BERLIN)
        assert next_change(plan, SPRING - MINUTE, BERLIN) == SPRING

    def test_an_end_that_is_skipped_is_the_jump(self):
        plan = schedule(start="22:00", end="02:30")
        assert wants_sleep(plan, SPRING - MINUTE, BERLIN)
        assert not wants_sleep(plan, SPRING, BERLIN)

    def test_a_sleep_that_is_skipped_comes_again_the_next_time(self):
        plan = schedule("su", "02:10", "02:50")
        assert next_change(plan, SPRING - 5 * MINUTE, BERLIN) == berlin("2025-04-06 02:10")

    def test_of_a_time_that_comes_twice_the_first_counts(self):
        plan = schedule(start="02:15", end="02:45")
        first = AUTUMN - timedelta(minutes=45)  # 02:15 in summer time
        assert next_change(plan, first - MINUTE, BERLIN) == first
        assert next_change(plan, first, BERLIN) == first + timedelta(minutes=30)
        assert not wants_sleep(plan, first + timedelta(hours=1), BERLIN)

    def test_a_zone_that_is_gone_is_an_error_that_names_it(self):
        with pytest.raises(ValueError, match="Mars/Base"):
            wants_sleep(SleepSchedule(is_active=True, timezone="Mars/Base"), AUTUMN, UTC)


class Watch:
    """A wall clock, watched minute by minute.

    A time of day has come as soon as the clock has shown it or has jumped over it, and stays so
    when the clock is put back: so it is the highest time shown so far that counts.
    """

    def __init__(self, begin, end, zone):
        self.minutes = []
        highest = datetime.min  # noqa: DTZ901 - wall times
        moment = begin - DAY / 4
        while moment < end:
            highest = max(highest, moment.astimezone(zone).replace(tzinfo=None))
            if moment >= begin:
                self.minutes.append((moment, highest))
            moment += MINUTE

    def sleeps(self, plan):
        """True if it is time to sleep, for each minute."""
        return {moment: self._is_asleep(plan, wall) for moment, wall in self.minutes}

    @staticmethod
    def _is_asleep(plan, wall):
        midnight = wall.replace(hour=0, minute=0)
        for day in (midnight, midnight - DAY):
            begins = datetime.combine(day, plan.start or time.min)
            ends = datetime.combine(day, plan.end or time.min)
            if ends <= begins:
                ends += DAY
            named = not plan.days_of_week or day.strftime("%a").lower()[:2] in plan.days_of_week
            if named and begins <= wall < ends:
                return True
        return False


# Around changes of the clock: of an hour, of half an hour in the south, and none.
PLACES = {
    ("Europe/Berlin", "2025-03-30"),
    ("Europe/Berlin", "2025-10-26"),
    ("America/New_York", "2025-03-09"),
    ("America/New_York", "2025-11-02"),
    ("Australia/Lord_Howe", "2025-04-06"),
    ("Australia/Lord_Howe", "2025-10-05"),
    ("UTC", "2025-06-15"),
}
WATCHES = {}


def watch(place):
    if place not in WATCHES:
        zone, day = place
        noon = datetime.fromisoformat(day).replace(hour=12, tzinfo=UTC)
        WATCHES[place] = Watch(noon - 1.5 * DAY, noon + DAY, ZoneInfo(zone))
    return WATCHES[place]


times = st.none() | st.builds(time, st.integers(0, 23), st.integers(0, 59))
nights = st.none() | st.builds(time, st.integers(1, 3), st.sampled_from([0, 1, 29, 30, 31, 59]))
plans = st.builds(
    partial(SleepSchedule, is_active=True),
    days_of_week=st.lists(st.sampled_from(DAYS), unique=True).map(tuple),
    start=times | nights,
    end=times | nights,
)


@given(st.sampled_from(sorted(PLACES)), plans)
@settings(max_examples=40, deadline=None)
@example(
    ("Europe/Berlin", "2025-03-30"),
    SleepSchedule(is_active=True, start=time(2, 30), end=time(2, 31)),
)
def test_sleep_is_what_a_watched_clock_says(place, plan):
    zone = ZoneInfo(place[0])
    expected = watch(place).sleeps(plan)
    moments = list(expected)
    some = moments[::11]
    assert [wants_sleep(plan, m, zone) for m in some] == [expected[m] for m in some]
    changes = [m for before, m in itertools.pairwise(moments) if expected[before] != expected[m]]
    moment, found = moments[0], []
    while (moment := next_change(plan, moment, zone)) and moment <= moments[-1]:
        found.append(moment)
    assert found == changes


@given(
    st.sampled_from(sorted(zoneinfo.available_timezones())),
    plans,
    st.datetimes(datetime(1990, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_the_next_change_is_one_in_every_zone_of_the_world(name, plan, moment):
    zone = ZoneInfo(name)
    change = next_change(plan, moment, zone)
    if change is not None:
        assert change > moment
        before = wants_sleep(plan, moment, zone)
        assert wants_sleep(plan, change, zone) is not before
        assert wants_sleep(plan, max(moment, change - timedelta(seconds=1)), zone) is before


def test_the_machines_zone_is_one_that_can_be_reckoned_with():
    assert isinstance(AUTUMN.astimezone(local_zone()).utcoffset(), timedelta)
