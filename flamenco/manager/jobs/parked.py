"""The stand-in for a job that is parked."""

import attrs

import actors
from flamenco import clock
from flamenco.api.events import EventWorkerTask
from flamenco.manager.asking import tell_worker, worker_actor
from flamenco.manager.deletions import Erase
from flamenco.manager.events import job_event
from flamenco.manager.jobs.leases import is_over
from flamenco.manager.jobs.messages import (
    AssignAgain,
    JobTried,
    RemoveJob,
    TaskReport,
    WorkerForgot,
)
from flamenco.manager.notices import give
from flamenco.manager.parking import TryAgain
from flamenco.manager.refusals import NotFound, NotWhileParked, Refusal
from flamenco.manager.scheduling.messages import JobBegins, WorkerGone
from flamenco.manager.services import DELETIONS, SCHEDULER, Services
from flamenco.manager.workers.messages import LeaseClosed, WorkerReleased
from flamenco.model.jobs import Job
from flamenco.model.notices import NoticeKind
from flamenco.model.parking import Parked, ParkedKind
from flamenco.store import DeleteParked, HandBackLeases, PutParked, RequestDeletion


class ParkedJob(actors.Actor):
    """The stand-in, which hands back the job's leases, without reading it, and refuses requests."""

    replies_with = (Refusal,)
    mailbox = actors.Mailbox(capacity=1_000_000)

    def __init__(self, services: Services, job_id: str, reason: str, *, begins: bool) -> None:
        self._services = services
        self._id = job_id
        self._reason = reason
        self._begins = begins

    async def started(self) -> None:
        """One that was parked in an earlier life of the Manager has nothing left to hand back."""
        scheduler = self.system.find(SCHEDULER)
        if scheduler is not None:
            self.tell(scheduler, JobBegins(self._id))
        job, now = await self._read(), clock.now()
        if self._begins:
            back = HandBackLeases(self._id, self._reason, now)
            self.record(PutParked(ParkedKind.JOB, self._id, self._reason, now))
            self.record(back)
            stuck = (NoticeKind.JOB_STUCK, f"{job.name} is parked: {self._reason}")
            give(self, [stuck], job_id=self._id)
            self.after_commit(self._close, back)
            self.publish(job_event(job, job, refresh_tasks=True, parked=Parked(self._reason, now)))

    async def _read(self) -> Job:
        """The job as far as it can be read."""
        shown = await self._services.reader.shown_job(self._id)
        if shown is None:
            raise NotFound(f"there is no job {self._id}")
        return shown.item

    def _close(self, back: HandBackLeases) -> None:
        """Let the workers go, and tell browsers that they hold nothing any more."""
        for lease in back.leases:
            self.system.publish(EventWorkerTask(worker_id=lease.worker_id))
            worker = worker_actor(self.system, lease.worker_id)
            if worker is not None:
                worker.tell(LeaseClosed(lease.task_id, lease.number, self._reason))

    # People

    @actors.handles(actors.Request)
    def refuse(self, _: actors.Request[object]) -> None:
        """Refuse a request with the reason."""
        raise NotWhileParked(f"job {self._id}", self._reason)

    @actors.handles(TryAgain)
    async def try_again(self, _: TryAgain) -> None:
        """End, so that the supervisor starts the job's own actor."""
        self.record(DeleteParked(ParkedKind.JOB, self._id))
        if self.parent is not None:
            self.tell(self.parent, JobTried(self._id))
        job = await self._read()
        self.publish(job_event(job, job, refresh_tasks=True))
        self.after_commit(self.stop)

    @actors.handles(RemoveJob)
    async def remove(self, message: RemoveJob) -> None:
        """Erase it as far as it can be read. It ends: what can't be done now is asked for again."""
        if message.unchanged_since is not None:  # who asks for that does not mean this one
            raise NotWhileParked(f"job {self._id}", self._reason)
        before, now = await self._read(), clock.now()
        files = message.files or before.delete_files
        job = attrs.evolve(before, delete_requested_at=now, delete_files=files)
        self.record(RequestDeletion(self._id, now, files))
        self.publish(job_event(job, before))
        deletions = self.system.find(DELETIONS)
        if deletions is not None:
            self.tell(deletions, Erase(job, await self._services.reader.task_count(self._id)))
        self.after_commit(self.stop)

    # Workers and the scheduler

    @actors.handles(TaskReport)
    def report(self, message: TaskReport) -> None:
        """Refuse it: its lease was handed back."""
        self.after_commit(message.answer, is_over(message.report.task_id, message.report.lease))

    @actors.handles(AssignAgain)
    def assign_again(self, message: AssignAgain) -> None:
        """The lease was handed back."""
        tell_worker(self, message.worker_id, LeaseClosed(message.task_id, message.lease))

    @actors.handles(WorkerForgot, WorkerGone)
    def release(self, message: WorkerForgot | WorkerGone) -> None:
        """No offer of the worker is open here."""
        tell_worker(self, message.worker_id, WorkerReleased())

    @actors.handles(object)
    def ignore(self, _: object) -> None:
        """All else is meant for a job that lives."""
