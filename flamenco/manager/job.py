"""The actor of one job: its tasks and their leases."""

import logging
from collections.abc import Sequence
from functools import partial

import actors
from flamenco import clock, protocol
from flamenco.manager.asking import tell_worker, worker_actor
from flamenco.manager.calls import ReportTask
from flamenco.manager.jobrequests import JobRequests
from flamenco.manager.jobstate import ERASE_SECONDS
from flamenco.manager.leases import MOST_STARTS, Lease, LeaseEnded, Report, is_over, reported
from flamenco.manager.messages import (
    Announce,
    AssignAgain,
    CheckUp,
    Conflict,
    Judge,
    LeaseClosed,
    LeaseOpened,
    LeaseReopened,
    LeaseReturned,
    Offer,
    OfferSettled,
    SettleOffer,
    SignOfLife,
    TaskReport,
    WorkerGone,
)
from flamenco.model.evolving import evolve
from flamenco.model.failures import (
    after_block,
    after_failure,
    hopeless,
    nobody_left,
    should_block,
)
from flamenco.model.jobs import Block, Task
from flamenco.model.leases import BLAMED, REPORTED, Ending, blame
from flamenco.model.lifecycle import returned_to_pool
from flamenco.model.statuses import JobStatus, TaskStatus
from flamenco.model.workers import Worker
from flamenco.store import PutBlock, ReadCommands

logger = logging.getLogger(__name__)


class JobActor(JobRequests):
    """Owns a job: opens leases of its tasks, and decides what becomes of a task when one ends."""

    async def started(self) -> None:
        if not self._exists:  # it was erased while somebody woke it
            self.stop()
            return
        active = [task for task in self._live.tasks.values() if task.status is TaskStatus.ACTIVE]
        if active:
            workers = await self._services.reader.workers()
            self._worker_names.update((worker.id, worker.name) for worker in workers)
        for task in active:
            self._reopen(task)
        self._begin_announcing()
        tag = self._live.job.worker_tag
        if tag is not None and not await self._is_tag(tag):  # it went while the job was stored
            self._change(worker_tag=None)
        if self._live.job.delete_requested_at is None:
            self._check_up()
        else:
            self.after(ERASE_SECONDS, CheckUp())

    def _reopen(self, task: Task) -> None:
        lease = self._hold(task)
        if not tell_worker(self, lease.worker_id, LeaseReopened(self.ref, task.id, task.lease)):
            lease.end(Ending.RETURNED, "its worker is gone")

    @actors.handles(Announce)
    def announce(self, _: Announce) -> None:
        self._begin_announcing()

    @actors.handles(CheckUp)
    def check_up(self, _: CheckUp) -> None:
        if self._live.job.delete_requested_at is None:
            self._check_up()
        else:
            self._go_on_deleting()

    def _check_up(self) -> None:
        ripple = self._live.repair(clock.now())
        if ripple.tasks or ripple.sweeps or self._live.job is not ripple.job_before:
            logger.warning(
                "job %s was stuck: %s → %s, %d of its tasks were put right",
                self._id,
                ripple.job_before.status.value,
                self._live.job.activity,
                len(ripple.tasks) + sum(sweep.count for sweep in ripple.sweeps),
            )
        self._spread(ripple)

    # A lease begins

    @actors.handles(Offer)
    def offer(self, message: Offer) -> None:
        """Open a lease for the scheduler's match, or refuse a stale one.

        One that rests on what was told in an earlier life is void: its worker is free again.
        """
        if message.telling != self._telling:
            return
        self._count_announced(message.lane, -1)
        before = self._live.first(message.lane)
        if before is None:
            tell_worker(self, message.candidate.worker_id, OfferSettled())
            self._live.lanes.changed.add(message.lane)
            self._announce()
            return
        worker = message.candidate
        self._worker_names[worker.worker_id] = worker.name
        now = clock.now()
        task = evolve(
            before,
            status=TaskStatus.ACTIVE,
            worker_id=worker.worker_id,
            lease=before.lease + 1,
            last_seq=0,
            activity=f"Assigned to worker {worker.name}",
            started=now,
            last_touched=now,
        )
        self._hold(task)
        self._move(task, note=f"Task assigned to worker {worker.name} ({worker.worker_id})")
        self._assign(task)

    @actors.handles(SettleOffer)
    def settle_offer(self, message: SettleOffer) -> None:
        """Offers come in order: what became of those of this worker, it has been told by now."""
        tell_worker(self, message.worker_id, OfferSettled())

    def _hold(self, task: Task) -> Lease:
        worker_id = task.worker_id or ""
        lease = Lease(
            task_id=task.id,
            number=task.lease,
            worker_id=worker_id,
            worker_name=self._worker_names.get(worker_id, ""),
            timeout=self._services.config.task_timeout or float("inf"),
        )
        self._leases[task.id] = lease
        self._live.hold(task.id)
        self.start_soon(lease.hold, done=partial(LeaseEnded, lease))
        return lease

    def _assign(self, task: Task) -> None:
        """Tell the worker, once its lease is on disk."""
        reading = ReadCommands(task.id)
        self.record(reading)
        self.after_commit(self._push, task, reading)

    def _push(self, task: Task, reading: ReadCommands) -> None:
        """Put it into the mailbox now, in the place of its commit.

        A tell of this actor would come after what it has told since, such as that the lease is
        closed already; the worker would then hold it for ever.
        """
        worker = worker_actor(self.system, task.worker_id or "")
        if worker is None:
            return
        job = self._live.job
        assign = protocol.Assign(
            task_id=task.id,
            lease=task.lease,
            job_id=job.id,
            name=task.name,
            job_type=job.type,
            task_type=task.type,
            priority=task.priority,
            job_priority=job.priority,
            commands=reading.commands,
            steps_total=task.steps_total,
        )
        worker.tell(LeaseOpened(job=self.ref, assign=assign))

    @actors.handles(AssignAgain)
    def assign_again(self, message: AssignAgain) -> None:
        """A worker that holds a task gets that one again; too often is a failure of its own."""
        lease = self._lease(message.task_id, message.lease)
        if lease is None:
            tell_worker(self, message.worker_id, LeaseClosed(message.task_id, message.lease))
        elif lease.starts >= MOST_STARTS:
            lease.end(Ending.FAILED, f"its worker lost it {lease.starts} times")
        else:
            lease.starts += 1
            lease.touch()
            self._assign(self._live.tasks[lease.task_id])

    # A lease lasts

    def _lease(self, task_id: str, number: int) -> Lease | None:
        lease = self._leases.get(task_id)
        return lease if lease and lease.number == number and lease.ending is None else None

    @actors.handles(SignOfLife)
    def sign_of_life(self, message: SignOfLife) -> None:
        lease = self._lease(message.task_id, message.lease)
        if lease:
            lease.touch()

    @actors.handles(LeaseReturned)
    def lease_returned(self, message: LeaseReturned) -> None:
        lease = self._lease(message.task_id, message.lease)
        if lease:
            lease.end(Ending.RETURNED, message.reason)

    @actors.handles(WorkerGone)
    def worker_gone(self, message: WorkerGone) -> None:
        """A worker was deleted while it was offered: nobody else returns its lease."""
        for lease in self._leases.values():
            if lease.worker_id == message.worker_id:
                lease.end(Ending.RETURNED, "its worker is gone")

    @actors.handles(TaskReport)
    def report(self, message: TaskReport) -> None:
        self._count(message.worker.id, Report(message.report, message.seq, message.answer))

    @actors.handles(ReportTask)
    def report_once(self, message: ReportTask) -> None:
        """A worker that polls does not number its reports: it sends each of them once."""
        answer = partial(_answer, self.defer_reply())
        self._count(message.worker_id, Report(message.report, None, answer))

    def _count(self, worker_id: str, report: Report) -> None:
        """Count what a worker said under its lease; refuse it if the lease is over."""
        content = report.content
        lease = self._lease(content.task_id, content.lease)
        if lease is None or lease.worker_id != worker_id:
            self._refuse(worker_id, report)
            return
        lease.touch()
        if content.status in REPORTED:
            reason = content.activity or f"reported as {content.status.value}"
            lease.end(REPORTED[content.status], reason, report)
            return
        task = self._live.tasks[content.task_id]
        if report.seq is None or report.seq > task.last_seq:
            self._move(reported(task, content, report.seq), content.log or "")
        self.after_commit(report.answer, None)

    def _refuse(self, worker_id: str, report: Report) -> None:
        """Refuse a report; a worker that still holds what nobody knows here is free by that."""
        task_id, number = report.content.task_id, report.content.lease
        self._services.counters.stale_reports += 1
        self.after_commit(report.answer, is_over(task_id, number))
        known = self._leases.get(task_id)
        if known is None or known.number != number:
            tell_worker(self, worker_id, LeaseClosed(task_id, number))

    # A lease ends

    @actors.handles(LeaseEnded)
    def lease_ended(self, message: LeaseEnded) -> None:
        """Decide a task's next status: the one place where that is done for a lease."""
        lease, ending = message.lease, message.ending
        if self._leases.get(lease.task_id) is not lease:
            return
        if ending is Ending.COMPLETED:
            self._close(lease, ending, TaskStatus.COMPLETED, lease.reason)
        elif ending in BLAMED or _asks_to_be_blocked(lease):
            self.start_soon(self._services.reader.workers, done=partial(Judge, lease, ending))
        else:
            self._close(lease, ending, returned_to_pool(self._live.job.status), lease.reason)

    @actors.handles(Judge)
    def judge(self, message: Judge) -> None:
        """Blame the worker, keep it from what it can't do, and see who is left."""
        lease, ending = message.lease, message.ending
        task, live = self._live.tasks[lease.task_id], self._live
        if self._leases.get(lease.task_id) is not lease:
            return
        if ending in BLAMED:
            task = blame(task, lease.worker_id)
            self._spread(live.move_task(task, clock.now()))
        blocked = self._block_if_due(lease, task)
        if blocked and nobody_left(live, task.type, message.workers):
            reason = f"no worker is left for tasks of type {task.type}"
            self._close(lease, ending, TaskStatus.FAILED, f"{lease.reason}: {reason}")
            self._spread(live.move_job(JobStatus.FAILED, reason, clock.now()))
            return
        if ending in BLAMED:
            limit = self._services.config.task_fail_after_softfail_count
            verdict = after_failure(task, live.kind(task), message.workers, limit)
            self._close(lease, ending, verdict.status, f"{lease.reason}: {verdict.reason}")
        else:
            self._close(lease, ending, returned_to_pool(live.job.status), lease.reason)
        if blocked:
            self._see_who_is_left(lease.worker_id, task.type, message.workers)

    def _see_who_is_left(self, blocked: str, task_type: str, workers: Sequence[Worker]) -> None:
        live = self._live
        for task in after_block(live.tasks.values(), blocked, task_type):
            self._spread(live.move_task(task, clock.now()))
        for task in hopeless(live, task_type, workers):
            self._spread(live.move_task(task, clock.now()))

    def _block_if_due(self, lease: Lease, task: Task) -> bool:
        asked = _asks_to_be_blocked(lease)
        failures = self._live.failures(lease.worker_id, task.type)
        if not asked and not should_block(failures, self._services.config.blocklist_threshold):
            return False
        reason = asked or f"failed {failures} tasks of this type"
        block = Block(lease.worker_id, task.type, reason, clock.now())
        self._live.block(block)
        self.record(PutBlock(self._id, block))
        logger.info(
            "worker %s is blocklisted for %s in job %s: %s",
            lease.worker_name,
            task.type,
            self._id,
            reason,
        )
        return True


def _answer(later: actors.ReplyLater, refused: str | None) -> None:
    if refused:
        later.fail(Conflict(refused))
    else:
        later(None)


def _asks_to_be_blocked(lease: Lease) -> str | None:
    return lease.report.content.blocklist if lease.report else None
