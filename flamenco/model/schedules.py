"""Sleep schedules of workers: days of the week and a span of wall time, in a time zone.

Reference rules §8, with two differences: a span may cross midnight, and each wall time is exactly
one moment. When clocks go forward, a skipped wall time is the moment of the jump; when they go
back, a wall time that comes twice is the first of the two. So adjacent spans neither overlap nor
leave a gap, and no worker wakes up, sleeps and wakes up again in the same night.
"""

import itertools
import logging
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs
import tzlocal

log = logging.getLogger(__name__)

DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
LOOK_AHEAD_DAYS = 15
"""Days searched for the next change: a weekly span lost to a jump of the clock is 14 days off."""

_TIME = re.compile(r"(\d\d?):(\d\d)", re.ASCII)


@attrs.frozen(kw_only=True)
class SleepSchedule:
    """Times of sleep of a worker, which count if the schedule is active."""

    is_active: bool = False
    days_of_week: tuple[str, ...] = ()
    """Days of `DAYS` on which the sleep begins; empty: every day."""
    start: time | None = None
    """None: the start of the day."""
    end: time | None = None
    """None: the end of the day. If not after ``start``: that time on the next day."""
    timezone: str | None = None
    """IANA name such as Europe/Berlin; None: the Manager's time zone."""
    is_provided: bool = False
    """True if it comes from the Manager's configuration, and goes with it."""


# The wire


def parse_schedule(
    is_active: bool,
    days_of_week: str,
    start_time: str,
    end_time: str,
    timezone: str | None = None,
) -> SleepSchedule:
    """A schedule from the API's fields (reference api, WorkerSleepSchedule).

    Only the first two letters of each word of ``days_of_week`` count. Times are HH:MM or empty.
    Raises ValueError, with a sentence, for a value that cannot be understood.
    """
    name = (timezone or "").strip() or None
    if name is not None:
        _zone(name)
    return SleepSchedule(
        is_active=is_active,
        days_of_week=_parse_days(days_of_week),
        start=_parse_time("start_time", start_time),
        end=_parse_time("end_time", end_time),
        timezone=name,
    )


def days_text(schedule: SleepSchedule) -> str:
    """The days as the API writes them, such as `mo tu we`."""
    return " ".join(schedule.days_of_week)


def time_text(moment: time | None) -> str:
    """A start or end as the API writes it, HH:MM or empty."""
    return "" if moment is None else f"{moment:%H:%M}"


def _parse_days(text: str) -> tuple[str, ...]:
    days = tuple(dict.fromkeys(word.lower()[:2] for word in text.split()))
    unknown = [day for day in days if day not in DAYS]
    if unknown:
        raise ValueError(f"days_of_week: expected words of {' '.join(DAYS)}, not {unknown[0]!r}")
    return days


def _parse_time(field: str, text: str) -> time | None:
    text = text.strip()
    if not text:
        return None
    match = _TIME.fullmatch(text)
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        raise ValueError(f"{field}: expected a time such as 22:30, or nothing, not {text!r}")
    return time(int(match[1]), int(match[2]))


# The rule


def wants_sleep(schedule: SleepSchedule, now_utc: datetime, default_zone: tzinfo) -> bool:
    """True if a worker with this schedule should sleep at a moment.

    ``default_zone`` is the Manager's, for schedules without a time zone. Raises ValueError if the
    schedule's zone is not known here.
    """
    if not schedule.is_active:
        return False
    zone = _zone(schedule.timezone) if schedule.timezone else default_zone
    return _is_in(now_utc, _spans(schedule, now_utc, zone, days=1))


def next_change(
    schedule: SleepSchedule, now_utc: datetime, default_zone: tzinfo
) -> datetime | None:
    """The next moment, in UTC, at which `wants_sleep` changes; None if it never does.

    Raises ValueError if the schedule's zone is not known here.
    """
    if not schedule.is_active:
        return None
    zone = _zone(schedule.timezone) if schedule.timezone else default_zone
    spans = list(_spans(schedule, now_utc, zone, days=LOOK_AHEAD_DAYS))
    sleeps = _is_in(now_utc, spans)
    last = spans[-1][0] if spans else now_utc  # later ones may begin before this one ends
    later = sorted(moment for moment in itertools.chain(*spans) if now_utc < moment <= last)
    return next((moment for moment in later if _is_in(moment, spans) is not sleeps), None)


_Span = tuple[datetime, datetime]


def _is_in(moment: datetime, spans: Iterator[_Span] | list[_Span]) -> bool:
    return any(start <= moment < end for start, end in spans)


def _spans(
    schedule: SleepSchedule, now_utc: datetime, zone: tzinfo, *, days: int
) -> Iterator[_Span]:
    """Times of sleep, without their end, from just before now to ``days`` days ahead."""
    today = now_utc.astimezone(zone).date()
    for offset in range(-2, days + 1):
        day = today + offset * DAY
        if not schedule.days_of_week or DAYS[day.weekday()] in schedule.days_of_week:
            yield _span(schedule, day, zone)


def _span(schedule: SleepSchedule, day: date, zone: tzinfo) -> _Span:
    start, end = schedule.start or time.min, schedule.end or time.min
    last_day = day if start < end else day + DAY
    return _moment(datetime.combine(day, start), zone), _moment(
        datetime.combine(last_day, end), zone
    )


def _moment(wall: datetime, zone: tzinfo) -> datetime:
    """The moment, in UTC, of a wall time: the first of two, or the jump that skips it."""
    late = wall.replace(tzinfo=zone).astimezone(UTC)
    if late.astimezone(zone).replace(tzinfo=None) == wall:
        return late
    # In a gap, fold=0 is a moment after the jump and fold=1 one before it (PEP 495).
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    offset = early.astimezone(zone).utcoffset()
    while late - early > SECOND:
        middle = (early + (late - early) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            early = middle
        else:
            late = middle
    return late


# Time zones


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"timezone: expected a name such as Europe/Berlin, or nothing, not {name!r}"
        ) from None


def local_zone() -> tzinfo:
    """The time zone of this machine; UTC, with a warning in the log, if it is not known."""
    try:
        return tzlocal.get_localzone()
    except (LookupError, ValueError, OSError) as error:
        log.warning("The machine's time zone is not known, using UTC: %s; set TZ", error)
        return UTC
