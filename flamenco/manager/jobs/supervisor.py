"""The supervisor of all jobs: keeps an actor per live job."""

import actors
from flamenco.manager.jobs.actor import JobActor
from flamenco.manager.jobs.messages import CheckUp, StartJob, WakeJob
from flamenco.manager.refusals import NotFound, Refusal
from flamenco.manager.scheduling.messages import Announce
from flamenco.manager.services import Services
from flamenco.manager.supervision import JOBS_AND_WORKERS
from flamenco.manager.tags import TagGone
from flamenco.model.livejob import LiveJob
from flamenco.model.statuses import JobStatus

CHECK_UP_SECONDS = 600.0
"""Seconds between two times that all live jobs look for what is stuck."""


class Jobs(actors.Actor):
    """Parent of the job actors, each named by the job's id."""

    replies_with = (Refusal,)
    mailbox = actors.Mailbox(capacity=100_000)
    supervision = JOBS_AND_WORKERS

    def __init__(self, services: Services) -> None:
        self._services = services

    async def started(self) -> None:
        for job_id in await self._services.reader.unfinished_jobs():
            await self.start(JobActor, self._services, job_id, [], name=job_id)
        self.every(CHECK_UP_SECONDS, CheckUp())

    def _start_job(self, job_id: str, *new: LiveJob) -> actors.ActorRef:
        known = self.children.get(job_id)
        if known is not None and known.alive:
            return known
        return self.spawn(JobActor, self._services, job_id, list(new), name=job_id)

    @actors.handles(StartJob)
    def start_job(self, message: StartJob) -> None:
        self._start_job(message.live.job.id, message.live)

    @actors.handles(WakeJob)
    async def wake(self, message: WakeJob) -> actors.ActorRef:
        if message.job_id not in self.children:
            job = await self._services.reader.job(message.job_id)
            if job is None or job.status is JobStatus.UNDER_CONSTRUCTION:
                raise NotFound(f"there is no job {message.job_id}")
        return self._start_job(message.job_id)

    @actors.handles(Announce, CheckUp, TagGone)
    def pass_on(self, message: Announce | CheckUp | TagGone) -> None:
        for job in self.children.values():
            self.tell(job, message)
