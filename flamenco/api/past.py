"""Wire classes of what was done: by jobs, workers and the farm. None of it is in Flamenco 3."""

from typing import Annotated

import attrs
from msgspec import UNSET, Meta, UnsetType

from flamenco.model.bounds import Time
from flamenco.model.happenings import Kind

MOST_ATTEMPTS = 10_000


@attrs.frozen(kw_only=True)
class AttemptsWanted:
    """Query string: a part of the attempts."""

    limit: Annotated[int, Meta(ge=1, le=MOST_ATTEMPTS)] = 1000
    """Maximum number of attempts that are over."""
    before: Time | None = None
    """Time before which they ended; without it, now."""


@attrs.frozen(kw_only=True)
class PastAttempt:
    """One worker's try at a task."""

    task_id: str
    task_name: str
    job_id: str
    job_name: str
    attempt: int
    """Its number among those at the task."""
    worker_id: str
    worker_name: str
    started: Time
    frames: str = ""
    """Range of the frames that the task makes; empty if it makes none."""
    ended: Time | UnsetType = UNSET
    """Its end; without it, it goes on."""
    ending: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class Timeline:
    """The attempts at a job's tasks, over the workers."""

    running: tuple[PastAttempt, ...]
    """Attempts that go on, in the order in which they began."""
    attempts: tuple[PastAttempt, ...]
    """Attempts that are over, the last one first."""
    more: bool
    """True if there are earlier ones: ask again with `before`, the end of the last one here."""


@attrs.frozen(kw_only=True)
class WorkDone:
    """Work of one worker on one job."""

    worker_id: str
    worker_name: str
    job_id: str
    job_name: str
    seconds: float
    """Seconds that its attempts took together."""
    frames: int
    completed: int
    """Number of attempts that completed their tasks."""
    failed: int
    """Number of attempts that count as its failures."""
    last: Time
    """End of its last attempt."""


@attrs.frozen(kw_only=True)
class JobWorkers:
    workers: tuple[WorkDone, ...]


@attrs.frozen(kw_only=True)
class WorkerHistory(Timeline):
    """The attempts of a worker, and what they come to by job."""

    jobs: tuple[WorkDone, ...]
    """Its work on its last jobs, the last one first."""


@attrs.frozen(kw_only=True)
class SlowFrame:
    """A frame that took much longer than the others."""

    frame: int
    seconds: float
    task: str
    attempt: int
    worker_id: str = ""
    worker_name: str = ""


@attrs.frozen(kw_only=True)
class JobFrameTimes:
    """How long the finished frames of a job took, in seconds."""

    count: int = 0
    mean: float = 0.0
    shortest: float = 0.0
    first_quartile: float = 0.0
    median: float = 0.0
    third_quartile: float = 0.0
    longest: float = 0.0
    limit: float | UnsetType = UNSET
    """Time beyond which a frame stands out; without it, they are too few to tell."""
    outliers: tuple[SlowFrame, ...] = ()
    """Frames that stand out, the slowest first."""


@attrs.frozen(kw_only=True)
class HistoryEntry:
    at: Time
    kind: Kind
    what: str
    """New status, or name of the request."""
    detail: str
    """Reason, or what was asked for."""
    by: str
    """Asker: page, CLI, add-on, API; or Manager, if nobody asked."""
    count: int
    """Number of equal requests within a minute, such as for many tasks."""


@attrs.frozen(kw_only=True)
class JobHistory:
    entries: tuple[HistoryEntry, ...]
    """Up to 1,000, the newest first."""


# The farm


@attrs.frozen(kw_only=True)
class FarmWanted:
    """Query string: the time that the statistics are about."""

    hours: Annotated[int, Meta(ge=1, le=168)] = 24


@attrs.frozen(kw_only=True)
class FarmHour:
    start: Time
    frames: int
    """Number of frames of the tasks that were completed in it."""
    completed: int
    failed: int
    utilisation: float
    """Share of the workers' time that they worked, from 0 to 1."""


@attrs.frozen(kw_only=True)
class FailureReason:
    reason: str
    count: int


@attrs.frozen(kw_only=True)
class WaitingJob:
    id: str
    name: str
    priority: int
    reason: str
    """Why it waits, in one sentence; empty if that can't be told now."""


@attrs.frozen(kw_only=True)
class FarmStatistics:
    """Recent work of the farm, and the work that waits."""

    hours: tuple[FarmHour, ...]
    """Hours on the clock of UTC; the first and the last one in part."""
    frames_per_hour: float
    """Mean over the whole time."""
    utilisation: float
    """The same over the whole time."""
    workers: int
    """Number of workers that showed a sign of life in it."""
    failures: tuple[FailureReason, ...]
    """The most frequent reasons of failures."""
    waiting: tuple[WaitingJob, ...]
    """The first of the jobs that wait, by priority."""
    waiting_total: int
