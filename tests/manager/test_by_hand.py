"""Decisions of wranglers about tasks: approval, outcomes by hand, another try."""

import pytest

from flamenco import protocol
from flamenco.manager.jobs.messages import SetJobStatus, SetTaskStatus, WhyWaiting
from flamenco.manager.refusals import NotAllowed
from flamenco.model.statuses import JobStatus, TaskStatus

PREVIEW = "blender approval:0 blender:1"


async def preview_done(stage, anna):
    """A job whose preview is rendered, and the task that waits for approval."""
    job = await stage.shaped(PREVIEW)
    await anna.complete(await anna.hears(protocol.Assign))
    await stage.until_status(job, "completed", "queued", "queued")
    return job, await stage.task(job, 1)


async def test_a_yes_lets_the_job_go_on(stage):
    anna = await stage.worker("anna")
    job, approval = await preview_done(stage, anna)
    assert "approve" in await stage.ask(job, WhyWaiting(approval.id))
    assert "approve approval-1" in await stage.ask(job, WhyWaiting())
    assert await stage.status(job) == "active"
    reader = stage.farm.services.reader
    assert (await reader.job(job.id)).approvals == 1
    await stage.ask(job, SetTaskStatus(approval.id, TaskStatus.COMPLETED, "looks good"))
    assert (await reader.job(job.id)).approvals == 0
    final = await anna.hears(protocol.Assign)
    assert final.name == "blender-2"
    await anna.complete(final)
    await stage.until_job(job, "completed")


async def test_a_no_fails_the_job_and_a_requeue_asks_again(stage):
    anna = await stage.worker("anna")
    job, approval = await preview_done(stage, anna)
    await stage.ask(job, SetTaskStatus(approval.id, TaskStatus.FAILED, "too dark"))
    assert await stage.statuses(job) == ["completed", "failed", "canceled"]
    activity = (await stage.farm.services.reader.job(job.id)).activity
    assert activity == "failed: approval-1 was not approved: too dark"
    await stage.ask(job, SetJobStatus(JobStatus.REQUEUEING, "again"))
    await stage.until_status(job, "completed", "queued", "queued")
    await stage.ask(job, SetTaskStatus(approval.id, TaskStatus.COMPLETED, "better"))
    assert (await anna.hears(protocol.Assign)).name == "blender-2"


@pytest.mark.parametrize("status", [TaskStatus.COMPLETED, TaskStatus.FAILED])
async def test_an_outcome_by_hand_needs_a_reason(stage, status):
    job = await stage.shaped("misc")
    task = await stage.task(job, 0)
    with pytest.raises(NotAllowed, match="reason"):
        await stage.ask(job, SetTaskStatus(task.id, status, " "))
    assert await stage.statuses(job) == ["queued"]


async def test_a_task_that_is_completed_by_hand_is_taken_from_its_worker(stage):
    anna = await stage.worker("anna")
    job = await stage.shaped("misc misc:0")
    assign = await anna.hears(protocol.Assign)
    done = SetTaskStatus(assign.task_id, TaskStatus.COMPLETED, "rendered at home")
    await stage.ask(job, done)
    assert (await anna.hears(protocol.Revoke)).task_id == assign.task_id
    assert (await anna.hears(protocol.Assign)).name == "misc-1"
    assert (await anna.complete(assign)).refused is not None
    assert (await stage.farm.services.reader.attempts(assign.task_id))[0].ending == "withdrawn"


@pytest.mark.parametrize("end", [JobStatus.CANCELED, JobStatus.FAILED])
async def test_another_try_of_one_task_revives_its_job(stage, end):
    job = await stage.shaped("misc misc")
    first = await stage.task(job, 0)
    if end is JobStatus.FAILED:
        await stage.ask(job, SetTaskStatus(first.id, TaskStatus.FAILED, "by hand"))
    else:
        await stage.ask(job, SetJobStatus(JobStatus.CANCEL_REQUESTED, "stop"))
    assert await stage.status(job) == end.value
    anna = await stage.worker("anna")
    await stage.ask(job, SetTaskStatus(first.id, TaskStatus.QUEUED, "once more"))
    assign = await anna.hears(protocol.Assign)
    assert assign.task_id == first.id
    await anna.complete(assign)
    await stage.until_job(job, "canceled")
    assert await stage.statuses(job) == ["completed", "canceled"]


async def test_a_job_ends_when_what_is_left_waits_for_what_failed(stage):
    anna = await stage.worker("anna")
    job = await stage.shaped(" ".join(["misc"] * 20) + " ffmpeg:0+1")
    first = await anna.hears(protocol.Assign)
    await stage.ask(job, SetTaskStatus(first.task_id, TaskStatus.FAILED, "it can't be rendered"))
    await anna.hears(protocol.Revoke)
    for _ in range(19):
        await anna.complete(await anna.hears(protocol.Assign))
    await stage.until_job(job, "failed")
    assert (await stage.statuses(job))[-1] == "canceled"


async def test_every_attempt_is_kept(stage):
    anna, bert = await stage.worker("anna"), await stage.worker("bert")
    job = await stage.shaped("misc")
    assign = await anna.hears(protocol.Assign)
    failed = {"status": TaskStatus.FAILED, "activity": "Failed: it broke"}
    await anna.report(assign, **failed, exit_code=11, peak_memory=2**33)
    second = await bert.hears(protocol.Assign)
    await bert.complete(second)
    await stage.until_job(job, "completed")
    one, two = await stage.farm.services.reader.attempts(assign.task_id)
    assert (one.lease, one.worker_name, one.ending) == (1, "anna", "failed")
    assert (one.exit_code, one.peak_memory) == (11, 2**33)
    assert "it broke" in one.reason
    assert (two.lease, two.worker_id, two.ending) == (2, bert.id, "completed")
    assert one.started <= one.ended <= two.started <= two.ended
