"""The work of a farm over time: frames made and workers used, hour by hour."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import attrs

HOUR = timedelta(hours=1)


@attrs.frozen
class Span:
    """An attempt, as far as the work of the farm is concerned.

    Or a ``number`` of those that began in the same hour, and ended in the same: their hours come
    out as if all of them had begun and ended at the mean times.
    """

    started: datetime
    ended: datetime
    frames: int = 0
    """Number of frames that it finished."""
    failed: bool = False
    number: int = 1


@attrs.define
class Hour:
    """Work of a farm in an hour, or in a part of it at the ends."""

    start: datetime
    frames: int = 0
    """Number of frames of the tasks that were completed in it."""
    completed: int = 0
    """Number of attempts that ended in it without a failure."""
    failed: int = 0
    """Number of attempts that failed in it."""
    busy_seconds: float = 0.0
    """Seconds of work of all workers together."""


def by_hours(spans: Iterable[Span], since: datetime, now: datetime) -> list[Hour]:
    """The hours from a time until now, the first and the last of them in part."""
    first = since.replace(minute=0, second=0, microsecond=0)
    number = max(0, -((first - now) // HOUR))
    hours = [Hour(first + HOUR * place) for place in range(number)]
    for span in spans:
        begin, end = max(span.started, since), min(span.ended, now)
        if since < span.ended < now:
            hour = hours[(span.ended - first) // HOUR]
            hour.frames += span.frames
            hour.failed += span.number * span.failed
            hour.completed += span.number * (not span.failed)
        while begin < end:
            place = (begin - first) // HOUR
            until = min(end, first + HOUR * (place + 1))
            hours[place].busy_seconds += span.number * (until - begin).total_seconds()
            begin = until
    return hours
