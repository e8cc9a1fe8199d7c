# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of a submission that got no answer, which the Manager may have made all the same.

They are kept until something else is submitted. Sent again with its key, a job is the same one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .delivery import Delivered
from .job import JobDraft


@dataclass(frozen=True)
class Unanswered:
    """A job that was sent, and its key."""

    mark: object
    """Equal for the same job with the same files at the same Manager."""
    key: str
    delivered: Delivered
    """Where its files are."""
    draft: JobDraft
    """The job, as it was sent."""


_kept: list[Unanswered] = []


def keep(jobs: Iterable[Unanswered]) -> None:
    """Keep the jobs of a submission of which one got no answer."""
    _kept[:] = jobs


def take(marks: Sequence[object]) -> list[Unanswered | None]:
    """The kept jobs with these marks, as far as their files are there; then none is kept."""
    kept = _kept.copy()
    _kept.clear()
    return [
        next((one for one in kept if one.mark == mark and _has_files(one)), None) for mark in marks
    ]


def _has_files(job: Unanswered) -> bool:
    return job.delivered.pack is None or job.delivered.pack.is_dir()
