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

SIGN_ON_AGAIN = "the Manager has lost track of the session, sign on again"


@attrs.define(eq=False)
class Keeping:
    """The reports of one worker that wait; those for one job come back together, in their order."""

    _actor: actors.Actor
    _of_job: dict[str, list[TaskReport]] = attrs.field(factory=dict)

    def awaits(self, job_id: str) -> bool:
        """True if reports wait for that job: later ones must not overtake them."""
        return job_id in self._of_job

    def keep(self, job_id: str, report: TaskReport) -> bool:
        """Wait for the actor of the job; returns False if too many reports already wait."""
        if sum(map(len, self._of_job.values())) >= MOST_KEPT:
            return False
        if job_id not in self._of_job:
            self._of_job[job_id] = []
            self._actor.start_soon(
                self._await,
                job_id,
                done=lambda _: JobAwaited(job_id, is_back=True),
                failed=lambda _: JobAwaited(job_id, is_back=False),
            )
        self._of_job[job_id].append(report)
        return True

    async def _await(self, job_id: str) -> None:
        with trio.fail_after(AWAIT_JOB_SECONDS):
            await reach_job(self._actor.system, job_id)

    def let_go(self, job_id: str) -> list[TaskReport]:
        """The reports that waited for that job, which are not kept any more."""
        return self._of_job.pop(job_id)
