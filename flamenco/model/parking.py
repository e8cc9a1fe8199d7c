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
    """A job or worker that does nothing until somebody tries it again or deletes it."""

    kind: ParkedKind
    id: str
    reason: str
    """Sentence for people; of a row that can't be read it names table, key and column."""
    since: datetime
