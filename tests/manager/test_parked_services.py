"""A service that keeps crashing is parked and told; the farm goes on, and it is tried again."""

import re

import pytest
import trio

import actors
from flamenco import protocol
from flamenco.manager.jobs.messages import FindJobs, WakeJob
from flamenco.manager.jobs.supervisor import Jobs
from flamenco.manager.scheduling.actor import Scheduler
from flamenco.manager.scheduling.messages import WorkerStands
from flamenco.model.notices import Notice, NoticeKind
from flamenco.store import notices_for
from tests.manager.conftest import stage_at
from tests.manager.faults import Poison, in_virtual_time
from tests.patience import until


async def until_parked(stage, path: str) -> actors.Pause:
    await until(lambda: path in stage.farm.system.parked)
    return stage.farm.system.parked[path]


async def until_told(stage) -> list[Notice]:
    """The notices of parked parts, once there is one."""

    async def told():
        found = await stage.farm.services.reader.ask(lambda db: notices_for(db, "", 10))
        return [each for each in found.notices if each.kind is NoticeKind.PART_PARKED]

    return await until(told)


@in_virtual_time
async def test_a_scheduler_that_keeps_crashing_is_parked_while_renders_go_on(tmp_path):
    poison = Poison()
    async with stage_at(tmp_path, around=poison) as stage:
        anna = await stage.worker("anna")
        job = await stage.shaped("misc")
        assign = await anna.hears(protocol.Assign)
        poison.add(Scheduler, "scheduler", WorkerStands)
        anna.disconnect()
        await anna.connect(protocol.HeldLease(assign.task_id, assign.lease))
        pause = await until_parked(stage, "/scheduler")
        assert "WorkerStands is poison" in pause.reason
        assert poison.raised == 11
        await anna.complete(assign)
        await stage.until_job(job, "completed")
        later = await stage.shaped("misc")
        poison.clear()
        assert stage.farm.system.find("/scheduler").retry()
        await anna.complete(await anna.hears(protocol.Assign))
        await stage.until_job(later, "completed")
        assert not stage.farm.system.parked


@in_virtual_time
async def test_a_notice_tells_of_a_service_that_keeps_crashing(tmp_path):
    poison = Poison()
    async with stage_at(tmp_path, around=poison) as stage:
        poison.add(Scheduler, "scheduler", WorkerStands)
        await stage.worker("anna")
        await until_parked(stage, "/scheduler")
        (notice, *_) = await until_told(stage)
        assert notice.text.startswith("/scheduler, a part of the Manager, keeps crashing")
        assert re.search(r"is tried again in (9|10|11) s: .*WorkerStands is poison", notice.text)


@in_virtual_time
async def test_a_manager_starts_though_its_supervisor_of_jobs_crashes_and_it_is_tried_again(
    tmp_path,
):
    async with stage_at(tmp_path) as stage:
        job = await stage.shaped("misc")
    poison = Poison()
    poison.add(Jobs, "jobs", FindJobs)
    async with stage_at(tmp_path, around=poison) as stage:
        with pytest.raises(actors.ActorParked, match="FindJobs is poison"):
            await stage.farm.jobs.ask(WakeJob(job.id))
        assert set(stage.farm.system.parked) == {"/jobs"}
        poison.clear()
        anna = await stage.worker("anna")
        await trio.sleep(15)
        await anna.complete(await anna.hears(protocol.Assign))
        await stage.until_job(job, "completed")


@in_virtual_time
async def test_a_notice_tells_of_a_service_that_was_parked_before_notices_were_given(tmp_path):
    poison = Poison()
    poison.add(Jobs, "jobs", FindJobs)
    async with stage_at(tmp_path, around=poison) as stage:
        poison.clear()
        (notice,) = await until_told(stage)
        assert re.match(
            r"/jobs, a part of the Manager, keeps crashing and is tried again in \d+ s: .*FindJobs",
            notice.text,
        )
