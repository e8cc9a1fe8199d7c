"""Which jobs had a change of their frames lately, so that what was made of these can be kept."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from flamenco.store.changes import (
    DeleteJob,
    DeletePicture,
    DeleteTasks,
    InsertAttempt,
    InsertTasks,
    PutPicture,
    PutTask,
    SweepTasks,
)
from flamenco.store.parking import HandBackLeases

MOST_JOBS = 1000
"""Maximum number of jobs that are told apart; of the others all count as changed by the last."""

JOB_OF: Mapping[type, Callable[[Any], str]] = {
    InsertTasks: lambda change: change.tasks[0].job_id if change.tasks else "",
    PutTask: lambda change: change.task.job_id,
    SweepTasks: lambda change: change.job_id,
    DeleteTasks: lambda change: change.job_id,
    DeleteJob: lambda change: change.job_id,
    InsertAttempt: lambda change: change.attempt.job_id,
    PutPicture: lambda change: change.picture.job_id,
    DeletePicture: lambda change: change.picture.job_id,
    HandBackLeases: lambda change: change.job_id,
}
"""The changes of what the list of a job's frames tells, names of workers aside; whose they are."""


@attrs.define(eq=False)
class Touched:
    """Numbers of the last commits that changed the frames of jobs."""

    _commits: int = 0
    _last: OrderedDict[str, int] = attrs.field(factory=OrderedDict)  # {job id: commit}
    _others: int = 0

    def note(self, changes: Sequence[object]) -> None:
        """Note what was committed. Nobody has been told so yet."""
        self._commits += 1
        for change in changes:
            job_of = JOB_OF.get(type(change))
            if job_of is not None:
                job_id = job_of(change)
                self._last[job_id] = self._commits
                self._last.move_to_end(job_id)
        while len(self._last) > MOST_JOBS:
            _, self._others = self._last.popitem(last=False)

    def of(self, job_id: str) -> int:
        """A number that is another one after each change of a job's frames."""
        return self._last.get(job_id, self._others)
