"""Tasks are pushed to workers, come back as they ended, and count once."""

from datetime import datetime

import attrs
import pytest
import trio
import trio.testing

from flamenco import protocol
from flamenco.api.events import EventWorkerUpdate
from flamenco.manager.jobs.messages import (
    SetJobPriority,
    SetJobStatus,
    SetTaskStatus,
    WakeJob,
    WhyWaiting,
)
from flamenco.manager.refusals import NotAllowed, Refusal
from flamenco.manager.workers.messages import (
    ConfigChanged,
    LeaseOpened,
    LeaseReopened,
    RequestWorkerStatus,
)
from flamenco.model.board import Why
from flamenco.model.statuses import JobStatus, TaskStatus, WorkerStatus
from flamenco.store import ReadCommands, Store, job_key
from tests.manager.conftest import stage_at
from tests.manager.faults import in_virtual_time
from tests.patience import until


async def test_tasks_go_to_an_idle_worker_one_by_one_and_dependencies_first(stage):
    anna = await stage.worker("anna")
    job = await stage.submit()
    names = []
    for _ in range(3):
        assign = await anna.hears(protocol.Assign)
        names.append(assign.name)
        assert (await anna.complete(assign)).refused is None
    assert names == ["echo", "sleep", "sleep"]
    await stage.until_status(job, "completed", "completed", "completed")
    assert await stage.status(job) == "completed"


async def test_a_worker_that_comes_later_gets_what_waits_highest_priority_first(stage):
    low = await stage.submit(priority=10)
    high = await stage.submit(priority=90)
    middle = await stage.submit(priority=20)
    await stage.ask(middle, SetJobPriority(95))
    anna = await stage.worker("anna")
    order = []
    for _ in range(9):
        assign = await anna.hears(protocol.Assign)
        order.append(assign.job_id)
        await anna.complete(assign)
    assert order == 3 * [middle.id] + 3 * [high.id] + 3 * [low.id]


async def test_a_report_that_is_sent_again_counts_once(stage):
    anna = await stage.worker("anna")
    await stage.submit()
    assign = await anna.hears(protocol.Assign)
    for _ in range(3):
        assert (await anna.report(assign, seq=7, log="once\n")).seq == 7
    tail = await stage.tail(assign)
    assert tail.count("once") == 1
    await anna.complete(assign)


async def test_the_log_of_a_task_tells_who_got_it_what_was_said_and_what_became_of_it(stage):
    anna = await stage.worker("anna")
    await stage.submit()
    assign = await anna.hears(protocol.Assign)
    await anna.report(assign, log="half of it\n", steps_completed=0)
    await anna.report(assign, log="no line break", activity="almost there")
    await anna.report(assign, status=TaskStatus.COMPLETED, log="all of it\n", activity="well done")
    lines = (await stage.tail(assign)).splitlines()
    assert lines[2:5] == ["half of it", "no line break", "all of it"]
    own = [line.partition(" ") for line in (*lines[:2], *lines[5:])]
    assert [said for _, _, said in own] == [
        f"Task assigned to worker anna ({anna.id}): {Why.IDLE}",
        "Task went from queued to active: Assigned to worker anna",
        "Task went from active to completed: well done",
    ]
    assert all(datetime.fromisoformat(when).tzinfo for when, _, _ in own)


async def test_a_report_under_an_older_lease_is_refused(stage):
    anna, bert = await stage.worker("anna"), await stage.worker("bert")
    await stage.submit(repeats=1)
    first = await anna.hears(protocol.Assign)
    await anna.report(first, status=TaskStatus.QUEUED)
    taken = await bert.hears(protocol.Assign)
    assert taken.task_id == first.task_id
    assert taken.lease > first.lease
    assert "over" in (await anna.complete(first)).refused
    assert (await bert.complete(taken)).refused is None


async def test_a_failed_task_goes_to_another_worker_and_fails_when_nobody_is_left(stage):
    anna, bert = await stage.worker("anna"), await stage.worker("bert")
    job = await stage.submit(repeats=0)
    await anna.fail(await anna.hears(protocol.Assign))
    await bert.fail(await bert.hears(protocol.Assign))
    await stage.until_status(job, "failed")
    assert await stage.status(job) == "failed"


async def test_three_workers_must_fail_a_task(stage):
    workers = [await stage.worker(name) for name in ("anna", "bert", "carl", "dora")]
    job = await stage.submit(repeats=0)
    for worker in workers[:3]:
        await worker.fail(await worker.hears(protocol.Assign))
    await stage.until_status(job, "failed")


async def test_a_task_without_a_sign_of_life_goes_to_another_worker(tmp_path):
    async with stage_at(tmp_path, task_timeout=0.2) as stage:
        anna, bert = await stage.worker("anna"), await stage.worker("bert")
        await stage.submit(repeats=0)
        silent = await anna.hears(protocol.Assign)
        taken = await bert.hears(protocol.Assign)
        assert taken.task_id == silent.task_id
        assert "sign of life" in (await anna.hears(protocol.Revoke)).reason


async def test_a_silent_worker_is_lost_and_its_task_requeued(tmp_path):
    async with stage_at(tmp_path, worker_timeout=3) as stage:
        job = await stage.submit(repeats=0)
        anna = await stage.worker("anna")
        await anna.hears(protocol.Assign)
        reader = stage.farm.services.reader

        async def lost() -> bool:
            return (await reader.worker(anna.id)).status is WorkerStatus.ERROR

        await until(lost)
        await stage.until_status(job, "queued")
        assert anna.closed == "no sign of life"


async def test_a_worker_timeout_of_zero_means_none(tmp_path):
    async with stage_at(tmp_path, worker_timeout=0) as stage:
        anna = await stage.worker("anna")
        await stage.submit(repeats=0)
        assert (await anna.complete(await anna.hears(protocol.Assign))).refused is None
        assert anna.closed is None


async def test_a_heartbeat_tells_nobody_of_a_change(stage):
    anna = await stage.worker("anna")
    async with stage.farm.system.events.subscribe(EventWorkerUpdate) as events:
        anna.say(protocol.Heartbeat(()))
        await anna.went_to(WorkerStatus.ASLEEP)
        assert (await anext(events)).status == "asleep"


async def test_a_worker_that_reconnects_keeps_the_leases_it_names(stage):
    anna = await stage.worker("anna")
    await stage.submit(repeats=0)
    assign = await anna.hears(protocol.Assign)
    anna.disconnect()
    held = protocol.HeldLease(assign.task_id, assign.lease)
    assert (await anna.connect(held)).leases == (held,)
    assert (await anna.complete(assign)).refused is None


async def test_a_worker_that_comes_back_without_its_task_gets_it_again(stage):
    anna = await stage.worker("anna")
    await stage.submit(repeats=0)
    lost = await anna.hears(protocol.Assign)
    anna.disconnect()
    assert (await anna.connect()).leases == ()
    assert await anna.hears(protocol.Assign) == lost
    assert (await anna.complete(lost)).refused is None


async def test_a_task_that_a_worker_loses_again_and_again_counts_as_its_failure(stage):
    anna = await stage.worker("anna")
    job = await stage.submit(repeats=0)
    await anna.hears(protocol.Assign)
    for _ in range(2):
        anna.disconnect()
        await anna.connect()
        await anna.hears(protocol.Assign)
    anna.disconnect()
    await anna.connect()
    await stage.until_status(job, "failed")


async def test_a_restarted_manager_lets_the_worker_finish_under_the_same_lease(tmp_path):
    async with stage_at(tmp_path) as stage:
        anna = await stage.worker("anna")
        job = await stage.submit(repeats=0)
        assign = await anna.hears(protocol.Assign)
        await anna.report(assign, seq=50, log="before\n")
    async with stage_at(tmp_path) as stage:
        anna.farm = stage.farm
        held = protocol.HeldLease(assign.task_id, assign.lease)
        assert (await anna.connect(held)).leases == (held,)
        await anna.report(assign, seq=50, log="before\n")
        await anna.report(assign, seq=51, log="after\n")
        assert (await anna.report(assign, seq=52, status=TaskStatus.COMPLETED)).refused is None
        await stage.until_status(job, "completed")
        tail = await stage.tail(assign)
        assert tail.count("before") == tail.count("after") == 1


async def test_cancelling_a_job_stops_its_running_task_at_once(stage):
    anna = await stage.worker("anna")
    job = await stage.submit()
    assign = await anna.hears(protocol.Assign)
    await stage.ask(job, SetJobStatus(JobStatus.CANCEL_REQUESTED, "a test"))
    assert (await anna.hears(protocol.Revoke)).task_id == assign.task_id
    assert await stage.status(job) == "canceled"
    assert await stage.statuses(job) == ["canceled"] * 3


async def test_a_worker_is_free_again_after_a_cancellation_while_it_was_given_the_task(
    stage, monkeypatch
):
    commit, assigning, go_on = Store.commit, trio.Event(), trio.Event()

    async def commit_late(store: Store, changes) -> None:
        if any(isinstance(each, ReadCommands) for each in changes):
            assigning.set()
            await go_on.wait()
        await commit(store, changes)

    monkeypatch.setattr(Store, "commit", commit_late)
    anna = await stage.worker("anna")
    job = await stage.submit()
    await assigning.wait()
    actor = await stage.farm.jobs.ask(WakeJob(job.id))
    actor.tell(SetJobStatus(JobStatus.CANCEL_REQUESTED, "a test"))
    await trio.testing.wait_all_tasks_blocked()
    go_on.set()
    assert (await anna.hears(protocol.Assign)).job_id == job.id
    await anna.hears(protocol.Revoke)
    other = await stage.submit()
    assert (await anna.hears(protocol.Assign)).job_id == other.id


async def test_a_worker_with_a_lease_that_its_job_does_not_know_is_free_after_a_report(stage):
    anna = await stage.worker("anna")
    job = await stage.submit()
    assign = await anna.hears(protocol.Assign)
    await stage.ask(job, SetJobStatus(JobStatus.CANCEL_REQUESTED, "a test"))
    await anna.hears(protocol.Revoke)
    actor = await stage.farm.jobs.ask(WakeJob(job.id))
    stage.farm.worker(anna.id).tell(LeaseOpened(job=actor, assign=assign))
    assert (await anna.hears(protocol.Assign)) == assign
    other = await stage.submit()
    assert (await anna.report(assign, status=TaskStatus.ACTIVE)).refused
    assert (await anna.hears(protocol.Assign)).job_id == other.id


async def test_a_worker_whose_lease_is_opened_again_counts_as_away_until_it_is_back(stage):
    anna = await stage.worker("anna")
    running, waiting = [await stage.shaped("misc") for _ in range(2)]
    assign = await anna.hears(protocol.Assign)

    async def why() -> str:
        return await stage.ask(waiting, WhyWaiting(None))

    assert await why() == "anna could run it; it is busy."
    actor = await stage.farm.jobs.ask(WakeJob(running.id))
    stage.farm.worker(anna.id).tell(LeaseReopened(actor, assign.task_id, assign.lease))
    await until(lambda: anna.closed)
    await trio.testing.wait_all_tasks_blocked()
    assert await why() == "anna could run it; it is not connected."


async def test_only_later_lives_of_a_jobs_actor_read_the_job_back(tmp_path, monkeypatch):
    load, loaded = Store.load, []

    async def load_and_tell(store: Store, key: str):
        loaded.append(key)
        return await load(store, key)

    monkeypatch.setattr(Store, "load", load_and_tell)
    async with stage_at(tmp_path) as stage:
        job = await stage.submit()
        await stage.ask(job, SetJobPriority(60))
        assert job_key(job.id) not in loaded
    async with stage_at(tmp_path) as stage:
        await stage.ask(job, SetJobPriority(70))
        assert loaded.count(job_key(job.id)) == 1


async def test_pausing_lets_the_running_task_finish(stage):
    anna = await stage.worker("anna")
    job = await stage.submit()
    assign = await anna.hears(protocol.Assign)
    await stage.ask(job, SetJobStatus(JobStatus.PAUSE_REQUESTED, "a test"))
    assert await stage.status(job) == "pause-requested"
    await anna.complete(assign)
    assert await stage.status(job) == "paused"
    await stage.ask(job, SetJobStatus(JobStatus.REQUEUEING, "a test"))
    await anna.complete(await anna.hears(protocol.Assign))


async def test_what_makes_no_sense_is_refused_with_a_sentence(stage):
    job = await stage.submit()
    task = (await stage.farm.services.reader.tasks(job.id))[0]
    with pytest.raises(NotAllowed, match="the job is queued; requeueing can be asked of"):
        await stage.ask(job, SetJobStatus(JobStatus.REQUEUEING, ""))
    with pytest.raises(NotAllowed, match="not under-construction"):
        await stage.ask(job, SetJobStatus(JobStatus.UNDER_CONSTRUCTION, ""))
    with pytest.raises(NotAllowed, match="the task is queued; queued can be asked of"):
        await stage.ask(job, SetTaskStatus(task.id, TaskStatus.QUEUED, ""))
    with pytest.raises(Refusal, match="unknown job type"):
        await stage.submit(type="no-such-type")
    with pytest.raises(Refusal, match="initial_status"):
        await stage.submit(status=JobStatus.ACTIVE)


async def test_a_job_submitted_as_paused_waits_until_it_is_requeued(stage):
    anna = await stage.worker("anna")
    job = await stage.submit(status=JobStatus.PAUSED)
    assert await stage.statuses(job) == ["queued"] * 3
    await stage.ask(job, SetJobStatus(JobStatus.REQUEUEING, "go"))
    assert (await anna.hears(protocol.Assign)).job_id == job.id


async def test_a_worker_sent_to_sleep_gets_no_task_until_it_wakes(stage):
    anna = await stage.worker("anna")
    actor = stage.farm.worker(anna.id)
    await actor.ask(RequestWorkerStatus(WorkerStatus.ASLEEP, lazy=True))
    assert (await anna.hears(protocol.RequestStatus)).lazy
    await anna.went_to(WorkerStatus.ASLEEP)
    await stage.submit()
    await actor.ask(RequestWorkerStatus(WorkerStatus.AWAKE, lazy=False))
    await anna.hears(protocol.RequestStatus)
    anna.say(protocol.StateChanged(WorkerStatus.AWAKE), 99)
    heard = {type(await anna.hears(protocol.Message)) for _ in range(2)}
    assert heard == {protocol.Acknowledge, protocol.Assign}


async def test_a_worker_that_sleeps_sleeps_on_after_its_session_was_cut(stage):
    anna = await stage.worker("anna")
    await anna.went_to(WorkerStatus.ASLEEP)
    anna.disconnect()
    assert (await anna.connect()).status_requested is WorkerStatus.ASLEEP


async def test_asking_for_the_present_status_calls_a_lazy_request_off(stage):
    anna = await stage.worker("anna")
    actor = stage.farm.worker(anna.id)
    await actor.ask(RequestWorkerStatus(WorkerStatus.ASLEEP, lazy=True))
    await actor.ask(RequestWorkerStatus(WorkerStatus.AWAKE, lazy=False))
    told = [(await anna.hears(protocol.RequestStatus)).status for _ in range(2)]
    assert told == [WorkerStatus.ASLEEP, WorkerStatus.AWAKE]
    await stage.submit()
    await anna.hears(protocol.Assign)


async def test_a_worker_that_signs_off_hands_its_task_back_and_is_remembered(stage):
    anna = await stage.worker("anna")
    job = await stage.submit(repeats=0)
    await anna.hears(protocol.Assign)
    anna.say(protocol.SignOff(), 98)
    await stage.until_status(job, "queued")

    async def signed_off():
        worker = await stage.farm.services.reader.worker(anna.id)
        return worker if worker.status is WorkerStatus.OFFLINE else None

    worker = await until(signed_off)
    assert worker.request.status is WorkerStatus.AWAKE


async def test_a_full_disk_refuses_requests_loses_nothing_and_heals(stage):
    job = await stage.submit()
    await stage.limit_pages(1)
    with pytest.raises(Exception, match="full"):
        for _ in range(50):
            await stage.submit(repeats=500)
    await stage.limit_pages(1_000_000)
    assert await stage.status(job) == "queued"
    await stage.ask(job, SetJobStatus(JobStatus.CANCEL_REQUESTED, "there is room again"))
    assert await stage.status(job) == "canceled"


@in_virtual_time
async def test_a_worker_that_signs_on_as_timeouts_change_is_lost_by_the_new_one(tmp_path):
    async with stage_at(tmp_path, worker_timeout=80.0) as stage:
        anna = await stage.worker("anna")
        services = stage.farm.services
        services.take_over(attrs.evolve(services.config, worker_timeout=12.0))
        assert (await anna.connect()).heartbeat_seconds == 3.0
        stage.farm.workers.tell(ConfigChanged())
        await trio.sleep(11)
        assert (await services.reader.worker(anna.id)).status is not WorkerStatus.ERROR
        await trio.sleep(2)
        assert (await services.reader.worker(anna.id)).status is WorkerStatus.ERROR
