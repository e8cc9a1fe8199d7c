"""Keeping: what becomes of a worker's report while the actor of its job is not there.

It waits for that actor, is given to it then, and answered. If that takes too long, or too many
wait, the worker's session ends: its outbox sends again at the next hello. It is never refused.
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
        """Wait for the actor of the job; False if too many wait already."""
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
        """One came back."""
        self._kept -= 1
