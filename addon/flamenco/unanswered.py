# SPDX-License-Identifier: GPL-3.0-or-later
"""The submission that got no answer, which the Manager may have made a job of all the same.

It is kept until something else is submitted. Sent again with its key, the job is the same one.
"""

from dataclasses import dataclass

from .delivery import Delivered


@dataclass(frozen=True)
class Unanswered:
    """A submission that was sent, and its key."""

    mark: object
    """Equal for submissions of the same job with the same files to the same Manager."""
    key: str
    delivered: Delivered
    """Where its files are."""


_kept: Unanswered | None = None


def keep(submission: Unanswered) -> None:
    """Keep a submission that got no answer."""
    global _kept  # noqa: PLW0603 - one submission ends before the next begins
    _kept = submission


def take(mark: object) -> Unanswered | None:
    """The submission that is kept, if it has this mark and its files; afterwards none is kept."""
    global _kept
    kept, _kept = _kept, None
    if kept is None or kept.mark != mark:
        return None
    pack = kept.delivered.pack
    return kept if pack is None or pack.is_dir() else None
