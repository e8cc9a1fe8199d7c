"""Questions about what was done, answered from the attempts by their indexes.

Each function answers one on a connection; `Reader.ask` has it answered in a thread.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar, cast

import attrs
import msgspec

from flamenco.model.leases import BLAMED
from flamenco.model.planned import number_of
from flamenco.model.usage import Hour, Span, by_hours
from flamenco.store.lists import in_utc
from flamenco.store.tables import UNREADABLE, as_they_lie, together

A = TypeVar("A", bound=attrs.AttrsInstance)

_FAILED = ", ".join(f"'{each}'" for each in sorted(BLAMED))
_SECONDS = "86400.0 * (julianday(attempts.ended) - julianday(attempts.started))"
_ALIKE = "iif(tasks.frames GLOB '*[-,]*', tasks.frames, iif(tasks.frames = '', '', '1'))"
"""SQL for the frames of a task, the same for all that make one; else each would be a group."""


@attrs.frozen(kw_only=True)
class Tried:
    """An attempt, with the names of what it was about; without an end it goes on."""

    task_id: str
    task_name: str
    frames: str
    job_id: str
    job_name: str
    lease: int
    worker_id: str
    worker_name: str
    started: datetime
    ended: datetime | None = None
    ending: str = ""
    reason: str = ""


@attrs.frozen(kw_only=True)
class Share:
    """Work of one worker on a job."""

    worker_id: str
    worker_name: str
    job_id: str
    job_name: str
    seconds: float
    """Seconds that its attempts took together."""
    completed: int
    """Number of attempts that completed their tasks."""
    failed: int
    """Number of attempts that count as its failures."""
    last: datetime
    """End of the last one."""
    frames: int = 0
    """Number of frames of the tasks that it completed."""


Of = Literal["job_id", "worker_id"]
"""Whose attempts are meant."""

_TRIED = (
    "SELECT attempts.task_id, tasks.name AS task_name, tasks.frames, attempts.job_id, "
    "jobs.name AS job_name, attempts.lease, attempts.worker_id, attempts.worker_name, "
    "attempts.started, attempts.ended, attempts.ending, attempts.reason FROM attempts "
    "JOIN tasks ON tasks.id = attempts.task_id JOIN jobs ON jobs.id = attempts.job_id "
)
_GOES_ON = (
    "SELECT tasks.id AS task_id, tasks.name AS task_name, tasks.frames, tasks.job_id, "
    "jobs.name AS job_name, tasks.lease, workers.id AS worker_id, workers.name AS worker_name, "
    "tasks.started FROM tasks INDEXED BY tasks_at_work JOIN jobs ON jobs.id = tasks.job_id "
    "JOIN workers ON workers.id = tasks.worker_id WHERE tasks.status = 'active' "
)


def attempts_of(
    connection: sqlite3.Connection, of: Of, identity: str, before: datetime | None, limit: int
) -> list[Tried]:
    """The attempts of a job or worker that ended before a time, the last ones first."""
    until = "AND attempts.ended < ?" if before else ""
    sql = f"{_TRIED} WHERE attempts.{of} = ? {until} ORDER BY attempts.ended DESC LIMIT ?"
    values = [identity, *([in_utc(before)] if before else []), limit]
    return _read(connection, Tried, sql, values)


def going_on(connection: sqlite3.Connection, of: Of, identity: str) -> list[Tried]:
    """The attempts of a job or worker that go on now."""
    sql = f"{_GOES_ON} AND tasks.{of} = ? ORDER BY tasks.started"
    return _read(connection, Tried, sql, [identity])


def shares(connection: sqlite3.Connection, of: Of, identity: str, limit: int) -> list[Share]:
    """Work of each worker on a job, or of a worker on each job; the last first."""
    by = "worker_id" if of == "job_id" else "job_id"
    sql = (
        "SELECT attempts.worker_id, max(attempts.worker_name) AS worker_name, attempts.job_id, "  # noqa: S608
        f"max(ifnull(jobs.name, '')) AS job_name, total({_SECONDS}) AS seconds, "
        "sum(attempts.ending = 'completed') AS completed, "
        f"sum(attempts.ending IN ({_FAILED})) AS failed, max(attempts.ended) AS last "
        f"FROM attempts LEFT JOIN jobs ON jobs.id = attempts.job_id WHERE attempts.{of} = ? "
        f"GROUP BY attempts.{by} ORDER BY last DESC LIMIT ?"
    )
    found = _read(connection, Share, sql, [identity, limit])
    made = _frames_made(connection, of, by, identity)
    return [attrs.evolve(each, frames=made.get(getattr(each, by), 0)) for each in found]


def _frames_made(
    connection: sqlite3.Connection, of: Of, by: str, identity: str
) -> Mapping[str, int]:
    sql = (
        f"SELECT attempts.{by}, {_ALIKE}, count(*) FROM attempts "  # noqa: S608
        "JOIN tasks ON tasks.id = attempts.task_id "
        f"WHERE attempts.{of} = ? AND attempts.ending = 'completed' GROUP BY 1, 2"
    )
    made: dict[str, int] = {}
    for name, frames, count in as_they_lie(connection, sql, (identity,)):
        made[name] = made.get(name, 0) + _number(frames) * count
    return made


def _number(frames: object) -> int:
    return number_of(frames) if isinstance(frames, str) and frames else 0


# The whole farm


@attrs.frozen(kw_only=True)
class FarmPast:
    """Work of the farm since a time."""

    hours: Sequence[Hour]
    failures: Sequence[tuple[str, int]]
    """Reasons of failures and how many had them, the most frequent first."""
    workers: int
    """Number of workers that showed a sign of life."""


MOST_REASONS = 20


def farm_since(connection: sqlite3.Connection, since: datetime, now: datetime) -> FarmPast:
    """Work of the farm since a time, as far as it ended or goes on."""
    start = in_utc(since)
    failures = as_they_lie(
        connection,
        "SELECT reason, count(*) AS number FROM attempts WHERE ended > ? "  # noqa: S608
        f"AND ending IN ({_FAILED}) GROUP BY reason ORDER BY number DESC, reason LIMIT ?",
        (start, MOST_REASONS),
    )
    (workers,) = connection.execute(
        "SELECT count(*) FROM workers WHERE deleted_at IS NULL AND ifnull(last_seen, '') > ?",
        (start,),
    ).fetchone()
    return FarmPast(
        hours=by_hours(spans_since(connection, since, now), since, now),
        failures=[(reason, count) for reason, count in failures if isinstance(reason, str)],
        workers=workers,
    )


_HOUR_OF = "substr({0}, 1, 13)"
_MEAN_OF = "avg(60.0 * substr({0}, 15, 2) + CAST(substr({0}, 18) AS REAL))"
"""SQL for the hour of a time, and for the mean of times of the same hour, in seconds of it."""

_ENDED = (
    f"SELECT {_HOUR_OF.format('begun')}, {_MEAN_OF.format('begun')}, "  # noqa: S608
    f"{_HOUR_OF.format('ended')}, {_MEAN_OF.format('ended')}, ending, frames, count(*) FROM ("
    "SELECT min(max(attempts.started, ?), attempts.ended) AS begun, attempts.ended, "
    f"attempts.ending, iif(attempts.ending = 'completed', {_ALIKE}, '') AS frames FROM attempts "
    "JOIN tasks ON tasks.id = attempts.task_id WHERE attempts.ended > ? AND attempts.ended < ?"
    ") GROUP BY 1, 3, 5, 6"
)
_AT_WORK = (
    "SELECT started FROM tasks INDEXED BY tasks_at_work WHERE status = 'active' AND worker_id > ''"
)


def spans_since(connection: sqlite3.Connection, since: datetime, now: datetime) -> list[Span]:
    """The work of the farm since a time: together what is alike, so that few rows are read."""
    start = in_utc(since)
    found = []
    for begun, after, ended, until, ending, frames, number in as_they_lie(
        connection, _ENDED, (start, start, in_utc(now))
    ):
        with suppress(TypeError, ValueError):
            span = Span(
                _moment(begun, after),
                _moment(ended, until),
                _number(frames) * number,
                ending in BLAMED,
                number,
            )
            found.append(span)
    for (started,) in as_they_lie(connection, _AT_WORK):
        with suppress(TypeError, ValueError):
            begin = datetime.fromisoformat(started)
            found.append(Span(begin, max(begin, now)))
    return found


def _moment(hour: str, seconds: float) -> datetime:
    return datetime.fromisoformat(f"{hour}:00:00+00:00") + timedelta(seconds=seconds)


def _read(
    connection: sqlite3.Connection, kind: type[A], sql: str, values: Sequence[object]
) -> list[A]:
    """The rows of a query as objects of a class; those that can't be read are left out."""
    with closing(connection.execute(f"SELECT * FROM ({sql}) LIMIT 0", values)) as nothing:  # noqa: S608
        names = [name for (name, *_) in nothing.description]
    cells = ", ".join(f"'{name}', {name}" for name in names)
    try:
        text = together(connection, f"json_object({cells})", sql, values)
        found: list[A] = msgspec.json.decode(text, type=cast("Any", list)[kind], strict=False)
    except (sqlite3.OperationalError, *UNREADABLE):
        found = []
        for row in as_they_lie(connection, sql, values):
            with suppress(msgspec.ValidationError):
                fields = dict(zip(names, row, strict=True))
                found.append(msgspec.convert(fields, kind, strict=False))
    return found
