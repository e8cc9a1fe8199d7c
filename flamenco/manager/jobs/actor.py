"""The actor of one job: its tasks and their leases."""

import logging
from collections.abc import Iterable
from functools import partial
from typing import Any

import attrs

import actors
from flamenco import clock
from flamenco.manager.asking import tell_worker, worker_actor
from flamenco.manager.deletions import Erase
from flamenco.manager.events import job_event
from flamenco.manager.jobs import requests
from flamenco.manager.jobs.announcing import Announcing
from flamenco.manager.jobs.judging import Judging, asked_to_block
from flamenco.manager.jobs.leases import (
    MOST_STARTS,
    Lease,
    Leases,
    Report,
    assignment,
    attempt_of,
    is_over,
    lease_of,
    reported,
)
from flamenco.manager.jobs.messages import (
    ArchiveJob,
    AssignAgain,
    CheckUp,
    Decide,
    JobBegun,
    JobRests,
    Judge,
    KeepJob,
    LeaseEnded,
    LeaseReturned,
    OfPerson,
    RemoveJob,
    ReportTask,
    SetJobPriority,
    SetJobStatus,
    SetJobTag,
    SetTasksStatus,
    SetTaskStatus,
    SignOfLife,
    TaskReport,
    Unblock,
    WhyWaiting,
    WorkerForgot,
    WorkerOffered,
)
from flamenco.manager.jobs.recording import Recording
from flamenco.manager.jobs.waiting import why_waiting
from flamenco.manager.parking import TryAgain
from flamenco.manager.refusals import Conflict, NotAllowed, NotFound, Refusal
from flamenco.manager.scheduling.messages import Announce, WorkerGone
from flamenco.manager.services import DELETIONS, Services
from flamenco.manager.tags import TagGone
from flamenco.manager.workers.messages import (
    LeaseClosed,
    LeaseOpened,
    LeaseReopened,
    WorkerReleased,
)
from flamenco.model.evolving import evolve
from flamenco.model.jobs import Task
from flamenco.model.leases import BLAMED, REPORTED, Ending
from flamenco.model.lifecycle import returned_to_pool
from flamenco.model.livejob import LiveJob, Ripple
from flamenco.model.statuses import FINISHED_JOBS, JobStatus, TaskStatus
from flamenco.store import DeleteBlock, ReadCommands, job_key

logger = logging.getLogger(__name__)

REST_SECONDS = 30.0
"""Seconds without a message after which a finished job's actor rests, until it is asked again."""

ERASE_SECONDS = 1.0
"""Seconds after which an actor that was woken goes on with the deletion of its job: until then it
can answer the request that woke it."""


class JobActor(actors.Actor):
    """The owner of a job: it opens leases of its tasks, and decides on the task when one ends.

    Its state is restored from its snapshot in every life. A new job is handed over in memory, since
    reading a large one back takes seconds; only the first life finds it in the list.
    """

    replies_with = (Refusal,)
    mailbox = actors.Mailbox(capacity=1_000_000)

    def __init__(self, services: Services, job_id: str, new: list[LiveJob] | None = None) -> None:
        self._services = services
        self._id = job_id
        self._live: LiveJob
        self._exists = False
        self._is_new = bool(new)
        self._leases = Leases()
        self._announcing = Announcing(self, services)
        self._recording = Recording(self, job_id)
        self._judging = Judging(self, self._spread, self._close)
        if new:
            self.restore(new.pop())

    @property
    def snapshot_key(self) -> str | None:
        """Key of the snapshot; None in the first life of a new job."""
        return None if self._is_new else job_key(self._id)

    def restore(self, snapshot: Any) -> None:
        """Take the job as it is on disk."""
        self._live = snapshot
        self._exists = True
        self._live.failure_percentage = self._services.config.job_fail_percentage

    async def started(self) -> None:
        """Open the leases again, announce ready tasks, and repair what is stuck."""
        if not self._exists or self._live.job.status is JobStatus.UNDER_CONSTRUCTION:
            raise NotFound(f"there is no job {self._id}")
        active = self._live.tasks_in(TaskStatus.ACTIVE)
        known: set[str] = set()
        if active:
            workers = await self._services.reader.workers()
            self._recording.worker_names.update((worker.id, worker.name) for worker in workers)
            known.update(await self._services.reader.worker_ids())
        for task in active:
            lease = self._hold(task)
            if lease.worker_id not in known:
                lease.end(Ending.RETURNED, "its worker is gone")
            tell_worker(self, lease.worker_id, LeaseReopened(self.ref, task.id, task.lease))
        self._announcing.begin(self._live)
        tag = self._live.job.worker_tag
        if tag is not None and not await self._is_tag(tag):  # it went while the job was stored
            self._change(worker_tag=None)
        if self._live.job.delete_requested_at is None:
            await self.check_up(CheckUp())
        else:
            self.after(ERASE_SECONDS, CheckUp())
        if self.parent is not None:
            self.parent.tell(JobBegun(self.ref))  # at once: no start waits for space on the disk

    @property
    def passivate_after(self) -> float | None:
        """Seconds without a message after which a finished job rests."""
        finished = self._live.job.status in FINISHED_JOBS and not self._leases
        return REST_SECONDS if finished else None

    async def stopping(self, why: actors.Exit) -> None:
        """Let the scheduler and the supervisor forget a job that rests."""
        if why.reason == "passivated":
            self._announcing.void(self._id)
            if self.parent is not None:
                self.tell(self.parent, JobRests(self.ref))

    @actors.handles(Announce)
    def announce(self, _: Announce) -> None:
        """Announce the ready tasks to a new scheduler."""
        self._announcing.begin(self._live)

    @actors.handles(CheckUp)
    async def check_up(self, _: CheckUp) -> None:
        """Repair what is stuck, and fail tasks that only wait for workers that are gone."""
        if self._live.job.delete_requested_at is not None:
            self._go_on_deleting()
            return
        ripple = self._live.repair(clock.now())
        if ripple.tasks or ripple.sweeps or self._live.job is not ripple.job_before:
            logger.warning(
                "job %s was stuck: %s → %s, %d of its tasks were repaired",
                self._id,
                ripple.job_before.status.value,
                self._live.job.activity,
                len(ripple.tasks) + sum(sweep.count for sweep in ripple.sweeps),
            )
        self._spread(ripple)
        if self._judging.waits_for_others(self._live):
            self._judging.look_around(self._live, await self._services.workers_that_count())

    # A lease begins

    @actors.handles(WorkerOffered)
    def worker_offered(self, message: WorkerOffered) -> None:
        """Open a lease for the scheduler's match, or refuse a stale one.

        A match that rests on announcements of an earlier life is void: its worker is free again.
        """
        if message.telling != self._announcing.telling:
            return
        self._announcing.taken(message.lane)
        if (before := self._live.first(message.lane)) is None:
            tell_worker(self, message.candidate.worker_id, WorkerReleased())
            self._live.lanes.changed.add(message.lane)
            self._announcing.announce(self._live)
            return
        worker = message.candidate
        self._recording.worker_names[worker.worker_id] = worker.name
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
            warnings=(),
        )
        self._hold(task)
        assigned = f"Task assigned to worker {worker.name} ({worker.worker_id})"
        self._move(task, note=f"{assigned}: {message.why}")
        self._assign(task)

    @actors.handles(WorkerForgot)
    def worker_forgot(self, message: WorkerForgot) -> None:
        """Offers come in order: what became of those of this worker, it has been told by now."""
        tell_worker(self, message.worker_id, WorkerReleased())

    def _hold(self, task: Task) -> Lease:
        worker_name = self._recording.worker_names.get(task.worker_id or "", "")
        lease = lease_of(task, worker_name, self._services.config.task_timeout)
        self._leases.add(lease)
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
        if reading.unreadable is not None:
            raise reading.unreadable
        worker = worker_actor(self.system, task.worker_id or "")
        if worker is None:
            return
        assign = assignment(self._live.job, task, reading.commands)
        worker.tell(LeaseOpened(job=self.ref, assign=assign))

    @actors.handles(AssignAgain)
    def assign_again(self, message: AssignAgain) -> None:
        """Give a worker the task that it holds again; too often counts as its failure."""
        lease = self._leases.current(message.task_id, message.lease)
        if lease is None:
            tell_worker(self, message.worker_id, LeaseClosed(message.task_id, message.lease))
        elif lease.starts >= MOST_STARTS:
            lease.end(Ending.FAILED, f"its worker lost it {lease.starts} times")
        else:
            lease.starts += 1
            lease.touch()
            self._assign(self._live.tasks[lease.task_id])

    # A lease lasts

    @actors.handles(SignOfLife)
    def sign_of_life(self, message: SignOfLife) -> None:
        """Prolong the lease for another full timeout."""
        if lease := self._leases.current(message.task_id, message.lease):
            lease.touch()

    @actors.handles(LeaseReturned)
    def lease_returned(self, message: LeaseReturned) -> None:
        """End the lease without blame."""
        if lease := self._leases.current(message.task_id, message.lease):
            lease.end(Ending.RETURNED, message.reason)

    @actors.handles(WorkerGone)
    def worker_gone(self, message: WorkerGone) -> None:
        """A worker was deleted while it was offered: nobody else returns its lease."""
        for lease in self._leases:
            if lease.worker_id == message.worker_id:
                lease.end(Ending.RETURNED, "its worker is gone")

    @actors.handles(TaskReport)
    def report(self, message: TaskReport) -> None:
        """Count a report from a session."""
        self._count(message.worker.id, Report(message.report, message.seq, message.answer))

    @actors.handles(ReportTask)
    def report_once(self, message: ReportTask) -> None:
        """Count a report from a worker that polls, which has no number and is sent once."""
        answer = partial(_answer, self.defer_reply())
        self._count(message.worker_id, Report(message.report, None, answer))

    def _count(self, worker_id: str, report: Report) -> None:
        """Count a worker's report under its lease, or refuse it if the lease is over."""
        content = report.content
        lease = self._leases.current(content.task_id, content.lease)
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
        """Refuse a report, which frees a worker that still holds a lease unknown here."""
        task_id, number = report.content.task_id, report.content.lease
        self._services.counters.stale_reports += 1
        self.after_commit(report.answer, is_over(task_id, number))
        known = self._leases.of(task_id)
        if known is None or known.number != number:
            tell_worker(self, worker_id, LeaseClosed(task_id, number))

    # A lease ends

    @actors.handles(LeaseEnded)
    def lease_ended(self, message: LeaseEnded) -> None:
        """Decide a task's next status: the only place where that is done for a lease."""
        lease, ending = message.lease, message.ending
        if self._leases.of(lease.task_id) is not lease:
            return
        if ending is Ending.COMPLETED:
            self._close(lease, ending, TaskStatus.COMPLETED, lease.reason)
        elif ending in BLAMED or asked_to_block(lease):
            self.start_soon(self._services.workers_that_count, done=partial(Judge, lease, ending))
        else:
            self._close(lease, ending, returned_to_pool(self._live.job.status), lease.reason)

    @actors.handles(Judge)
    def judge(self, message: Judge) -> None:
        """Decide on the task, now that all workers are known."""
        lease, workers = message.lease, message.workers
        if self._leases.of(lease.task_id) is lease:
            self._judging.judge(self._live, lease, message.ending, workers, self._services.config)

    # Changes

    def _move(self, task: Task, said: str = "", note: str = "") -> None:
        """Put a changed task in place and tell the farm.

        Its log gets what the worker ``said``, then the Manager's own ``note`` and the change.
        """
        size = self._recording.log(self._live.tasks[task.id], task, said, note)
        self._spread(self._live.move_task(evolve(task, log_size=size), clock.now()))

    def _spread(self, ripple: Ripple) -> None:
        """Record what changed, and tell workers, scheduler and browsers."""
        self._recording.spread(self._live, ripple)
        held = [lease.task_id for lease in self._leases]
        self._withdraw(held if ripple.sweeps else list(ripple.tasks))
        self._announcing.announce(self._live)

    # The end of a lease

    def _withdraw(self, task_ids: Iterable[str]) -> None:
        """Close the leases of those tasks that were brought to another status.

        In the same transaction: a new life of this actor would not know of them any more.
        """
        for task_id in task_ids:
            task, lease = self._live.tasks[task_id], self._leases.of(task_id)
            if lease and task.status is not TaskStatus.ACTIVE:
                lease.end(Ending.WITHDRAWN, task.activity)
                self._close(lease, Ending.WITHDRAWN, task.status, task.activity)

    def _close(self, lease: Lease, ending: Ending, status: TaskStatus, reason: str) -> None:
        """Let go of a lease: record the attempt, bring the task to its status, tell the worker."""
        self._leases.remove(lease)
        task, log, report = self._live.tasks[lease.task_id], "", lease.report
        withdrawn = ending is Ending.WITHDRAWN
        if report and not withdrawn:
            task = reported(task, report.content, report.seq)
            log = report.content.log or ""
        self._recording.ended(attempt_of(lease, ending, reason, task))
        self._spread(self._live.release(lease.task_id, clock.now()))
        if not withdrawn:
            self._move(evolve(task, status=status, activity=reason), log)
        if report:
            refused = is_over(lease.task_id, lease.number) if withdrawn else None
            self.after_commit(report.answer, refused)
        revoke = None if report else lease.reason
        tell_worker(self, lease.worker_id, LeaseClosed(lease.task_id, lease.number, revoke))
        self._go_on_deleting()

    def _go_on_deleting(self) -> None:
        """End the leases of a job that is to be deleted, and erase it when it holds none any more.

        Some are open again if the Manager ended in the middle of that.
        """
        job = self._live.job
        if job.delete_requested_at is None:
            return
        for lease in self._leases:
            lease.end(Ending.RETURNED, "the job is being deleted")
        deletions = self.system.find(DELETIONS)
        if not self._leases and deletions:
            self.tell(deletions, Erase(job, len(self._live.tasks)))
            self._announcing.void(self._id)
            self.stop()

    @actors.handles(TryAgain)
    def try_again(self, _: TryAgain) -> None:
        """Refuse, since only a parked job can be tried again."""
        raise NotAllowed("the job is not parked")

    # Requests of people

    @actors.handles(SetJobStatus)
    def set_job_status(self, message: SetJobStatus) -> None:
        """Pause, cancel or requeue the job."""
        wanted = requests.checked_job_status(self._live.job, message.status)
        if wanted is JobStatus.REQUEUEING:
            self._unarchive()
        self._recording.asked(message)
        self._spread(self._live.move_job(wanted, message.reason, clock.now()))

    @actors.handles(SetJobPriority)
    def set_job_priority(self, message: SetJobPriority) -> None:
        """Change the priority, also of what waits already."""
        self._change(message, priority=message.priority)

    @actors.handles(SetJobTag)
    async def set_job_tag(self, message: SetJobTag) -> None:
        """Set the tag, if it exists. If the tag is deleted later, this actor is told."""
        if message.tag_id is not None and not await self._is_tag(message.tag_id):
            raise NotAllowed(f"there is no tag {message.tag_id}")
        self._change(message, worker_tag=message.tag_id)

    async def _is_tag(self, tag_id: str) -> bool:
        return any(tag.id == tag_id for tag in await self._services.reader.tags())

    @actors.handles(TagGone)
    def tag_gone(self, message: TagGone) -> None:
        """Let a job whose tag was deleted run on any worker."""
        if self._live.job.worker_tag == message.tag_id:
            self._change(worker_tag=None)

    @actors.handles(KeepJob)
    def keep(self, message: KeepJob) -> None:
        """Spare the job from the clean-up, or not."""
        self._change(message, keep=message.keep)

    @actors.handles(ArchiveJob)
    def archive(self, message: ArchiveJob) -> None:
        """Take it from the live lists, or bring it back."""
        if message.archived:
            requests.check_archiving(self._live.job)
        self._change(message, archived_at=clock.now() if message.archived else None)

    def _unarchive(self) -> None:
        if self._live.job.archived_at is not None:
            self._change(archived_at=None)

    def _change(self, asked: OfPerson | None = None, **changes: object) -> None:
        if asked is not None:
            self._recording.asked(asked)
        self._spread(self._live.change_job(clock.now(), **changes))

    @actors.handles(RemoveJob)
    def remove(self, message: RemoveJob) -> None:
        """Start nothing of it from now on, and erase it when its leases are over."""
        job = self._live.job
        requests.check_unchanged(job, message.unchanged_since)
        requested = job.delete_requested_at or clock.now()
        files = message.files or job.delete_files
        if (requested, files) == (job.delete_requested_at, job.delete_files):
            return
        self._change(message, delete_requested_at=requested, delete_files=files)
        self._go_on_deleting()

    @actors.handles(SetTaskStatus)
    def set_task_status(self, message: SetTaskStatus) -> None:
        """Bring a task to a status by hand."""
        requests.check_stays(self._live.job)
        task, status, reason = self._task(message.task_id), message.status, message.reason
        requests.check_task_status(task, status, reason)
        failed_by = () if status is TaskStatus.QUEUED else task.failed_by
        self._unarchive()
        self._recording.asked(message)
        self._move(attrs.evolve(task, status=status, activity=reason, failed_by=failed_by))

    @actors.handles(SetTasksStatus)
    def set_tasks_status(self, message: SetTasksStatus) -> dict[str, Exception]:
        """Bring several tasks to a status by hand; those that were refused."""
        return requests.one_by_one(message, self.set_task_status)

    @actors.handles(Decide)
    def decide(self, message: Decide) -> None:
        """Complete the task after a yes, fail it after a no."""
        requests.check_decision(self._live, self._task(message.task_id))
        self.set_task_status(requests.decided(message))

    def _task(self, task_id: str) -> Task:
        task = self._live.tasks.get(task_id)
        if task is None:
            raise NotFound(f"job {self._id} has no task {task_id}")
        return task

    @actors.handles(Unblock)
    def unblock(self, message: Unblock) -> None:
        """Take pairs from the blocklist: all of them, or none if one is not on it."""
        pairs = dict.fromkeys(message.pairs)
        for worker_id, task_type in pairs:
            if (worker_id, task_type) not in self._live.blocks:
                raise NotFound(f"worker {worker_id} is not blocklisted for {task_type}")
        self._recording.asked(message)
        for worker_id, task_type in pairs:
            self._live.unblock(worker_id, task_type)
            self.record(DeleteBlock(self._id, worker_id, task_type))
        self.publish(job_event(self._live.job, self._live.job, refresh_tasks=True))
        self._announcing.announce(self._live)

    @actors.handles(WhyWaiting)
    async def why_waiting(self, message: WhyWaiting) -> str:
        """The reason why a task or the job waits."""
        task = self._task(message.task_id) if message.task_id else None
        return await why_waiting(self._live, task, self.system, self._services)


def _answer(later: actors.ReplyLater, refused: str | None) -> None:
    if refused:
        later.fail(Conflict(refused))
    else:
        later(None)
