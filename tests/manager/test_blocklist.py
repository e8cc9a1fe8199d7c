"""A worker that can't do a type of task in a job gets no more of them."""

import pytest

from flamenco import protocol
from flamenco.manager.jobs.messages import SetJobStatus, Unblock, WhyWaiting
from flamenco.manager.refusals import NotFound
from flamenco.model.statuses import JobStatus, TaskStatus
from tests.manager.conftest import stage_at


async def anna_and_bert(stage):
    """Two workers, of which only the first is connected."""
    anna, bert = await stage.worker("anna"), await stage.worker("bert")
    bert.disconnect()
    return anna, bert


async def fail_next(worker, times: int) -> None:
    for _ in range(times):
        await worker.fail(await worker.hears(protocol.Assign))


async def complete_next(worker) -> str:
    assign = await worker.hears(protocol.Assign)
    await worker.complete(assign)
    return assign.name


@pytest.fixture
async def lenient(tmp_path):
    async with stage_at(tmp_path, job_fail_percentage=100) as stage:
        yield stage


async def blocks(stage, job) -> list[tuple[str, str]]:
    found = await stage.farm.services.reader.blocks(job.id)
    return [(block.worker_id, block.task_type) for block in found]


async def test_three_failed_tasks_blocklist_a_worker_for_that_type_only(lenient):
    anna, bert = await anna_and_bert(lenient)
    job = await lenient.shaped("blender blender blender blender misc")
    await fail_next(anna, 2)
    assert await blocks(lenient, job) == []
    await fail_next(anna, 1)
    assert await blocks(lenient, job) == [(anna.id, "blender")]
    assert await complete_next(anna) == "misc-4"
    await bert.connect()
    names = {await complete_next(bert) for _ in range(4)}
    assert names == {"blender-0", "blender-1", "blender-2", "blender-3"}
    await lenient.until_job(job, "completed")


async def test_what_it_failed_for_good_is_queued_again(tmp_path):
    async with stage_at(
        tmp_path, job_fail_percentage=100, task_fail_after_softfail_count=1
    ) as stage:
        anna, _ = await anna_and_bert(stage)
        job = await stage.shaped("blender blender blender")
        await fail_next(anna, 2)
        await stage.until_status(job, "failed", "failed", "active")
        await fail_next(anna, 1)
        await stage.until_status(job, "queued", "queued", "queued")
        assert all(not task.failed_by for task in await stage.farm.services.reader.tasks(job.id))


async def test_what_it_failed_of_another_type_stays_failed(tmp_path):
    async with stage_at(
        tmp_path, job_fail_percentage=100, task_fail_after_softfail_count=1
    ) as stage:
        anna, _ = await anna_and_bert(stage)
        job = await stage.shaped("misc blender blender blender")
        await fail_next(anna, 4)
        await stage.until_status(job, "failed", "queued", "queued", "queued")
        assert await blocks(stage, job) == [(anna.id, "blender")]


async def test_a_threshold_of_zero_blocklists_nobody(tmp_path):
    async with stage_at(tmp_path, job_fail_percentage=100, blocklist_threshold=0) as stage:
        anna, _ = await anna_and_bert(stage)
        job = await stage.shaped(" ".join(["blender"] * 6))
        await fail_next(anna, 6)
        await stage.until_status(job, *["soft-failed"] * 6)
        assert await blocks(stage, job) == []


async def test_when_nobody_is_left_for_a_type_the_job_fails(lenient):
    anna = await lenient.worker("anna")
    job = await lenient.shaped("blender blender blender blender")
    await fail_next(anna, 3)
    await lenient.until_job(job, "failed")
    assert "no worker is left" in (await lenient.farm.services.reader.job(job.id)).activity


async def test_a_worker_may_ask_for_it_with_a_reason(lenient):
    anna, _ = await anna_and_bert(lenient)
    job = await lenient.shaped("blender misc")
    assign = await anna.hears(protocol.Assign)
    await anna.report(assign, status=TaskStatus.QUEUED, blocklist="there is no Blender here")
    assert (await anna.hears(protocol.Assign)).task_type == "misc"
    (block,) = await lenient.farm.services.reader.blocks(job.id)
    assert block.reason == "there is no Blender here"
    waits = await lenient.task(job, 0)
    assert (waits.status, waits.failed_by) == (TaskStatus.QUEUED, ())
    why = await lenient.ask(job, WhyWaiting(assign.task_id))
    anna_cannot = "1 other failed it or is blocklisted."
    assert why == f"bert could run it; it is not connected. {anna_cannot}"


async def test_entries_are_lifted_one_by_one_or_with_a_requeue(lenient):
    anna, _ = await anna_and_bert(lenient)
    job = await lenient.shaped("blender blender blender blender")
    await fail_next(anna, 3)
    with pytest.raises(NotFound):
        await lenient.ask(job, Unblock(((anna.id, "ffmpeg"),)))
    await lenient.ask(job, Unblock(((anna.id, "blender"),)))
    assert await blocks(lenient, job) == []
    assert await complete_next(anna) == "blender-3"
    await lenient.ask(job, SetJobStatus(JobStatus.CANCEL_REQUESTED, ""))
    await lenient.ask(job, SetJobStatus(JobStatus.REQUEUEING, ""))
    assert await complete_next(anna) == "blender-0"


async def test_a_request_that_is_refused_for_one_entry_lifts_none(lenient):
    anna, bert = await anna_and_bert(lenient)
    job = await lenient.shaped("blender blender blender blender")
    await fail_next(anna, 3)
    known = (anna.id, "blender")
    with pytest.raises(NotFound):
        await lenient.ask(job, Unblock((known, (bert.id, "blender"))))
    assert await blocks(lenient, job) == [known]
    await lenient.ask(job, Unblock((known, known)))
    assert await blocks(lenient, job) == []


async def test_the_blocklist_outlives_the_manager(tmp_path):
    async with stage_at(tmp_path, job_fail_percentage=100) as stage:
        anna, bert = await anna_and_bert(stage)
        job = await stage.shaped("blender blender blender blender")
        await fail_next(anna, 3)
    async with stage_at(tmp_path, job_fail_percentage=100) as stage:
        anna.farm = bert.farm = stage.farm
        await anna.connect()
        await bert.connect()
        for _ in range(4):
            await complete_next(bert)
        await stage.until_job(job, "completed")
