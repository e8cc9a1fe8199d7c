# SPDX-License-Identifier: GPL-3.0-or-later
"""News from a Manager of jobs that were sent to it, and those that the artist should hear."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone

from .client import Client, JobState
from .errors import FlamencoError, ManagerRefused
from .sent_jobs import SentJob

_GONE = 404


@dataclass(frozen=True)
class Answer:
    """A job as a Manager tells it."""

    id: str
    state: JobState | None
    """None if there is no such job any more."""
    picture: bytes | None = None
    """Its newest frame as JPEG, if that was asked for."""


@dataclass(frozen=True)
class News:
    """Sentence for the artist."""

    level: str
    """Blender's level of the report."""
    text: str


def ask(client: Client, ids: Iterable[str], shown: str) -> list[Answer]:
    """Ask for jobs, and for the newest picture of `shown`. Raises FlamencoError."""
    return [_ask(client, job_id, job_id == shown) for job_id in ids]


def _ask(client: Client, job_id: str, is_shown: bool) -> Answer:
    try:
        state = client.job(job_id)
    except ManagerRefused as ex:
        if ex.status == _GONE and ex.is_its_own:
            return Answer(job_id, None)
        raise
    try:
        return Answer(job_id, state, client.newest_picture(job_id) if is_shown else None)
    except FlamencoError:  # the rest is worth more than the picture
        return Answer(job_id, state)


def news(before: SentJob, state: JobState) -> News | None:
    """News of a job: that it ended, failed, or waits for an approval."""
    named = f'Job "{before.name}"'
    if state.is_finished and state.status != before.status:
        if state.status == "failed":
            return News("WARNING", f"{named} failed: {state.activity}")
        return News("INFO", f"{named} is {state.status}")
    if state.approvals and not before.approvals:
        return News("WARNING", f"{named} waits for approval")
    return None


def local_time(text: str, now: datetime | None = None) -> str:
    """A time in ISO 8601 as an artist's clock shows it, with the day unless that is today."""
    try:
        then = datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 - UTC, see below
    except ValueError:
        return ""
    then = then.replace(tzinfo=timezone.utc).astimezone()
    today = (now or datetime.now(timezone.utc)).astimezone().date()
    return then.strftime("%H:%M" if then.date() == today else "%d %b %H:%M")
