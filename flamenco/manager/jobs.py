"""The supervisor of all jobs: compiles what is submitted, and keeps an actor per live job."""

import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

import attrs

import actors
from flamenco import clock
from flamenco.jobtypes import CompileError, SettingsError, UnknownJobType, validate_settings
from flamenco.manager.announcements import job_event
from flamenco.manager.job import JobActor
from flamenco.manager.messages import (
    Announce,
    Compiled,
    NotFound,
    Outdated,
    Refusal,
    StartJob,
    SubmitJob,
    WakeJob,
)
from flamenco.manager.services import Services
from flamenco.model.jobs import CompiledJob, Job, Task
from flamenco.model.jobtypes import JobToCompile
from flamenco.model.statuses import JobStatus
from flamenco.store import InsertJob

ALLOWED_AT_FIRST = (JobStatus.QUEUED, JobStatus.PAUSED)
"""The statuses a job may be submitted with."""


class Jobs(actors.Actor):
    """Parent of the job actors, each named by the job's id."""

    replies_with = (Refusal,)
    mailbox = actors.Mailbox(capacity=100_000)
    supervision = actors.Supervision(backoff=actors.Backoff(initial=0.1, maximum=30.0))

    def __init__(self, services: Services) -> None:
        self._services = services

    async def started(self) -> None:
        for job_id in await self._services.reader.unfinished_jobs():
            await self._start_job(job_id)

    async def _start_job(self, job_id: str) -> actors.ActorRef:
        known = self.children.get(job_id)
        if known is not None and known.alive:
            return known
        return await self.start(JobActor, self._services, job_id, name=job_id, restart="transient")

    @actors.handles(SubmitJob)
    def submit(self, message: SubmitJob) -> None:
        """Compile in the background; the answer comes with `Compiled`."""
        if message.status not in ALLOWED_AT_FIRST:
            raise Refusal(f"initial_status: expected queued or paused, got {message.status.value}")
        now = clock.now()
        job = Job(
            id=str(uuid.uuid4()),
            name=message.name,
            type=message.type,
            priority=message.priority,
            status=message.status,
            activity=f"{message.status.value}: submitted",
            settings=message.settings,
            metadata=message.metadata,
            worker_tag=message.worker_tag,
            shaman_checkout_id=message.shaman_checkout_id,
            created=now,
            updated=now,
        )
        answer = self.defer_reply()
        done = partial(Compiled, job, check_only=message.check_only, answer=answer)
        self.start_soon(self._compile, job, message.etag, done=done, failed=done)

    async def _compile(self, job: Job, etag: str | None) -> CompiledJob:
        compiler = self._services.compiler
        try:
            job_type = await compiler.job_type(job.type)
            if etag and etag != job_type.etag:
                raise Outdated(f"job type {job.type} has changed, refresh the job types")
            settings = validate_settings(job_type, job.settings)
            return await compiler.compile(_to_compile(job, settings))
        except (UnknownJobType, CompileError, SettingsError) as error:
            raise Refusal(str(error)) from error

    @actors.handles(Compiled)
    def compiled(self, message: Compiled) -> None:
        outcome = message.outcome
        if isinstance(outcome, Exception):
            message.answer.fail(outcome)
        elif message.check_only:
            message.answer(message.job)
        else:
            change = new_job(message.job, outcome)
            self.record(change)
            self.tell(self.ref, StartJob(change.job.id))
            self.publish(job_event(change.job))
            message.answer(change.job)

    @actors.handles(StartJob)
    async def start_job(self, message: StartJob) -> None:
        await self._start_job(message.job_id)

    @actors.handles(WakeJob)
    async def wake(self, message: WakeJob) -> actors.ActorRef:
        if message.job_id not in self.children:
            job = await self._services.reader.job(message.job_id)
            if job is None:
                raise NotFound(f"there is no job {message.job_id}")
        return await self._start_job(message.job_id)

    @actors.handles(Announce)
    def announce(self, message: Announce) -> None:
        for job in self.children.values():
            self.tell(job, message)


def _to_compile(job: Job, settings: Mapping[str, Any]) -> JobToCompile:
    return JobToCompile(
        id=job.id,
        name=job.name,
        type=job.type,
        created=job.created,
        priority=job.priority,
        settings=dict(settings),
        metadata=dict(job.metadata),
        worker_tag=job.worker_tag,
        shaman_checkout_id=job.shaman_checkout_id,
    )


def new_job(job: Job, compiled: CompiledJob) -> InsertJob:
    """A job with ids for its tasks, as it goes to the store."""
    ids = [str(uuid.uuid4()) for _ in compiled.tasks]
    tasks = tuple(
        Task(
            id=ids[place],
            job_id=job.id,
            idx=place + 1,
            name=task.name,
            type=task.type,
            priority=task.priority,
            depends_on=tuple(ids[needed] for needed in task.depends_on),
            steps_total=task.steps_total,
            created=job.created,
            updated=job.updated,
        )
        for place, task in enumerate(compiled.tasks)
    )
    steps = sum(task.steps_total for task in tasks)
    job = attrs.evolve(
        job, settings=compiled.settings, metadata=compiled.metadata, steps_total=steps
    )
    return InsertJob(job, tasks, tuple(task.commands for task in compiled.tasks))
