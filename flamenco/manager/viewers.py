"""Viewers of logs: Workers send a log that is being followed at once, others in chunks."""

from collections import Counter

import attrs

from flamenco.manager.workers.messages import LogFollowed


@attrs.define
class Viewers:
    """Number of present viewers of each task's log."""

    _counts: Counter[str] = attrs.field(factory=Counter)  # {task id: viewers}

    def follow(self, task_id: str) -> LogFollowed | None:
        """Count one more viewer; returns the message for the workers if it is the first."""
        self._counts[task_id] += 1
        return LogFollowed(task_id) if self._counts[task_id] == 1 else None

    def leave(self, task_id: str) -> LogFollowed | None:
        """Count one viewer fewer; returns the message for the workers if it was the last."""
        self._counts[task_id] -= 1
        if self._counts[task_id]:
            return None
        del self._counts[task_id]
        return LogFollowed(task_id)

    def __contains__(self, task_id: str) -> bool:
        return task_id in self._counts
