"""Workers that have been away for too long hold nothing up."""

import attrs

from flamenco import protocol
from flamenco.manager.jobs.messages import CheckUp, WhyWaiting
from flamenco.manager.services import JOBS
from tests.manager.conftest import stage_at
from tests.patience import until

AT_ONCE = 1e-6


async def leave(stage, *workers) -> None:
    for worker in workers:
        worker.say(protocol.SignOff(), 1000)
        await worker.hears(protocol.Acknowledge)
        worker.disconnect()

    async def offline() -> bool:
        known = await stage.farm.services.reader.workers()
        away = [each.id for each in known if each.status.value == "offline"]
        return all(worker.id in away for worker in workers)

    await until(offline)


async def test_a_task_fails_at_once_where_all_others_are_gone(tmp_path):
    async with stage_at(tmp_path, worker_gone_after=AT_ONCE) as stage:
        others = [await stage.worker(f"once-{number}") for number in range(20)]
        await leave(stage, *others)
        anna = await stage.worker("anna")
        job = await stage.shaped("misc")
        await anna.fail(await anna.hears(protocol.Assign))
        await stage.until_job(job, "failed")
        task = await stage.task(job, 0)
        assert task.activity.endswith("failed, and no other worker can try it")


async def test_a_task_that_waits_for_others_fails_when_they_are_gone(stage):
    anna, bert = await stage.worker("anna"), await stage.worker("bert")
    await leave(stage, bert)
    job = await stage.shaped("misc")
    await anna.fail(await anna.hears(protocol.Assign))
    await stage.until_status(job, "soft-failed")
    task = await stage.task(job, 0)
    waits = "bert could run it; it is not connected. 1 other failed it or is blocklisted."
    assert await stage.ask(job, WhyWaiting(task.id)) == waits
    services = stage.farm.services
    services.config = attrs.evolve(services.config, worker_gone_after=AT_ONCE)
    gone = (
        "2 workers could run it, but failed it or are blocklisted, "
        "or have been away for too long to be waited for."
    )
    assert await stage.ask(job, WhyWaiting(task.id)) == gone
    stage.farm.system.find(JOBS).tell(CheckUp())
    await stage.until_job(job, "failed")
    assert (await stage.task(job, 0)).activity == (
        "failed, and the workers that could try it have been away for too long"
    )


async def test_a_job_fails_when_all_that_are_not_blocklisted_are_gone(tmp_path):
    async with stage_at(tmp_path, blocklist_threshold=1, job_fail_percentage=100) as stage:
        anna, bert = await stage.worker("anna"), await stage.worker("bert")
        await leave(stage, bert)
        job = await stage.shaped("misc misc")
        await anna.fail(await anna.hears(protocol.Assign))
        await stage.until_status(job, "soft-failed", "queued")
        services = stage.farm.services
        services.config = attrs.evolve(services.config, worker_gone_after=AT_ONCE)
        stage.farm.system.find(JOBS).tell(CheckUp())
        await stage.until_job(job, "failed")
        activity = (await stage.farm.services.reader.job(job.id)).activity
        assert activity == "failed: no worker is left for tasks of type misc"


async def test_a_task_that_nobody_failed_waits_on_for_those_who_are_gone(tmp_path):
    async with stage_at(tmp_path, worker_gone_after=AT_ONCE) as stage:
        anna = await stage.worker("anna")
        await leave(stage, anna)
        job = await stage.shaped("misc")
        why = "1 worker could run it, but has been away for too long to be waited for."
        assert await stage.ask(job, WhyWaiting((await stage.task(job, 0)).id)) == why
        stage.farm.system.find(JOBS).tell(CheckUp())
        assert [each.id for each in await stage.farm.services.reader.workers()] == [anna.id]
        assert await stage.status(job) == "queued"
        await anna.connect()
        assert (await anna.hears(protocol.Assign)).job_id == job.id
