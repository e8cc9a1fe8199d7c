"""Judging: consequences of a worker's failure for the task, the worker, and other tasks."""

import logging
from collections.abc import Callable, Sequence

import attrs

import actors
from flamenco import clock
from flamenco.config.manager import ManagerConfig
from flamenco.manager.jobs.leases import Lease
from flamenco.model.failures import (
    GONE,
    after_block,
    after_failure,
    hopeless,
    nobody_left,
    should_block,
)
from flamenco.model.jobs import Block, Task
from flamenco.model.leases import BLAMED, Ending, blame
from flamenco.model.lifecycle import returned_to_pool
from flamenco.model.livejob import LiveJob, Ripple
from flamenco.model.reasons import HOPELESS, alike
from flamenco.model.statuses import RUNNABLE_JOBS, RUNNABLE_TASKS, JobStatus, TaskStatus
from flamenco.model.workers import Worker
from flamenco.store import PutBlock

logger = logging.getLogger(__name__)


@attrs.define(eq=False)
class Judging:
    """The judge, which blames and blocks workers, and fails tasks without a capable worker."""

    _actor: actors.Actor
    _spread: Callable[[Ripple], None]
    """Function that records and tells the consequences of a change."""
    _close: Callable[[Lease, Ending, TaskStatus, str], None]
    """Function that ends the lease, with the task's next status and the reason."""

    def judge(
        self,
        live: LiveJob,
        lease: Lease,
        ending: Ending,
        workers: Sequence[Worker],
        config: ManagerConfig,
    ) -> None:
        """Decide on the task of a lease that failed, knowing all workers."""
        task = live.tasks[lease.task_id]
        reason = failure_kind(lease)
        if ending in BLAMED and reason not in HOPELESS:
            task = blame(task, lease.worker_id)
            self._spread(live.move_task(task, clock.now()))
        blocked = self._block_if_due(live, lease, task, config.blocklist_threshold)
        for like in alike(reason, lease.worker_id, workers) if blocked else ():
            self._block(live, like.id, like.name, task.type, lease.reason)
        if blocked and nobody_left(live, task.type, workers):
            why = f"no worker is left for tasks of type {task.type}"
            self._close(lease, ending, TaskStatus.FAILED, f"{lease.reason}: {why}")
            self._spread(live.move_job(JobStatus.FAILED, why, clock.now()))
            return
        if ending in BLAMED:
            limit = config.task_fail_after_softfail_count
            verdict = after_failure(task, live.kind(task), workers, limit, reason)
            self._close(lease, ending, verdict.status, f"{lease.reason}: {verdict.reason}")
        else:
            self._close(lease, ending, returned_to_pool(live.job.status), lease.reason)
        if blocked:
            for other in after_block(live.tasks.values(), lease.worker_id, task.type):
                self._spread(live.move_task(other, clock.now()))
            for other in hopeless(live, task.type, workers):
                self._spread(live.move_task(other, clock.now()))

    def waits_for_others(self, live: LiveJob) -> bool:
        """True if a failed task, or a type with a blocked worker, waits for another worker."""
        return live.job.status in RUNNABLE_JOBS and (
            bool(live.blocks)
            or any(task.failed_by and task.status in RUNNABLE_TASKS for task in live.tasks.values())
        )

    def look_around(self, live: LiveJob, workers: Sequence[Worker]) -> None:
        """Fail tasks that only wait for workers that are gone, knowing the others."""
        waiting = {task.type for task in live.tasks.values() if task.status in RUNNABLE_TASKS}
        for task_type in sorted(waiting):
            if live.blocked(task_type) and nobody_left(live, task_type, workers):
                reason = f"no worker is left for tasks of type {task_type}"
                self._spread(live.move_job(JobStatus.FAILED, reason, clock.now()))
                return
            for task in hopeless(live, task_type, workers, GONE):
                self._spread(live.move_task(task, clock.now()))

    def _block_if_due(self, live: LiveJob, lease: Lease, task: Task, threshold: int) -> bool:
        asked, failures = asked_to_block(lease), live.failures(lease.worker_id, task.type)
        if not asked and not should_block(failures, threshold):
            return False
        reason = asked or f"failed {failures} tasks of this type"
        self._block(live, lease.worker_id, lease.worker_name, task.type, reason)
        return True

    def _block(self, live: LiveJob, worker: str, name: str, task_type: str, reason: str) -> None:
        block = Block(worker, task_type, reason, clock.now())
        live.block(block)
        self._actor.record(PutBlock(live.job.id, block))
        logger.info(
            "worker %s is blocklisted for %s in job %s: %s", name, task_type, live.job.id, reason
        )


def failure_kind(lease: Lease) -> str:
    """The kind of the failure that the worker reported; empty if it is unknown."""
    failure = lease.report.content.failure if lease.report else None
    return failure.kind if failure else ""


def asked_to_block(lease: Lease) -> str | None:
    """The reason for which the worker asked to get no more such tasks, if it did."""
    return lease.report.content.blocklist if lease.report else None
