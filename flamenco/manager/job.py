"""The actor of one job: its tasks, their leases, and what people ask of them."""

import logging
from collections.abc import Iterable
from typing import Any

import attrs

import actors
from flamenco import clock, protocol
from flamenco.api.events import EventTaskLogUpdate
from flamenco.manager.announcements import job_event, task_event
from flamenco.manager.leases import Lease, LeaseEnded, Report
from flamenco.manager.messages import (
    Announce,
    LeaseClosed,
    LeaseOpened,
    LeaseReturned,
    NotAllowed,
    NotFound,
    Offer,
    OfferRefused,
    Refusal,
    Retire,
    SetJobPriority,
    SetJobStatus,
    SetTaskStatus,
    SignOfLife,
    TaskReport,
    TasksGone,
    TasksReady,
)
from flamenco.manager.services import SCHEDULER, WORKERS, Services
from flamenco.model.board import ReadyTask
from flamenco.model.jobs import Task
from flamenco.model.leases import REPORTED, Ending, blame, verdict
from flamenco.model.livejob import LiveJob, Ripple
from flamenco.model.statuses import (
    FINISHED_JOBS,
    JOB_REQUESTS,
    TASK_REQUESTS,
    TaskStatus,
)
from flamenco.store import PutJob, PutTask, job_key

logger = logging.getLogger(__name__)

RETIRE_SECONDS = 30.0
"""A finished job's actor stops after this long without a message; a request wakes it again."""


class JobActor(actors.Actor):
    """Owns a job. Restored from its snapshot in every life."""

    replies_with = (Refusal,)
    mailbox = actors.Mailbox(capacity=1_000_000)

    def __init__(self, services: Services, job_id: str) -> None:
        self._services = services
        self._id = job_id
        self._live: LiveJob
        self._leases: dict[str, Lease] = {}
        self._on_board: set[str] = set()
        self._worker_names: dict[str, str] = {}

    # Life cycle

    @property
    def snapshot_key(self) -> str:
        return job_key(self._id)

    def restore(self, snapshot: Any) -> None:
        self._live = LiveJob.of(snapshot.job, snapshot.tasks)

    async def started(self) -> None:
        for task in self._live.tasks.values():
            if task.status is TaskStatus.ACTIVE and task.worker_id:
                self._reopen(task, task.worker_id)
        self._announce(self._live.tasks)
        self._retire_when_finished()

    def _reopen(self, task: Task, worker_id: str) -> None:
        worker = self.system.find(f"{WORKERS}/{worker_id}")
        lease = self._hold(task, worker_id, worker)
        if worker is None:
            lease.end(Ending.RETURNED, "its worker is gone")
        else:
            opened = LeaseOpened(job=self.ref, task_id=task.id, lease=task.lease)
            self.tell(worker, opened)

    @actors.handles(Announce)
    def announce(self, _: Announce) -> None:
        self._on_board.clear()
        self._announce(self._live.tasks)

    # Scheduling and leases

    @actors.handles(Offer)
    async def offer(self, message: Offer) -> None:
        """Open a lease for the scheduler's match, or refuse a stale one."""
        self._on_board.discard(message.task_id)
        if not self._live.is_ready(message.task_id) or message.task_id in self._leases:
            self.tell(message.worker, OfferRefused())
            return
        idle = message.idle
        self._worker_names[idle.worker_id] = idle.name
        before = self._live.tasks[message.task_id]
        task = attrs.evolve(
            before,
            status=TaskStatus.ACTIVE,
            worker_id=idle.worker_id,
            lease=before.lease + 1,
            last_seq=0,
            activity=f"Assigned to worker {idle.name}",
            last_touched=clock.now(),
        )
        await self._move(task, _line(f"Task assigned to worker {idle.name} ({idle.worker_id})"))
        self._hold(task, idle.worker_id, message.worker)
        self.tell(message.worker, await self._opened(task))

    async def _opened(self, task: Task) -> LeaseOpened:
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
            commands=await self._services.reader.commands(task.id),
            steps_total=task.steps_total,
        )
        return LeaseOpened(job=self.ref, task_id=task.id, lease=task.lease, assign=assign)

    def _hold(self, task: Task, worker_id: str, worker: actors.ActorRef | None) -> Lease:
        lease = Lease(
            task_id=task.id,
            number=task.lease,
            worker_id=worker_id,
            worker=worker,
            timeout=self._services.config.task_timeout or float("inf"),
        )
        self._leases[task.id] = lease
        self.start_soon(lease.hold, done=lambda ending: LeaseEnded(lease, ending))
        return lease

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

    @actors.handles(TaskReport)
    async def report(self, message: TaskReport) -> None:
        """Count what a worker said under its lease; refuse it if the lease is over."""
        content = message.report
        lease = self._lease(content.task_id, content.lease)
        if lease is None or lease.worker_id != message.worker.id:
            reason = f"lease {content.lease} of task {content.task_id} is over"
            self.after_commit(message.answer, reason)
            return
        lease.touch()
        if content.status in REPORTED:
            report = Report(content=content, seq=message.seq, answer=message.answer)
            reason = content.activity or f"reported as {content.status.value}"
            lease.end(REPORTED[content.status], reason, report)
            return
        task = self._live.tasks[content.task_id]
        if message.seq > task.last_seq:
            await self._move(_reported(task, content, message.seq), content.log or "")
        self.after_commit(message.answer, None)

    @actors.handles(LeaseEnded)
    async def lease_ended(self, message: LeaseEnded) -> None:
        """Decide a task's next status: the one place where that is done for a lease."""
        lease = message.lease
        del self._leases[lease.task_id]
        if message.ending is Ending.WITHDRAWN:
            self._announce((lease.task_id,))
        else:
            await self._judge(lease, message.ending)
        if lease.report:
            self.after_commit(lease.report.answer, None)
        if lease.worker:
            revoke = None if lease.report else lease.reason
            self.tell(lease.worker, LeaseClosed(lease.task_id, lease.number, revoke))
        self._retire_when_finished()

    async def _judge(self, lease: Lease, ending: Ending) -> None:
        task, log = self._live.tasks[lease.task_id], ""
        if lease.report:
            task = _reported(task, lease.report.content, lease.report.seq)
            log = lease.report.content.log or ""
        task = blame(task, ending, lease.worker_id)
        config, reader = self._services.config, self._services.reader
        workers = await reader.workers() if task.failed_by else ()
        limit = config.task_fail_after_softfail_count
        judged = verdict(self._live.job, task, ending, lease.reason, workers, limit)
        task = attrs.evolve(task, status=judged.status, activity=judged.reason)
        await self._move(task, log)

    # Requests of people

    @actors.handles(SetJobStatus)
    def set_job_status(self, message: SetJobStatus) -> None:
        allowed = JOB_REQUESTS.get(message.status)
        status = self._live.job.status
        if allowed is None:
            expected = ", ".join(JOB_REQUESTS)
            raise NotAllowed(f"a job can be asked for {expected}, not {message.status.value}")
        if status not in allowed:
            raise NotAllowed(
                f"the job is {status.value}; {message.status.value} can be asked of a job that is "
                f"{' or '.join(sorted(allowed))}"
            )
        self._spread(self._live.move_job(message.status, message.reason, clock.now()))

    @actors.handles(SetJobPriority)
    def set_job_priority(self, message: SetJobPriority) -> None:
        self._spread(self._live.change_priority(message.priority, clock.now()))

    @actors.handles(SetTaskStatus)
    async def set_task_status(self, message: SetTaskStatus) -> None:
        task = self._live.tasks.get(message.task_id)
        if task is None:
            raise NotFound(f"job {self._id} has no task {message.task_id}")
        allowed = TASK_REQUESTS.get(message.status)
        if allowed is None:
            expected = ", ".join(TASK_REQUESTS)
            raise NotAllowed(f"a task can be asked for {expected}, not {message.status.value}")
        if task.status not in allowed:
            raise NotAllowed(
                f"the task is {task.status.value}; {message.status.value} can be asked of a task "
                f"that is {' or '.join(sorted(allowed))}"
            )
        failed_by = () if message.status is TaskStatus.QUEUED else task.failed_by
        task = attrs.evolve(
            task, status=message.status, activity=message.reason, failed_by=failed_by
        )
        await self._move(task)

    # Helpers

    async def _move(self, task: Task, log: str = "") -> None:
        """Put a changed task in place, with what is to stand in its log, and tell the farm."""
        before = self._live.tasks[task.id]
        if before.status is not task.status:
            change = f"Task went from {before.status.value} to {task.status.value}: {task.activity}"
            log = f"{log.rstrip()}\n{_line(change)}".lstrip()
        if log:
            task = await self._logged(task, log)
        self._spread(self._live.move_task(task, clock.now()))

    async def _logged(self, task: Task, text: str) -> Task:
        try:
            size = await self._services.logs.write(self._id, task.id, task.log_size, text)
        except OSError as error:
            logger.warning("cannot write to the log of task %s: %s", task.id, error)
            return task
        self.publish(EventTaskLogUpdate(task_id=task.id, log=text))
        return attrs.evolve(task, log_size=size)

    def _spread(self, ripple: Ripple) -> None:
        """Record what changed, and tell workers, scheduler and browsers."""
        job, before = self._live.job, ripple.job_before
        for task_id, earlier in ripple.tasks.items():
            task = self._live.tasks[task_id]
            self.record(PutTask(task))
            if not ripple.swept:
                name = self._worker_names.get(task.worker_id or "")
                self.publish(task_event(task, earlier, name))
            if task.status is not TaskStatus.ACTIVE and task_id in self._leases:
                self._leases[task_id].end(Ending.WITHDRAWN, task.activity)
        if job is not before:
            self.record(PutJob(job))
            self.publish(job_event(job, before, refresh_tasks=ripple.swept))
        self._announce(self._live.concerned(ripple))
        self._retire_when_finished()

    def _announce(self, task_ids: Iterable[str]) -> None:
        """Tell the scheduler which of these tasks became ready, and which are so no more."""
        scheduler = self.system.find(SCHEDULER)
        ready = {
            task_id
            for task_id in task_ids
            if task_id not in self._leases and self._live.is_ready(task_id)
        }
        gone = tuple(self._on_board.intersection(task_ids) - ready)
        if scheduler and gone:
            self.tell(scheduler, TasksGone(gone))
        if scheduler and ready:
            tasks = sorted((self._live.tasks[each] for each in ready), key=lambda task: task.idx)
            offers = tuple(self._ready(task) for task in tasks)
            self.tell(scheduler, TasksReady(self.ref, offers))
        self._on_board.difference_update(gone)
        self._on_board |= ready

    def _ready(self, task: Task) -> ReadyTask:
        job = self._live.job
        return ReadyTask(
            task_id=task.id,
            job_id=job.id,
            type=task.type,
            tag=job.worker_tag,
            job_priority=job.priority,
            priority=task.priority,
            excluded=frozenset(task.failed_by),
        )

    def _retire_when_finished(self) -> None:
        if self._live.job.status in FINISHED_JOBS and not self._leases:
            self.after(RETIRE_SECONDS, Retire())

    @actors.handles(Retire)
    def retire(self, _: Retire) -> None:
        if self._live.job.status in FINISHED_JOBS and not self._leases:
            self.stop()


def _reported(task: Task, report: protocol.Report, seq: int) -> Task:
    """A task with what a report says of its activity and steps."""
    steps = report.steps_completed
    return attrs.evolve(
        task,
        activity=task.activity if report.activity is None else report.activity,
        steps_completed=min(task.steps_completed if steps is None else steps, task.steps_total),
        last_seq=seq,
        last_touched=clock.now(),
    )


def _line(text: str) -> str:
    """A line of the Manager's own in a task's log."""
    return f"{clock.now().astimezone().isoformat(timespec='seconds')} {text}"
