"""What people ask of a job."""

import attrs

import actors
from flamenco import clock
from flamenco.manager.announcements import job_event
from flamenco.manager.jobstate import JobState
from flamenco.manager.messages import Explain, NotAllowed, NotFound, TagGone
from flamenco.manager.requests import (
    ArchiveJob,
    Decide,
    DeleteJob,
    KeepJob,
    SetJobPriority,
    SetJobStatus,
    SetJobTag,
    SetTaskStatus,
    Unblock,
    WhyWaiting,
)
from flamenco.manager.services import SCHEDULER
from flamenco.model.jobs import APPROVAL, Task
from flamenco.model.statuses import (
    BY_HAND,
    FINISHED_JOBS,
    JOB_REQUESTS,
    TASK_REQUESTS,
    JobStatus,
    TaskStatus,
)
from flamenco.model.waiting import why_job_waits, why_task_waits
from flamenco.store import DeleteBlock

STARTING = "The scheduler is starting."


class JobRequests(JobState):
    """Carries out what is allowed, and refuses the rest with a sentence."""

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
        self._not_when_deleting()
        if message.status is JobStatus.REQUEUEING:
            self._unarchive()
        self._spread(self._live.move_job(message.status, message.reason, clock.now()))

    @actors.handles(SetJobPriority)
    def set_job_priority(self, message: SetJobPriority) -> None:
        self._change(priority=message.priority)

    @actors.handles(SetJobTag)
    async def set_job_tag(self, message: SetJobTag) -> None:
        """Whether there is such a tag is seen here: if it goes later, this actor is told."""
        if message.tag_id is not None and not await self._is_tag(message.tag_id):
            raise NotAllowed(f"there is no tag {message.tag_id}")
        self._change(worker_tag=message.tag_id)

    async def _is_tag(self, tag_id: str) -> bool:
        return any(tag.id == tag_id for tag in await self._services.reader.tags())

    @actors.handles(TagGone)
    def tag_gone(self, message: TagGone) -> None:
        if self._live.job.worker_tag == message.tag_id:
            self._change(worker_tag=None)

    @actors.handles(KeepJob)
    def keep(self, message: KeepJob) -> None:
        self._change(keep=message.keep)

    @actors.handles(ArchiveJob)
    def archive(self, message: ArchiveJob) -> None:
        status = self._live.job.status
        if message.archived and status not in FINISHED_JOBS:
            raise NotAllowed(
                f"the job is {status.value}; only a job that is "
                f"{' or '.join(sorted(FINISHED_JOBS))} can be archived"
            )
        self._change(archived_at=clock.now() if message.archived else None)

    def _unarchive(self) -> None:
        if self._live.job.archived_at is not None:
            self._change(archived_at=None)

    def _change(self, **changes: object) -> None:
        self._spread(self._live.change_job(clock.now(), **changes))

    # Deletion

    @actors.handles(DeleteJob)
    def delete(self, message: DeleteJob) -> None:
        """From now on nothing of it starts; it is erased when its leases are over."""
        job = self._live.job
        if message.unchanged_since is not None and job.updated > message.unchanged_since:
            raise NotAllowed("the job has changed meanwhile")
        requested = job.delete_requested_at or clock.now()
        files = message.files or job.delete_files
        if (requested, files) == (job.delete_requested_at, job.delete_files):
            return
        self._change(delete_requested_at=requested, delete_files=files)
        self._go_on_deleting()

    def _not_when_deleting(self) -> None:
        if self._live.job.delete_requested_at is not None:
            raise NotAllowed("the job is being deleted")

    # Tasks

    @actors.handles(SetTaskStatus)
    def set_task_status(self, message: SetTaskStatus) -> None:
        self._not_when_deleting()
        task = self._task(message.task_id)
        allowed = TASK_REQUESTS.get(message.status)
        if allowed is None:
            expected = ", ".join(TASK_REQUESTS)
            raise NotAllowed(f"a task can be asked for {expected}, not {message.status.value}")
        if task.status not in allowed:
            raise NotAllowed(
                f"the task is {task.status.value}; {message.status.value} can be asked of a task "
                f"that is {' or '.join(sorted(allowed))}"
            )
        if message.status in BY_HAND and not message.reason.strip():
            raise NotAllowed(f"a task that is {message.status.value} by hand needs a reason")
        failed_by = () if message.status is TaskStatus.QUEUED else task.failed_by
        self._unarchive()
        changed = attrs.evolve(
            task, status=message.status, activity=message.reason, failed_by=failed_by
        )
        self._move(changed)

    @actors.handles(Decide)
    def decide(self, message: Decide) -> None:
        """A yes completes the task, a no fails it."""
        task = self._task(message.task_id)
        if task.type != APPROVAL:
            raise NotAllowed(
                f"the task is of type {task.type}; only tasks of type {APPROVAL} take a yes or no"
            )
        if task.id not in self._live.approvals:
            reason = why_job_waits(self._live) or why_task_waits(self._live, task)
            raise NotAllowed(f"the task can't be approved or rejected now. {reason or ''}".strip())
        status = TaskStatus.COMPLETED if message.approved else TaskStatus.FAILED
        usual = "Approved" if message.approved else "Rejected"
        self.set_task_status(SetTaskStatus(task.id, status, message.reason.strip() or usual))

    def _task(self, task_id: str) -> Task:
        task = self._live.tasks.get(task_id)
        if task is None:
            raise NotFound(f"job {self._id} has no task {task_id}")
        return task

    # The blocklist

    @actors.handles(Unblock)
    def unblock(self, message: Unblock) -> None:
        pairs = dict.fromkeys(message.pairs)
        for worker_id, task_type in pairs:
            if (worker_id, task_type) not in self._live.blocks:
                raise NotFound(f"worker {worker_id} is not blocklisted for {task_type}")
        for worker_id, task_type in pairs:
            self._live.unblock(worker_id, task_type)
            self.record(DeleteBlock(self._id, worker_id, task_type))
        self.publish(job_event(self._live.job, self._live.job, refresh_tasks=True))
        self._announce()

    # Why?

    @actors.handles(WhyWaiting)
    async def why_waiting(self, message: WhyWaiting) -> str:
        live = self._live
        task = self._task(message.task_id) if message.task_id else live.some_ready()
        if task is None:
            return why_job_waits(live) or self._why_nothing_is_ready()
        known = why_task_waits(live, task)
        scheduler = self.system.find(SCHEDULER)
        if known or scheduler is None:
            return known or STARTING
        kind = live.kind(task)
        tags = {tag.id: tag.name for tag in await self._services.reader.tags()} if kind.tag else {}
        try:
            return await scheduler.ask(Explain(kind, tags.get(kind.tag or "")))
        except actors.ActorError:  # its crash is not this job's
            return STARTING

    def _why_nothing_is_ready(self) -> str:
        live = self._live
        if live.approvals:
            names = " and ".join(live.tasks[task_id].name for task_id in sorted(live.approvals))
            return f"It waits for somebody to approve {names}."
        running = live.counts[TaskStatus.ACTIVE]
        return f"The rest waits for the {running} tasks that run." if running else "Nothing waits."
