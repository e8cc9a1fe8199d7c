"""Absence: a worker that has been away for so long that nobody waits for it."""

from datetime import datetime, timedelta

import attrs

from flamenco.model.statuses import WorkerStatus
from flamenco.model.workers import Worker

AWAY = (WorkerStatus.OFFLINE, WorkerStatus.ERROR)
"""Statuses of workers that left or were lost."""


@attrs.frozen
class Absence:
    """The rule of a farm; Flamenco 3 waits for every worker it ever saw."""

    limit: float
    """Seconds after which a worker that is away counts as gone; 0: never."""
    since: datetime
    """Time of the Manager's start, as it knows nothing of who would have come before; or of the
    latest correction of its clock, as it can't compare with times before that."""

    def gone(self, worker: Worker, now: datetime) -> bool:
        """True if a worker does not count any more as able to run tasks."""
        if worker.status not in AWAY or self.limit <= 0:
            return False
        left = max(worker.last_seen or worker.created, self.since)
        return now - left >= timedelta(seconds=self.limit)
