"""Keeping: a worker's report waits while the actor of its job is not there.

When the actor is back, it gets the report, and answers. If that takes too long, or too many reports
wait, the worker's session ends: its outbox sends again at the next hello. They are never refused.
"""

import attrs
import trio

import actors
from flamenco.manager.asking import reach_job
from flamenco.manager.jobs.messages import TaskReport
from flamenco.manager.workers.messages import JobAwaited

AWAIT_JOB_SECONDS = 10.0
"""Seconds that a report waits for the actor of its job."""

MOST_KEPT = 100
"""Maximum number of a worker's reports that wait."""


@attrs.define(eq=False)
class Keeping:
    """The reports of one worker that wait; each comes back as `JobAwaited`."""

    _actor: actors.Actor
    _kept: int = 0

    def keep(self, job_id: str, report: TaskReport) -> bool:
        """Wait for the actor of the job; returns False if too many reports already wait."""
        if self._kept >= MOST_KEPT:
            return False
        self._kept += 1
        self._actor.start_soon(
            self._await,
            job_id,
            done=lambda _: JobAwaited(report, is_back=True),
            failed=lambda _: JobAwaited(report, is_back=False),
        )
        return True

    async def _await(self, job_id: str) -> None:
        with trio.fail_after(AWAIT_JOB_SECONDS):
            await reach_job(self._actor.system, job_id)

    def let_go(self) -> None:
        """Count one report that came back."""
        self._kept -= 1
