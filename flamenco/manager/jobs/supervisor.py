"""The supervisor of all jobs: keeps an actor per live job, and parks what keeps crashing."""

import logging

import actors
from flamenco.manager.jobs.actor import JobActor
from flamenco.manager.jobs.messages import (
    CheckUp,
    FindJobs,
    JobBegun,
    JobRests,
    JobsFound,
    JobsNotFound,
    JobTried,
    StartJob,
    WaitForJobs,
    WakeJob,
)
from flamenco.manager.jobs.parked import ParkedJob
from flamenco.manager.parking import Wards
from flamenco.manager.refusals import Refusal
from flamenco.manager.scheduling.messages import Announce, WorkerGone
from flamenco.manager.services import Services
from flamenco.manager.supervision import JOBS_AND_WORKERS
from flamenco.manager.tags import TagGone
from flamenco.model.parking import ParkedKind

logger = logging.getLogger(__name__)

CHECK_UP_SECONDS = 600.0
"""Seconds between two times that all live jobs look for what is stuck."""

FIND_AGAIN_SECONDS = 5.0


class Jobs(actors.Actor):
    """Parent of the job actors, each named by the job's id. It reads nothing while it handles."""

    replies_with = (Refusal,)
    mailbox = actors.Mailbox(capacity=100_000)
    supervision = JOBS_AND_WORKERS

    def __init__(self, services: Services) -> None:
        self._services = services
        self._found = False
        self._early: list[tuple[str, actors.ReplyLater]] = []
        self._beginning: set[str] = set()
        """Ids of jobs that were found, and have not started yet."""
        self._waiting: list[actors.ReplyLater] = []
        self._wards = Wards(self, services, ParkedKind.JOB, JobActor, ParkedJob)

    async def started(self) -> None:
        """Look for the jobs, and let them check themselves from time to time."""
        self.every(CHECK_UP_SECONDS, CheckUp())
        self.tell(self.ref, FindJobs())

    @actors.handles(FindJobs)
    def find_jobs(self, _: FindJobs) -> None:
        """Read the jobs on disk, in the background."""
        self.start_soon(self._find, done=lambda found: found, failed=JobsNotFound)

    async def _find(self) -> JobsFound:
        reader = self._services.reader
        return JobsFound(await reader.unfinished_jobs(), await reader.parked(ParkedKind.JOB))

    @actors.handles(JobsNotFound)
    def jobs_not_found(self, message: JobsNotFound) -> None:
        """Try again soon."""
        logger.warning("the jobs can't be read, trying again soon: %s", message.error)
        self.after(FIND_AGAIN_SECONDS, FindJobs())
        self._answer_waiting()

    @actors.handles(JobsFound)
    def jobs_found(self, message: JobsFound) -> None:
        """Start a stand-in for each parked job, and an actor for each other one."""
        for job_id, parked in message.parked.items():
            self._wards.park(job_id, parked.reason, begins=False)
        self._beginning.update(set(message.unfinished) - set(self.children))
        for job_id in message.unfinished:
            self._wards.reach(job_id)
        self._found = True
        for job_id, later in self._early:
            later(self._wards.reach(job_id))
        self._early.clear()
        self._has_begun("")

    @actors.handles(WaitForJobs)
    def wait(self, _: WaitForJobs) -> None:
        """Answer when all jobs have begun."""
        self._waiting.append(self.defer_reply())
        if self._found:
            self._has_begun("")

    @actors.handles(JobBegun)
    def job_begun(self, message: JobBegun) -> None:
        """Watch the job in its new life."""
        self.watch(message.job)
        self._has_begun(message.job.name)

    def _has_begun(self, job_id: str) -> None:
        self._beginning.discard(job_id)
        if not self._beginning:
            self._answer_waiting()

    def _answer_waiting(self) -> None:
        for later in self._waiting:
            later(None)
        self._waiting.clear()

    @actors.handles(StartJob)
    def start_job(self, message: StartJob) -> None:
        """A job that was asked for too early ends as not found: it is read from disk after that."""
        job_id = message.live.job.id
        if job_id in self.children:
            self._wards.begin_again(job_id)
        else:
            self._wards.reach(job_id, [message.live])

    @actors.handles(WakeJob)
    def wake(self, message: WakeJob) -> actors.ActorRef | None:
        """Before it is known what is parked, nothing begins."""
        if self._found:
            return self._wards.reach(message.job_id)
        self._early.append((message.job_id, self.defer_reply()))
        return None

    @actors.handles(JobRests)
    def job_rests(self, message: JobRests) -> None:
        """Stop watching it, since that would keep its actor in memory."""
        self.unwatch(message.job)

    @actors.handles(JobTried)
    def job_tried(self, message: JobTried) -> None:
        """Note that the stand-in will end soon, and be followed by the job's own actor."""
        self._wards.begin_again(message.job_id)

    @actors.handles(actors.Terminated)
    def job_ended(self, message: actors.Terminated) -> None:
        """Park a job that crashed, or start one that is tried again."""
        self._has_begun(message.ref.name)
        self._wards.ended(message)

    @actors.handles(Announce, CheckUp, TagGone, WorkerGone)
    def pass_on(self, message: Announce | CheckUp | TagGone | WorkerGone) -> None:
        """Tell all live jobs."""
        for job in self.children.values():
            self.tell(job, message)
