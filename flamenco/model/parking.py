"""Things that were parked: they failed again and again, and are left alone until a person acts."""

from datetime import datetime
from enum import StrEnum

import attrs


class ParkedKind(StrEnum):
    """Kinds of things that can be parked, each by itself."""

    JOB = "job"
    WORKER = "worker"


@attrs.frozen
class Parked:
    """The reason why a job or worker does nothing until it is tried again, repaired or deleted."""

    reason: str
    """Sentence for people; of a row that can't be read it names table, key and column."""
    since: datetime | None = None
    """Moment at which it was given up; None of a row that nobody has tried to work with."""
