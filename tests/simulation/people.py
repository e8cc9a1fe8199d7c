"""Artists and wranglers: they submit, and change their minds at random."""

import logging
from collections.abc import Awaitable
from random import Random

import attrs

import actors
from flamenco.manager.asking import ask_job
from flamenco.manager.farm import Farm
from flamenco.manager.jobs.messages import (
    ArchiveJob,
    RemoveJob,
    SetJobPriority,
    SetJobStatus,
    SetTaskStatus,
    Unblock,
    WhyWaiting,
)
from flamenco.manager.parking import TryAgain
from flamenco.manager.refusals import Refusal
from flamenco.manager.submissions import SubmitJob
from flamenco.manager.tags import RemoveTag, SaveTag
from flamenco.manager.workers.messages import RemoveWorker, RequestWorkerStatus, SetWorkerTags
from flamenco.model.jobs import JobRequirements
from flamenco.model.specs import Requirements
from flamenco.model.statuses import JobStatus, TaskStatus, WorkerStatus
from flamenco.model.workers import WorkerTag
from tests.simulation.ledger import BY_HAND, Ledger
from tests.simulation.nature import TaskPlan, settings_of

logger = logging.getLogger(__name__)

TAG = "tag-of-the-simulation"
PATIENCE = 60.0

_OPEN_AND_BLOCKED = (
    "SELECT job_id FROM job_blocks JOIN jobs ON id = job_id WHERE status IN ('queued', 'active')"
)


@attrs.define(eq=False)
class People:
    """All who ask something of the farm."""

    ledger: Ledger
    random: Random
    submitted: dict[str, tuple[TaskPlan, ...]] = attrs.field(factory=dict)
    """The jobs of which the Manager said that it has them."""
    meddled: set[str] = attrs.field(factory=set)
    """Ids of the jobs that somebody interfered with."""
    deleted: set[str] = attrs.field(factory=set)
    """Ids of the jobs whose deletion the Manager promised."""
    tried: int = 0
    """Number of times that something parked was to be tried again."""

    async def make_tag(self, farm: Farm) -> None:
        """Make the one tag that they use, if it is not there yet."""
        await asked(farm.tags.ask(SaveTag(WorkerTag(id=TAG, name=TAG), new=True)))

    async def submit(self, farm: Farm, plan: tuple[TaskPlan, ...]) -> None:
        memory = self.random.choice((0, 0, 0, 16_000))
        message = SubmitJob(
            name="job",
            type="simulated",
            settings=settings_of(plan),
            metadata={},
            priority=self.random.choice((10, 50, 50, 90)),
            worker_tag=self.random.choice((None, None, None, TAG)),
            requirements=JobRequirements(Requirements(memory_mib=memory)),
            status=self.random.choice((JobStatus.QUEUED, JobStatus.QUEUED, JobStatus.PAUSED)),
        )
        job = await asked(farm.submissions.ask(message, timeout=PATIENCE))
        if job is not None:
            self.submitted[job.id] = plan

    async def meddle(self, farm: Farm) -> None:
        """Do something that somebody might do."""
        jobs = [row[0] for row in self.ledger.reader.execute("SELECT id FROM jobs ORDER BY id")]
        workers = self.ledger.reader.execute(
            "SELECT id FROM workers WHERE deleted_at IS NULL AND name != 'w0' ORDER BY id"
        ).fetchall()
        await self._try_parked_again(farm)
        if self.random.random() < 0.02:
            await asked(farm.tags.ask(RemoveTag(TAG)))
        elif jobs and self.random.random() < 0.75:
            await self._to_job(farm, self.random.choice(jobs))
        elif workers:
            await self._to_worker(farm, self.random.choice(workers)[0])

    async def _to_job(self, farm: Farm, job_id: str) -> None:
        status = self.random.choice(
            (JobStatus.CANCEL_REQUESTED, JobStatus.PAUSE_REQUESTED, JobStatus.REQUEUEING)
        )
        plain: tuple[object, ...] = (
            SetJobStatus(status, f"{BY_HAND}: job"),
            SetJobPriority(self.random.randrange(100)),
            ArchiveJob(self.random.random() < 0.5),
            WhyWaiting(),
        )
        choice = self.random.random()
        self.meddled.add(job_id)
        if choice < 0.55:
            await asked(ask_job(farm.system, job_id, self.random.choice(plain)))  # type: ignore[arg-type]
        elif choice < 0.9:
            await self._to_task(farm, job_id)
        elif choice < 0.95:
            await self._lift_blocks(farm, job_id)
        else:
            answer = asked(ask_job(farm.system, job_id, RemoveJob()), done=True)
            if await answer:
                self.deleted.add(job_id)

    async def _lift_blocks(self, farm: Farm, job_id: str) -> None:
        query = "SELECT worker_id, task_type FROM job_blocks WHERE job_id = ?"
        pairs = self.ledger.reader.execute(query, (job_id,)).fetchall()
        await asked(ask_job(farm.system, job_id, Unblock(tuple(pairs))))

    async def _to_task(self, farm: Farm, job_id: str) -> None:
        query = "SELECT id FROM tasks WHERE job_id = ? ORDER BY idx"
        tasks = self.ledger.reader.execute(query, (job_id,)).fetchall()
        if tasks:
            statuses = (
                TaskStatus.CANCELED,
                TaskStatus.QUEUED,
                TaskStatus.COMPLETED,
                TaskStatus.FAILED,
            )
            message = SetTaskStatus(
                self.random.choice(tasks)[0], self.random.choice(statuses), f"{BY_HAND}: task"
            )
            await asked(ask_job(farm.system, job_id, message))

    async def _to_worker(self, farm: Farm, worker_id: str) -> None:
        worker = farm.worker(worker_id)
        if worker is None:
            return
        statuses = (
            WorkerStatus.AWAKE,
            WorkerStatus.ASLEEP,
            WorkerStatus.OFFLINE,
            WorkerStatus.RESTART,
        )
        choice = self.random.random()
        if choice < 0.7:
            request = RequestWorkerStatus(
                self.random.choice(statuses), lazy=self.random.random() < 0.5
            )
            await asked(worker.ask(request))
        elif choice < 0.9:
            await asked(worker.ask(SetWorkerTags(self.random.choice(((), (TAG,))))))
        else:
            await asked(worker.ask(RemoveWorker()))

    async def _try_parked_again(self, farm: Farm) -> None:
        query = "SELECT kind, id FROM parked ORDER BY kind, id"
        for kind, key in self.ledger.reader.execute(query).fetchall():
            self.tried += 1
            if kind == "job":
                await asked(ask_job(farm.system, key, TryAgain()))
            elif (worker := farm.worker(key)) is not None:
                await asked(worker.ask(TryAgain()))

    # When all faults are over

    async def put_in_order(self, farm: Farm) -> None:
        """Let the first worker do everything, wake the rest, go on with paused jobs, approve.

        In jobs that people meddled with they lift the blocklist too: who requeues a task that only
        blocklisted workers could run is told so, and the task waits for that.
        """
        await self._try_parked_again(farm)
        reader = self.ledger.reader
        query = "SELECT id FROM workers WHERE name = 'w0' AND deleted_at IS NULL AND tags = '[]'"
        for (worker_id,) in reader.execute(query).fetchall():
            worker = farm.worker(worker_id)
            if worker is not None:
                await asked(worker.ask(SetWorkerTags((TAG,))))
        for (worker_id,) in reader.execute(
            "SELECT id FROM workers WHERE deleted_at IS NULL AND status = 'asleep'"
        ).fetchall():
            worker = farm.worker(worker_id)
            if worker is not None:
                await asked(worker.ask(RequestWorkerStatus(WorkerStatus.AWAKE, lazy=False)))
        for (job_id,) in reader.execute("SELECT id FROM jobs WHERE status = 'paused'").fetchall():
            message = SetJobStatus(JobStatus.REQUEUEING, f"{BY_HAND}: go on")
            await asked(ask_job(farm.system, job_id, message))
        for job_id in self.meddled & {row[0] for row in reader.execute(_OPEN_AND_BLOCKED)}:
            await self._lift_blocks(farm, job_id)
        for job_id, task_id in reader.execute(
            "SELECT job_id, id FROM tasks WHERE type = 'approval' AND status = 'queued'"
        ).fetchall():
            message_ = SetTaskStatus(task_id, TaskStatus.COMPLETED, f"{BY_HAND}: fine")
            await asked(ask_job(farm.system, job_id, message_))


async def asked(answer: Awaitable[object], *, done: bool = False) -> object:
    """The answer of the farm, or ``done`` instead of it; None if it refused or could not answer."""
    try:
        value = await answer
    except (Refusal, actors.ActorError) as error:
        logger.info("refused: %s", error)
        return None
    return done or value
