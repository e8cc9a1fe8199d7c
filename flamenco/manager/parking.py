"""Parking: a job or worker that keeps crashing is set aside, until somebody tries it again.

Its supervisor starts a stand-in under its name, which says on disk and to all who ask why nothing
goes on. All else on the farm does.
"""

import attrs

import actors
from flamenco.store import UnreadableRow

LONGEST_REASON = 500


@attrs.frozen
class TryAgain(actors.Request[None]):
    """Let what is parked begin anew. Raises `NotAllowed` if it isn't parked."""


def reason_of(error: Exception | None) -> str:
    """The reason for parking: the cell that can't be read, or the crash that was one too many."""
    if isinstance(error, UnreadableRow):
        return str(error)
    text = f"it crashed again and again, at last with {type(error).__name__}: {error}"
    return " ".join(text.split())[:LONGEST_REASON]
