"""One bad thing never touches its neighbours: it is parked, visible, and can be tried again."""

import gc
from contextlib import suppress

import pytest
import trio
from msgspec import UNSET

import actors
from flamenco import protocol
from flamenco.api.events import EventJobUpdate, EventWorkerTask
from flamenco.manager.asking import ask_job
from flamenco.manager.images import Images, ProcessImage
from flamenco.manager.jobs.actor import JobActor
from flamenco.manager.jobs.messages import (
    RemoveJob,
    SetJobPriority,
    SetJobStatus,
    SignOfLife,
    WhyWaiting,
    WorkerOffered,
)
from flamenco.manager.parking import LONGEST_REASON, TryAgain, reason_of
from flamenco.manager.refusals import NotAllowed, NotFound, NotWhileParked
from flamenco.manager.scheduling.actor import Scheduler
from flamenco.manager.scheduling.messages import WorkerStands
from flamenco.manager.status import Refresh, Status
from flamenco.manager.workers.actor import WorkerActor
from flamenco.manager.workers.messages import (
    RemoveWorker,
    Seen,
    SetWorkerTags,
)
from flamenco.model.parking import ParkedKind
from flamenco.model.statuses import JobStatus
from flamenco.store import Store, StoreError, UnreadableRow
from tests.manager.conftest import stage_at
from tests.manager.faults import Poison, damage, in_virtual_time
from tests.patience import PATIENCE, until


def asked(stage, job, message):
    return ask_job(stage.farm.system, job.id, message)


async def until_parked(stage, kind: ParkedKind, key: str) -> str:
    """Wait until something is parked; the reason."""

    async def parked():
        return (await stage.farm.services.reader.parked(kind)).get(key)

    return (await until(parked)).reason


# Jobs


@in_virtual_time
async def test_a_job_that_crashes_at_each_offer_is_parked_and_the_others_render_on(tmp_path):
    poison = Poison()
    async with stage_at(tmp_path, around=poison) as stage:
        bad, good = await stage.shaped("misc misc"), await stage.shaped("misc misc")
        poison.add(JobActor, bad.id, WorkerOffered)
        anna = await stage.worker("anna")
        for _ in range(2):
            assign = await anna.hears(protocol.Assign)
            assert assign.job_id == good.id
            assert (await anna.complete(assign)).refused is None
        await stage.until_job(good, "completed")
        assert "WorkerOffered is poison" in await until_parked(stage, ParkedKind.JOB, bad.id)
        assert anna.closed is None


@in_virtual_time
async def test_requests_for_a_parked_job_are_refused_with_the_reason(tmp_path):
    poison = Poison()
    async with stage_at(tmp_path, around=poison) as stage:
        bad = await stage.shaped("misc")
        poison.add(JobActor, bad.id, SetJobPriority)
        for _ in range(4):
            with pytest.raises((actors.ActorCrashed, NotWhileParked)):
                await asked(stage, bad, SetJobPriority(1))
        for message in (SetJobPriority(1), SetJobStatus(JobStatus.CANCELED, ""), WhyWaiting()):
            with pytest.raises(NotWhileParked, match="SetJobPriority is poison"):
                await asked(stage, bad, message)
        assert poison.raised == 4


@in_virtual_time
async def test_a_parked_job_hands_back_its_leases_with_an_attempt_for_each(tmp_path):
    poison = Poison()
    async with stage_at(tmp_path, around=poison) as stage:
        anna = await stage.worker("anna")
        bad = await stage.shaped("misc misc")
        assign = await anna.hears(protocol.Assign)
        held = protocol.HeldLease(assign.task_id, assign.lease)
        poison.add(JobActor, bad.id, SignOfLife)
        poison.add(JobActor, bad.id, WorkerOffered)

        async def parked() -> bool:
            if anna.closed is not None:
                anna.closed = None
                await anna.connect(held)
            anna.say(protocol.Heartbeat((held,)))
            return bad.id in await stage.farm.services.reader.parked(ParkedKind.JOB)

        async with stage.farm.system.events.subscribe(EventWorkerTask) as events:
            await until(parked)
            with trio.fail_after(PATIENCE):
                while (await anext(events)).task is not UNSET:
                    pass
        await stage.until_status(bad, "queued", "queued")
        attempts = await stage.farm.services.reader.attempts(assign.task_id)
        assert [each.lease for each in attempts] == [assign.lease]
        assert (await anna.connect(held)).leases == ()
        good, bert = await stage.shaped("misc"), await stage.worker("bert")
        assert (await bert.hears(protocol.Assign)).job_id == good.id


@in_virtual_time
async def test_a_job_is_parked_though_the_database_refuses_to_give_its_tasks_back(tmp_path):
    poison = Poison()
    async with stage_at(tmp_path, around=poison) as stage:
        anna = await stage.worker("anna")
        bad = await stage.shaped("misc")
        await anna.hears(protocol.Assign)
        damage(
            tmp_path,
            f"CREATE TRIGGER refuse BEFORE UPDATE ON tasks WHEN new.job_id = '{bad.id}' "
            "BEGIN SELECT RAISE(ABORT, 'not this one'); END",
        )
        poison.add(JobActor, bad.id, SetJobPriority)
        for _ in range(4):
            with pytest.raises((actors.ActorCrashed, NotWhileParked)):
                await asked(stage, bad, SetJobPriority(1))
        assert "is poison" in await until_parked(stage, ParkedKind.JOB, bad.id)
        assert stage.farm.system.statistics().failed_commits == 0
        await anna.connect()
        good = await stage.shaped("misc")
        assert (await anna.hears(protocol.Assign)).job_id == good.id


def test_the_reason_for_parking_can_be_stored_whatever_the_error_says():
    assert reason_of(ValueError("no \udcff")).encode().endswith(rb"no \udcff")
    assert len(reason_of(UnreadableRow("jobs", "1", "name", "x" * 10_000))) == LONGEST_REASON


@in_virtual_time
async def test_a_parked_job_stays_parked_over_a_restart_until_it_is_tried_again(tmp_path):
    poison = Poison()
    async with stage_at(tmp_path, around=poison) as stage:
        bad = await stage.shaped("misc")
        poison.add(JobActor, bad.id, WorkerOffered)
        anna = await stage.worker("anna")
        reason = await until_parked(stage, ParkedKind.JOB, bad.id)
    poison.clear()
    async with stage_at(tmp_path, around=poison) as stage:
        anna.farm = stage.farm
        await anna.connect()
        with pytest.raises(NotWhileParked, match="is poison"):
            await asked(stage, bad, SetJobPriority(1))
        assert await until_parked(stage, ParkedKind.JOB, bad.id) == reason
        async with stage.farm.system.events.subscribe(EventJobUpdate) as events:
            await asked(stage, bad, TryAgain())
            with trio.fail_after(PATIENCE):
                event = await anext(events)
        assert (event.id, event.refresh_tasks) == (bad.id, True)
        assign = await anna.hears(protocol.Assign)
        assert (await anna.complete(assign)).refused is None
        await stage.until_job(bad, "completed")
        assert not await stage.farm.services.reader.parked(ParkedKind.JOB)
        with pytest.raises(NotAllowed, match="not parked"):
            await asked(stage, bad, TryAgain())


@in_virtual_time
async def test_an_unreadable_task_of_a_paused_job_keeps_no_manager_from_starting(tmp_path):
    async with stage_at(tmp_path) as stage:
        bad = await stage.shaped("misc misc", status=JobStatus.PAUSED)
        task = await stage.task(bad, 1)
    damage(tmp_path, "UPDATE tasks SET depends_on = '[1' WHERE id = ?", task.id)
    async with stage_at(tmp_path) as stage:
        reason = await until_parked(stage, ParkedKind.JOB, bad.id)
        assert f"table tasks, row {task.id}, column depends_on" in reason
        await stage.shaped("misc")
        anna = await stage.worker("anna")
        await anna.complete(await anna.hears(protocol.Assign))


@in_virtual_time
async def test_ids_that_cannot_be_read_keep_no_other_job_from_beginning(tmp_path):
    async with stage_at(tmp_path) as stage:
        bad, lost, good = [await stage.shaped("misc") for _ in range(3)]
        anna, ben = await stage.registered("anna"), await stage.registered("ben")
    damage(tmp_path, "UPDATE jobs SET id = CAST(x'ff' AS TEXT) WHERE id = ?", bad.id)
    damage(tmp_path, "UPDATE jobs SET id = '' WHERE id = ?", lost.id)
    damage(tmp_path, "UPDATE workers SET id = x'ff' WHERE id = ?", ben.id)
    damage(tmp_path, "INSERT INTO parked VALUES ('job', '', CAST(x'ff' AS TEXT), '')")
    async with stage_at(tmp_path) as stage:
        anna.farm = stage.farm
        await anna.connect()
        assert (await anna.complete(await anna.hears(protocol.Assign))).refused is None
        await stage.until_job(good, "completed")


@in_virtual_time
async def test_an_unreadable_cell_of_a_finished_job_refuses_requests_and_ends_nothing(tmp_path):
    async with stage_at(tmp_path) as stage:
        anna = await stage.worker("anna")
        bad = await stage.shaped("misc")
        await anna.complete(await anna.hears(protocol.Assign))
        await stage.until_job(bad, "completed")
    damage(tmp_path, "UPDATE jobs SET settings = '{' WHERE id = ?", bad.id)
    async with stage_at(tmp_path) as stage:
        for _ in range(6):
            with pytest.raises(NotWhileParked, match=f"table jobs, row {bad.id}, column settings"):
                await asked(stage, bad, SetJobPriority(1))
        good = await stage.shaped("misc")
        await asked(stage, good, SetJobPriority(1))


@in_virtual_time
async def test_a_parked_job_whose_rows_cannot_be_read_can_be_deleted(tmp_path):
    async with stage_at(tmp_path) as stage:
        bad = await stage.shaped("misc misc")
    damage(tmp_path, "UPDATE jobs SET settings = '{', priority = 'high' WHERE id = ?", bad.id)
    damage(tmp_path, "UPDATE tasks SET status = 'odd' WHERE job_id = ?", bad.id)
    async with stage_at(tmp_path) as stage:
        await until_parked(stage, ParkedKind.JOB, bad.id)
        await asked(stage, bad, RemoveJob())

        async def gone() -> bool:
            return await stage.farm.services.reader.shown_job(bad.id) is None

        await until(gone)
        assert not await stage.farm.services.reader.parked(ParkedKind.JOB)
        with pytest.raises(NotFound):
            await asked(stage, bad, SetJobPriority(1))


@in_virtual_time
async def test_a_job_that_is_half_erased_is_not_taken_for_a_damaged_one(tmp_path):
    async with stage_at(tmp_path) as stage:
        job = await stage.shaped("misc misc")
        first, last = [await stage.task(job, place) for place in (0, 1)]
    needs = f'["{last.id}"]'
    damage(tmp_path, "UPDATE tasks SET depends_on = ? WHERE id = ?", needs, first.id)
    damage(tmp_path, "UPDATE jobs SET delete_requested_at = created")
    damage(tmp_path, "DELETE FROM tasks WHERE id = ?", last.id)
    async with stage_at(tmp_path) as stage:
        reader = stage.farm.services.reader

        async def erased() -> bool:
            return await reader.job(job.id) is None

        await until(erased)
        assert stage.farm.system.statistics().crashes == 0


@in_virtual_time
async def test_a_job_whose_commands_cannot_be_read_is_parked_when_they_are_wanted(tmp_path):
    async with stage_at(tmp_path) as stage:
        bad = await stage.shaped("misc")
        task = await stage.task(bad, 0)
    damage(tmp_path, "UPDATE commands SET commands = '[' WHERE task_id = ?", task.id)
    async with stage_at(tmp_path) as stage:
        await stage.worker("anna")
        reason = await until_parked(stage, ParkedKind.JOB, bad.id)
        assert f"table commands, row {task.id}, column commands" in reason
        await stage.until_status(bad, "queued")


@in_virtual_time
async def test_changes_that_the_database_refuses_park_a_job_but_a_full_disk_parks_none(
    tmp_path,
):
    async with stage_at(tmp_path) as stage:
        bad = await stage.shaped("misc")
        good = await stage.shaped("misc")
    damage(
        tmp_path,
        f"CREATE TRIGGER refuse BEFORE UPDATE ON tasks WHEN new.job_id = '{bad.id}' "
        "BEGIN SELECT RAISE(ABORT, 'not this one'); END",
    )
    async with stage_at(tmp_path) as stage:
        anna = await stage.worker("anna")
        assign = await anna.hears(protocol.Assign)
        assert assign.job_id == good.id
        await stage.limit_pages(1)
        anna.say(protocol.Report(task_id=assign.task_id, lease=assign.lease, log="x" * 9999), 70)
        await trio.sleep(20)
        await stage.limit_pages(1 << 30)
        await anna.connect(protocol.HeldLease(assign.task_id, assign.lease))
        assert (await anna.complete(assign)).refused is None
        assert "not this one" in await until_parked(stage, ParkedKind.JOB, bad.id)
        assert list(await stage.farm.services.reader.parked(ParkedKind.JOB)) == [bad.id]


@in_virtual_time
async def test_a_full_disk_keeps_no_manager_from_starting_though_a_job_needs_repair(
    tmp_path, monkeypatch
):
    async with stage_at(tmp_path) as stage:
        job = await stage.shaped("misc")
    damage(tmp_path, "UPDATE tasks SET status = 'completed' WHERE job_id = ?", job.id)

    async def refuse(*_):
        raise StoreError("the disk is full")

    with monkeypatch.context() as disk:
        disk.setattr(Store, "commit", refuse)
        with trio.fail_after(10):
            async with stage_at(tmp_path) as stage:
                disk.undo()
                await stage.until_job(job, "completed")


@in_virtual_time
async def test_jobs_that_cannot_be_read_for_now_are_found_later(tmp_path):
    async with stage_at(tmp_path) as stage:
        job = await stage.shaped("misc")
    damage(tmp_path, "ALTER TABLE parked RENAME TO elsewhere")
    async with stage_at(tmp_path) as stage:
        damage(tmp_path, "ALTER TABLE elsewhere RENAME TO parked")
        anna = await stage.worker("anna")
        assert (await anna.hears(protocol.Assign)).job_id == job.id


@in_virtual_time
async def test_an_unknown_job_is_not_found_and_never_was(tmp_path):
    async with stage_at(tmp_path) as stage:
        for _ in range(2):
            with pytest.raises(NotFound, match="there is no job of-nobody"):
                await ask_job(stage.farm.system, "of-nobody", WhyWaiting())
        assert not stage.farm.system.find("/jobs/of-nobody")


@in_virtual_time
async def test_a_finished_job_rests_leaves_nothing_in_memory_and_can_be_asked_again(tmp_path):
    async with stage_at(tmp_path) as stage:
        anna = await stage.worker("anna")
        job = await stage.shaped("misc")
        await anna.complete(await anna.hears(protocol.Assign))
        await stage.until_job(job, "completed")
        await trio.sleep(60)
        gc.collect()
        assert stage.farm.system.find(f"/jobs/{job.id}") is None
        assert not [each for each in gc.get_objects() if isinstance(each, JobActor)]
        await asked(stage, job, SetJobPriority(77))
        assert (await stage.farm.services.reader.job(job.id)).priority == 77


# Workers


@in_virtual_time
async def test_a_worker_whose_actor_keeps_crashing_is_parked_and_the_others_work_on(tmp_path):
    poison = Poison()
    async with stage_at(tmp_path, around=poison) as stage:
        anna, bert = await stage.worker("anna"), await stage.worker("bert")
        job = await stage.shaped("misc misc")
        await anna.hears(protocol.Assign)
        other = await bert.hears(protocol.Assign)
        poison.add(WorkerActor, anna.id, Seen)
        for _ in range(4):
            stage.farm.worker(anna.id).tell(Seen())
        assert "Seen is poison" in await until_parked(stage, ParkedKind.WORKER, anna.id)
        anna.say(protocol.Heartbeat(()))
        await until(lambda: anna.closed and "is poison" in anna.closed)
        with pytest.raises(NotWhileParked, match="Seen is poison"):
            await anna.connect()
        await stage.until_status(job, "queued", "active")
        assert (await bert.complete(other)).refused is None
        assert bert.closed is None
        poison.clear()
        await stage.farm.worker(anna.id).ask(TryAgain())
        await until(lambda: stage.farm.worker(anna.id))
        await bert.complete(await bert.hears(protocol.Assign))
        await anna.connect()


@in_virtual_time
async def test_an_unreadable_worker_is_parked_at_the_start_and_can_be_deleted(tmp_path):
    async with stage_at(tmp_path) as stage:
        anna, bert = await stage.worker("anna"), await stage.worker("bert")
        job = await stage.shaped("misc misc")
        await anna.hears(protocol.Assign)
        await bert.hears(protocol.Assign)
    damage(tmp_path, "UPDATE workers SET schedule = '{' WHERE id = ?", anna.id)
    async with stage_at(tmp_path) as stage:
        reason = await until_parked(stage, ParkedKind.WORKER, anna.id)
        assert f"table workers, row {anna.id}, column schedule" in reason
        await stage.until_status(job, "queued", "active")
        with pytest.raises(NotWhileParked):
            await stage.farm.worker(anna.id).ask(SetWorkerTags(()))
        await stage.farm.worker(anna.id).ask(RemoveWorker())
        await until(lambda: stage.farm.worker(anna.id) is None)
        assert await stage.farm.services.reader.worker_ids() == [bert.id]


# Services


@in_virtual_time
async def test_services_that_crash_at_everything_do_not_end_the_farm(tmp_path):
    poison = Poison()
    async with stage_at(tmp_path, around=poison) as stage:
        poison.add(Images, "images", ProcessImage)
        poison.add(Status, "status", Refresh)
        for _ in range(20):
            with suppress(actors.MailboxFull):  # it may wait for longer before it begins anew
                stage.farm.images.tell(ProcessImage(None, b""))
            stage.farm.status.tell(Refresh())
            await trio.sleep(3)
        assert poison.raised >= 20
        assert set(stage.farm.system.parked) == {"/images", "/status"}
        anna = await stage.worker("anna")
        job = await stage.shaped("misc")
        await anna.complete(await anna.hears(protocol.Assign))
        await stage.until_job(job, "completed")


@in_virtual_time
async def test_a_scheduler_that_crashed_ten_times_goes_on_where_it_was(tmp_path):
    poison = Poison()
    async with stage_at(tmp_path, around=poison) as stage:
        anna = await stage.worker("anna")
        job = await stage.shaped("misc")
        assign = await anna.hears(protocol.Assign)
        poison.add(Scheduler, "scheduler", WorkerStands)
        await until(lambda: poison.raised or anna.disconnect())
        await anna.connect(protocol.HeldLease(assign.task_id, assign.lease))
        await until(lambda: poison.raised >= 10)
        poison.clear()
        await anna.complete(assign)
        await stage.until_job(job, "completed")
        await stage.shaped("misc")
        await anna.hears(protocol.Assign)
