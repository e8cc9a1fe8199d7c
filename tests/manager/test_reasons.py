"""A worker's reason for a failure decides who tries the task next; its warnings are kept."""

import pytest

from flamenco import protocol
from flamenco.manager.jobs.messages import SetJobStatus
from flamenco.model.reasons import HOPELESS, FailureKind
from flamenco.model.specs import Software, Specs
from flamenco.model.statuses import JobStatus, TaskStatus
from tests.manager.conftest import stage_at

FAILED = {"status": TaskStatus.FAILED, "activity": "Failed: it broke"}


@pytest.mark.parametrize("kind", sorted(HOPELESS))
async def test_what_no_other_worker_can_mend_fails_at_once_and_is_nobodys_fault(stage, kind):
    anna, _ = await stage.worker("anna"), await stage.worker("bert")
    job = await stage.shaped("blender misc")
    assign = await anna.hears(protocol.Assign)
    await anna.report(assign, **FAILED, failure=protocol.Failure(kind, "no camera"))
    await stage.until_job(job, "failed")
    task = await stage.task(job, 0)
    assert (task.status, task.failed_by) == (TaskStatus.FAILED, ())
    assert task.activity == "Failed: it broke: no other worker can mend that"


async def test_a_file_that_one_worker_cannot_read_is_tried_by_one_more(stage):
    anna, bert, _ = [await stage.worker(name) for name in ("anna", "bert", "cleo")]
    job = await stage.shaped("blender")
    failure = protocol.Failure(FailureKind.UNREADABLE_FILE, "no .blend file")
    await anna.report(await anna.hears(protocol.Assign), **FAILED, failure=failure)
    await bert.report(await bert.hears(protocol.Assign), **FAILED, failure=failure)
    await stage.until_job(job, "failed")
    task = await stage.task(job, 0)
    assert task.failed_by == (anna.id, bert.id)
    assert task.activity == "Failed: it broke: no other worker can mend that"


async def test_what_another_worker_may_mend_waits_for_one(stage):
    anna, bert = await stage.worker("anna"), await stage.worker("bert")
    job = await stage.shaped("blender")
    failure = protocol.Failure(FailureKind.GPU_LOST, "the GPU failed")
    await anna.report(await anna.hears(protocol.Assign), **FAILED, failure=failure)
    await bert.complete(await bert.hears(protocol.Assign))
    await stage.until_job(job, "completed")


async def test_a_file_that_is_too_new_is_tried_by_no_other_worker_of_that_version(tmp_path):
    def having(version):
        return Specs(software=(Software("blender", version),))

    async with stage_at(tmp_path, job_fail_percentage=100) as stage:
        anna = await stage.worker("anna", having("3.4.1"))
        bert = await stage.worker("bert", having("3.4.1"))
        job = await stage.shaped("blender")
        failure = protocol.Failure(FailureKind.NEWER_FILE, "saved by 5.0")
        assign = await anna.hears(protocol.Assign)
        cleo = await stage.worker("cleo", having("5.0.1"))
        await anna.report(assign, **FAILED, failure=failure, blocklist="saved by 5.0")
        await cleo.complete(await cleo.hears(protocol.Assign))
        await stage.until_job(job, "completed")
        blocks = await stage.farm.services.reader.blocks(job.id)
        assert {block.worker_id for block in blocks} == {anna.id, bert.id}


async def test_a_warning_stands_on_task_and_job_until_it_is_done_again(stage):
    anna = await stage.worker("anna")
    job = await stage.shaped("blender blender")
    missing = "missing file /share/wood.png"
    for _ in range(2):
        assign = await anna.hears(protocol.Assign)
        await anna.report(assign, status=TaskStatus.COMPLETED, warnings=(missing,))
    await stage.until_job(job, "completed")
    assert (await stage.task(job, 0)).warnings == (missing,)
    assert (await stage.farm.services.reader.job(job.id)).warnings == (missing,)
    await stage.ask(job, SetJobStatus(JobStatus.REQUEUEING, "again"))
    for _ in range(2):
        await anna.complete(await anna.hears(protocol.Assign))
    await stage.until_job(job, "completed")
    assert (await stage.task(job, 0)).warnings == ()
    assert (await stage.farm.services.reader.job(job.id)).warnings == ()
