"""Parking: a job or worker that keeps crashing is set aside until somebody tries it again.

Its supervisor starts a stand-in under its name, which stores the reason and tells it in answer to
requests. Everything else on the farm goes on.
"""

import attrs

import actors
from flamenco.store import UnreadableRow

LONGEST_REASON = 500


@attrs.frozen
class TryAgain(actors.Request[None]):
    """Start a parked job or worker again. Raises `NotAllowed` if it isn't parked."""


def reason_of(error: Exception | None) -> str:
    """The reason for parking: the cell that can't be read, or the crash that was one too many."""
    if isinstance(error, UnreadableRow):
        text = str(error)
    else:
        text = f"it kept crashing, at last with {type(error).__name__}: {error}"
    storable = text.encode(errors="backslashreplace").decode()
    return " ".join(storable.split())[:LONGEST_REASON]
