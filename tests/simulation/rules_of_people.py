"""Rules for people's requests, and for the automatic clean-up."""

from unittest.mock import patch

import attrs
import pytest
import trio

from flamenco import protocol
from flamenco.manager.jobs.messages import (
    ArchiveJob,
    KeepJob,
    RemoveJob,
    SetJobStatus,
    SetTaskStatus,
)
from flamenco.manager.refusals import NotAllowed
from flamenco.manager.status import GetFarmStatus
from flamenco.manager.workers.messages import RequestWorkerStatus
from flamenco.model import cleanup
from flamenco.model.cleanup import Due
from flamenco.model.lifecycle import job_after_task
from flamenco.model.livejob import Ripple
from flamenco.model.statuses import (
    JOB_REQUESTS,
    TASK_REQUESTS,
    FarmStatus,
    JobStatus,
    TaskStatus,
    WorkerStatus,
)
from flamenco.store import ReadCommands
from tests.patience import until
from tests.simulation.rules import Scene, empty, nothing, shows

FINISHED = (JobStatus.FAILED, JobStatus.CANCELED, JobStatus.COMPLETED)


def kept_or_not(jobs, *rest):
    return cleanup.due_jobs([attrs.evolve(job, keep=False) for job in jobs], *rest)


def finished_for_good(job, *rest):
    return None if job in FINISHED else job_after_task(job, *rest)


def anything(table):
    """The table without its limits."""
    everything = frozenset(status for allowed in table.values() for status in allowed)
    return dict.fromkeys(table, everything | set(JobStatus) | set(TaskStatus))


async def complete_next(worker) -> None:
    await worker.complete(await worker.hears(protocol.Assign))


@shows("flamenco.model.livejob.tasks_after_job", instead=nothing)
async def canceling_a_job_stops_what_runs(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        job = await stage.shaped("misc misc")
        await anna.hears(protocol.Assign)
        await stage.ask(job, SetJobStatus(JobStatus.CANCEL_REQUESTED, "enough"))
        await anna.hears(protocol.Revoke)
        await stage.until_status(job, "canceled", "canceled")


@shows("flamenco.model.livejob.tasks_after_job", instead=nothing)
async def pausing_a_job_lets_what_runs_finish(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        job = await stage.shaped("misc misc")
        assign = await anna.hears(protocol.Assign)
        await stage.ask(job, SetJobStatus(JobStatus.PAUSE_REQUESTED, "later"))
        assert await stage.status(job) == "pause-requested"
        assert (await anna.complete(assign)).refused is None
        await stage.until_status(job, "completed", "paused")
        assert await stage.status(job) == "paused"


@shows("flamenco.manager.jobs.requests.JOB_REQUESTS", instead=anything(JOB_REQUESTS))
async def a_completed_job_can_not_be_canceled(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        job = await stage.shaped("misc")
        await complete_next(anna)
        await stage.until_job(job, "completed")
        with pytest.raises(NotAllowed, match="the job is completed"):
            await stage.ask(job, SetJobStatus(JobStatus.CANCEL_REQUESTED, "too late"))


@shows("flamenco.manager.jobs.requests.TASK_REQUESTS", instead=anything(TASK_REQUESTS))
async def a_task_that_waits_can_not_be_requeued(scene: Scene) -> None:
    async with scene() as stage:
        job = await stage.shaped("misc")
        task = await stage.task(job, 0)
        with pytest.raises(NotAllowed, match="the task is queued"):
            await stage.ask(job, SetTaskStatus(task.id, TaskStatus.QUEUED, "again"))


@shows("flamenco.manager.jobs.requests.BY_HAND", instead=frozenset())
async def an_outcome_by_hand_needs_a_reason(scene: Scene) -> None:
    async with scene() as stage:
        job = await stage.shaped("misc")
        task = await stage.task(job, 0)
        with pytest.raises(NotAllowed, match="needs a reason"):
            await stage.ask(job, SetTaskStatus(task.id, TaskStatus.COMPLETED, " "))
        await stage.ask(job, SetTaskStatus(task.id, TaskStatus.COMPLETED, "done elsewhere"))
        assert await stage.status(job) == "completed"


@shows("flamenco.model.livejob.job_after_task", instead=finished_for_good)
async def a_requeued_task_revives_its_failed_job(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        job = await stage.shaped("misc misc")
        await anna.fail(await anna.hears(protocol.Assign))
        await stage.until_job(job, "failed")
        task = await stage.task(job, 0)
        await stage.ask(job, SetTaskStatus(task.id, TaskStatus.QUEUED, "again"))
        assert (await anna.hears(protocol.Assign)).task_id == task.id


@shows("flamenco.model.livejob.job_after_task", instead=finished_for_good)
async def a_requeued_task_of_a_completed_job_requeues_all(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        job = await stage.shaped("misc misc")
        await complete_next(anna)
        await complete_next(anna)
        await stage.until_job(job, "completed")
        await anna.went_to(WorkerStatus.ASLEEP)
        task = await stage.task(job, 1)
        await stage.ask(job, SetTaskStatus(task.id, TaskStatus.QUEUED, "again"))
        await stage.until_status(job, "queued", "queued")


@shows("flamenco.manager.jobs.actor.JobActor._go_on_deleting", instead=nothing)
async def a_deleted_job_is_gone(scene: Scene) -> None:
    async with scene() as stage:
        job = await stage.shaped("misc")
        await stage.ask(job, RemoveJob())

        async def gone() -> bool:
            return await stage.farm.services.reader.job(job.id) is None

        await until(gone)


@shows("flamenco.manager.jobs.requests.FINISHED_JOBS", instead=frozenset(JobStatus))
async def a_job_that_runs_can_not_be_archived(scene: Scene) -> None:
    async with scene() as stage:
        job = await stage.shaped("misc")
        with pytest.raises(NotAllowed, match="can be archived"):
            await stage.ask(job, ArchiveJob(archived=True))


async def _completed_and_left_alone(stage, *, keep: bool) -> bool:
    """True if a job is still there some minutes after its end."""
    anna = await stage.worker("anna")
    job = await stage.shaped("misc")
    await stage.ask(job, KeepJob(keep))
    await complete_next(anna)
    await stage.until_job(job, "completed")
    await trio.sleep(300)
    return await stage.farm.services.reader.job(job.id) is not None


@shows("flamenco.manager.housekeeping.due_jobs", instead=lambda *_: Due((), ()))
async def old_jobs_go_by_themselves(scene: Scene) -> None:
    async with scene(delete_jobs_after=120.0) as stage:
        assert not await _completed_and_left_alone(stage, keep=False)


@shows("flamenco.manager.housekeeping.due_jobs", instead=kept_or_not)
async def a_job_marked_keep_stays(scene: Scene) -> None:
    async with scene(delete_jobs_after=120.0) as stage:
        assert await _completed_and_left_alone(stage, keep=True)


@shows("flamenco.manager.housekeeping.due_workers", instead=empty)
async def workers_that_are_gone_for_long_go(scene: Scene) -> None:
    async with scene(delete_workers_after=120.0) as stage:
        anna = await stage.worker("anna")
        anna.say(protocol.SignOff(), 90)
        await trio.sleep(300)
        assert await stage.farm.services.reader.worker(anna.id) is None


@shows("flamenco.model.livejob.LiveJob.repair", instead=lambda self, _: Ripple(self.job))
async def a_job_that_was_cut_off_in_the_middle_is_put_right(scene: Scene) -> None:
    with patch("flamenco.model.livejob.job_after_job", nothing):
        async with scene() as stage:
            job = await stage.shaped("misc")
            await stage.ask(job, SetJobStatus(JobStatus.CANCEL_REQUESTED, "enough"))
            assert await stage.status(job) == "cancel-requested"
    async with scene() as stage:
        await stage.until_job(job, "canceled")


@shows("flamenco.manager.status.farm_status", instead=lambda *_: FarmStatus.UNKNOWN)
async def the_farm_says_what_it_does(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        await stage.shaped("misc")
        await anna.hears(protocol.Assign)
        await trio.sleep(1)
        assert await stage.farm.status.ask(GetFarmStatus()) is FarmStatus.ACTIVE


@shows("flamenco.manager.workers.names.distinct", instead=lambda wanted, *_: wanted)
async def two_workers_of_one_machine_are_told_apart(scene: Scene) -> None:
    async with scene() as stage:
        both = [await stage.worker("anna"), await stage.worker("anna")]
        names = {(await stage.farm.services.reader.worker(each.id)).name for each in both}
        assert names == {"anna", "anna-2"}


@shows("flamenco.manager.workers.schedule.WORKER_REQUESTS", instead=frozenset(WorkerStatus))
async def a_worker_can_not_be_asked_for_an_error(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        with pytest.raises(NotAllowed, match="can be asked for"):
            await stage.farm.worker(anna.id).ask(
                RequestWorkerStatus(WorkerStatus.ERROR, lazy=False)
            )


@shows("flamenco.manager.jobs.recording.InsertAttempt", instead=lambda it: ReadCommands(it.task_id))
async def every_attempt_is_kept(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        await stage.shaped("misc")
        assign = await anna.hears(protocol.Assign)
        await anna.report(assign, status=TaskStatus.QUEUED, activity="later")
        again = await anna.hears(protocol.Assign)
        await anna.complete(again)
        kept = await stage.farm.services.reader.attempts(assign.task_id)
        assert [(each.lease, each.ending) for each in kept] == [(1, "returned"), (2, "completed")]
