"""Tags, requirements and sleep schedules say who may run what, and when."""

from datetime import time

import attrs
import pytest

from flamenco import clock, protocol
from flamenco.manager.jobs.messages import SetJobTag, WhyWaiting
from flamenco.manager.refusals import NotAllowed
from flamenco.manager.scheduling import actor as scheduler
from flamenco.manager.tags import RemoveTag, SaveTag
from flamenco.manager.workers.messages import RemoveWorker, SetSchedule, SetWorkerTags
from flamenco.model.jobs import JobRequirements
from flamenco.model.schedules import SleepSchedule
from flamenco.model.specs import Gpu, Requirements, Specs
from flamenco.model.statuses import TaskStatus, WorkerStatus
from flamenco.model.workers import WorkerTag
from tests.patience import until


async def tag(stage, name: str) -> str:
    made = await stage.farm.tags.ask(SaveTag(WorkerTag(id="", name=name), new=True))
    return made.id


async def test_a_job_with_a_tag_runs_on_workers_with_it_only(stage):
    gpu = await tag(stage, "gpu")
    anna = await stage.worker("anna")
    job = await stage.shaped("misc", worker_tag=gpu)
    task = await stage.task(job, 0)
    assert "anna lacks tag gpu" in await stage.ask(job, WhyWaiting(task.id))
    await stage.farm.worker(anna.id).ask(SetWorkerTags((gpu,)))
    assert (await anna.hears(protocol.Assign)).task_id == task.id


async def test_a_tag_that_is_deleted_is_taken_from_jobs_and_workers(stage):
    gpu = await tag(stage, "gpu")
    anna = await stage.worker("anna")
    await stage.farm.worker(anna.id).ask(SetWorkerTags((gpu,)))
    waiting = await stage.shaped("ffmpeg approval:0", worker_tag=gpu)
    await anna.complete(await anna.hears(protocol.Assign))
    await stage.farm.tags.ask(RemoveTag(gpu))
    reader = stage.farm.services.reader

    async def gone() -> bool:
        job, worker = await reader.job(waiting.id), await reader.worker(anna.id)
        return job.worker_tag is None and worker.tags == ()

    await until(gone)
    assert await reader.tags() == []


async def test_a_job_whose_tag_is_deleted_runs_on_any_worker_and_no_other_job_does(stage):
    gpu, fast = await tag(stage, "gpu"), await tag(stage, "fast")
    anna = await stage.worker("anna")
    freed = await stage.shaped("misc", worker_tag=gpu)
    other = await stage.shaped("misc", worker_tag=fast)
    await stage.farm.tags.ask(RemoveTag(gpu))
    assign = await anna.hears(protocol.Assign)
    assert assign.job_id == freed.id
    await anna.complete(assign)
    await stage.until_job(freed, "completed")
    assert (await stage.farm.services.reader.job(freed.id)).worker_tag is None
    assert "anna lacks tag fast" in await stage.ask(other, WhyWaiting(None))


async def test_a_tag_that_is_deleted_while_it_is_given_ties_nobody(stage):
    gpu = await tag(stage, "gpu")
    anna, waiting = await stage.worker("anna"), await stage.shaped("approval")
    await stage.farm.tags.ask(RemoveTag(gpu))
    with pytest.raises(NotAllowed, match="no tag"):
        await stage.ask(waiting, SetJobTag(gpu))
    await stage.farm.worker(anna.id).ask(SetWorkerTags((gpu,)))
    assert (await stage.farm.services.reader.worker(anna.id)).tags == ()
    submitted = await stage.shaped("misc", worker_tag=gpu)
    assert (await anna.hears(protocol.Assign)).job_id == submitted.id


async def test_tags_have_different_names(stage):
    await tag(stage, "gpu")
    with pytest.raises(NotAllowed, match="already"):
        await tag(stage, "gpu")


async def test_a_job_gets_and_loses_a_tag_while_it_waits(stage):
    gpu = await tag(stage, "gpu")
    job = await stage.shaped("misc")
    await stage.ask(job, SetJobTag(gpu))
    anna = await stage.worker("anna")
    task = await stage.task(job, 0)
    assert "lacks tag gpu" in await stage.ask(job, WhyWaiting(task.id))
    await stage.ask(job, SetJobTag(None))
    assert (await anna.hears(protocol.Assign)).task_id == task.id


async def test_a_worker_that_registered_and_never_came_is_nobody_to_wait_for(stage):
    anna, job = await stage.registered("anna"), await stage.shaped("misc")
    task = await stage.task(job, 0)
    assert await stage.ask(job, WhyWaiting(task.id)) == "There is no worker yet."
    await anna.connect()
    assert (await anna.hears(protocol.Assign)).task_id == task.id


async def test_only_workers_that_meet_the_requirements_get_a_task(stage):
    small = await stage.worker("small", Specs(memory_mib=16 * 1024, cores=8))
    needs = JobRequirements(
        Requirements(memory_mib=8 * 1024),
        {"blender": Requirements(gpu_kind="cuda", gpu_memory_mib=24 * 1024)},
    )
    job = await stage.shaped("blender misc", requirements=needs)
    assert (await small.hears(protocol.Assign)).task_type == "misc"
    why = await stage.ask(job, WhyWaiting((await stage.task(job, 0)).id))
    assert why == "No worker has what it needs; small lacks a CUDA GPU with 24 GiB."
    big = await stage.worker(
        "big", Specs(memory_mib=64 * 1024, cores=8, gpus=(Gpu("cuda", "A10", 24 * 1024),))
    )
    assert (await big.hears(protocol.Assign)).task_type == "blender"
    assert (await stage.farm.services.reader.job(job.id)).requirements == needs


NEEDY = """
from flamenco.jobtypes.authoring import Author, JobToCompile, JobType, Requirements

JOB_TYPE = JobType(label="Needy")


def compile_job(job: JobToCompile, author: Author) -> None:
    author.task("draw", "blender").command("echo", {"message": "hi"})
    author.require("blender", Requirements(gpu_kind="any"))
"""


async def test_what_a_job_type_requires_is_added_to_what_the_submitter_does(stage, tmp_path):
    (tmp_path / "scripts" / "needy.py").write_text(NEEDY)
    asked = JobRequirements(by_task_type={"blender": Requirements(cores=2)})
    job = await stage.submit(type="needy", settings={}, requirements=asked)
    both = Requirements(cores=2, gpu_kind="any")
    assert job.requirements == JobRequirements(by_task_type={"blender": both})
    assert (await stage.farm.services.reader.job(job.id)).requirements == job.requirements


def schedule_around_now(*, asleep: bool) -> SleepSchedule:
    """A schedule that wants a worker to sleep now, or to be awake now."""
    hour = clock.now().hour
    start, end = (hour - 1, hour + 1) if asleep else (hour + 2, hour + 3)
    return SleepSchedule(
        is_active=True,
        days_of_week=(),
        start=time(start % 24),
        end=time(end % 24),
        timezone="UTC",
    )


async def test_a_schedule_sends_a_worker_to_sleep_and_gives_its_task_to_others(stage):
    anna, job = await stage.worker("anna"), await stage.shaped("misc")
    await anna.hears(protocol.Assign)
    await stage.farm.worker(anna.id).ask(SetSchedule(schedule_around_now(asleep=True)))
    request = await anna.hears(protocol.RequestStatus)
    assert (request.status, request.lazy) == (WorkerStatus.ASLEEP, False)
    await anna.went_to(WorkerStatus.ASLEEP)
    await stage.until_status(job, "queued")
    why = await stage.ask(job, WhyWaiting((await stage.task(job, 0)).id))
    assert why == "anna could run it; it is asleep."


async def test_a_schedule_wakes_a_worker_and_is_remembered(stage):
    anna = await stage.worker("anna")
    await anna.went_to(WorkerStatus.ASLEEP)
    schedule = schedule_around_now(asleep=False)
    await stage.farm.worker(anna.id).ask(SetSchedule(schedule))
    assert (await anna.hears(protocol.RequestStatus)).status is WorkerStatus.AWAKE
    stored = await stage.farm.services.reader.worker(anna.id)
    assert stored.schedule == schedule
    assert stored.schedule_due > clock.now()
    idle = attrs.evolve(schedule, is_active=False)
    await stage.farm.worker(anna.id).ask(SetSchedule(idle))
    assert (await stage.farm.services.reader.worker(anna.id)).schedule_due is None


async def test_a_deleted_worker_is_gone_and_its_task_goes_to_others(stage):
    anna, job = await stage.worker("anna"), await stage.shaped("misc")
    assign = await anna.hears(protocol.Assign)
    await stage.farm.worker(anna.id).ask(RemoveWorker())
    await until(lambda: anna.closed)
    await stage.until_status(job, "queued")
    assert stage.farm.worker(anna.id) is None
    assert await stage.farm.services.reader.workers() == []
    bert = await stage.worker("bert")
    again = await bert.hears(protocol.Assign)
    assert again.lease == assign.lease + 1
    await bert.report(again, status=TaskStatus.COMPLETED)
    await stage.until_job(job, "completed")


async def test_who_asks_why_a_task_waits_while_the_scheduler_crashes_is_answered(
    stage, monkeypatch
):
    anna, job = await stage.worker("anna"), await stage.shaped("misc misc")
    assign = await anna.hears(protocol.Assign)
    waiting = await stage.task(job, 1)
    monkeypatch.setattr(scheduler, "why_waiting", lambda *_: 1 / 0)
    assert "starting" in await stage.ask(job, WhyWaiting(waiting.id))
    assert (await anna.complete(assign)).refused is None
    assert anna.closed is None
