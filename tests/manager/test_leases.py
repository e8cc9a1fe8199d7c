"""A lease ends once, and only what is said under it counts."""

import trio
from attrs import evolve

from flamenco import protocol
from flamenco.manager.jobs.leases import Lease, Leases, reported
from flamenco.manager.jobs.messages import SetJobStatus, WorkerOffered
from flamenco.manager.workers.actor import WorkerActor
from flamenco.manager.workers.messages import LeaseOpened
from flamenco.model.leases import Ending
from flamenco.model.statuses import JobStatus, TaskStatus, WorkerStatus
from tests.manager.conftest import stage_at
from tests.manager.faults import Poison, in_virtual_time
from tests.patience import until
from tests.store.test_parking import held

TIMEOUT = 100.0


def lease(number: int = 1) -> Lease:
    now = trio.current_time()
    named = {"task_id": "t1", "worker_id": "w1", "worker_name": "anna"}
    return Lease(**named, number=number, timeout=TIMEOUT, began=now)


async def test_the_first_ending_counts_and_a_second_one_in_the_same_turn_does_not(autojump_clock):
    held, endings = lease(), []

    async def hold():
        endings.append(await held.hold())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(hold)
        await trio.sleep(1)
        held.end(Ending.COMPLETED, "done")
        held.end(Ending.RETURNED, "its worker is gone")
    assert endings == [Ending.COMPLETED]
    assert held.reason == "done"


async def test_a_lease_is_current_under_its_own_number_and_until_it_ends():
    leases, held = Leases(), lease(number=2)
    leases.add(held)
    assert leases.current("t1", 2) is held
    assert leases.current("t1", 1) is None
    assert leases.current("t1", 3) is None
    assert leases.current("t2", 2) is None
    held.end(Ending.FAILED, "it broke")
    assert leases.current("t1", 2) is None
    assert leases.of("t1") is held


async def test_a_report_without_a_number_leaves_that_of_the_last_one():
    task = evolve(held("j1", 1, "w1"), last_seq=7)
    report = protocol.Report(task_id=task.id, lease=task.lease)
    assert [reported(task, report, seq).last_seq for seq in (None, 8)] == [7, 8]


async def attempts(stage, assign):
    found = await stage.farm.services.reader.attempts(assign.task_id)
    return [(attempt.lease, attempt.ending) for attempt in found]


async def test_of_two_endings_that_come_at_once_the_first_counts(stage):
    anna = await stage.worker("anna")
    job = await stage.shaped("misc")
    assign = await anna.hears(protocol.Assign)
    for seq, status in ((5, TaskStatus.COMPLETED), (6, TaskStatus.FAILED)):
        report = protocol.Report(task_id=assign.task_id, lease=assign.lease, status=status)
        anna.say(report, seq)
    anna.say(protocol.SignOff(), 7)
    refused = {}
    for _ in range(3):
        answer = await anna.hears(protocol.Acknowledge)
        refused[answer.seq] = answer.refused
    assert refused[5] is None
    assert "is over" in refused[6]
    await stage.until_job(job, "completed")
    assert await attempts(stage, assign) == [(1, "completed")]


@in_virtual_time
async def test_a_heartbeat_under_an_older_lease_prolongs_nothing(tmp_path):
    async with stage_at(tmp_path, task_timeout=TIMEOUT, worker_timeout=0) as stage:
        anna = await stage.worker("anna")
        job = await stage.shaped("misc")
        first = await anna.hears(protocol.Assign)
        await anna.report(first, status=TaskStatus.QUEUED)
        second = await anna.hears(protocol.Assign)
        assert (second.task_id, second.lease) == (first.task_id, first.lease + 1)
        old, new = (protocol.HeldLease(each.task_id, each.lease) for each in (first, second))
        await trio.sleep(0.7 * TIMEOUT)
        anna.say(protocol.Heartbeat((new,)))
        await trio.sleep(0.7 * TIMEOUT)
        assert await stage.statuses(job) == ["active"]
        anna.say(protocol.Heartbeat((old,)))
        await trio.sleep(0.5 * TIMEOUT)
        assert await attempts(stage, first) == [(1, "returned"), (2, "timed-out")]


async def test_a_task_that_is_handed_back_while_its_job_pauses_is_paused(stage):
    anna = await stage.worker("anna")
    job = await stage.shaped("misc misc")
    assign = await anna.hears(protocol.Assign)
    await stage.ask(job, SetJobStatus(JobStatus.PAUSE_REQUESTED, "later"))
    assert await stage.status(job) == "pause-requested"
    await anna.report(assign, status=TaskStatus.QUEUED)
    await stage.until_status(job, "paused", "paused")
    assert await stage.status(job) == "paused"


async def test_a_worker_that_is_offered_again_while_it_runs_a_task_returns_the_second(tmp_path):
    offers = []

    def around(handler):
        def handle(actor, message):
            if isinstance(message, WorkerOffered):
                offers.append((actor.ref, message))
            return handler(actor, message)

        return handle

    async with stage_at(tmp_path, around=around) as stage:
        anna = await stage.worker("anna")
        job = await stage.shaped("misc misc")
        first = await anna.hears(protocol.Assign)
        (actor, offer), *_ = offers
        actor.tell(offer)
        assert (await anna.hears(protocol.Revoke)).reason == "worker anna is not free"
        await stage.until_status(job, "active", "queued")
        await anna.complete(first)
        second = await anna.hears(protocol.Assign)
        assert (await attempts(stage, second))[0] == (1, "returned")
        assert second.lease == 2


@in_virtual_time
async def test_a_worker_that_holds_two_leases_runs_one_and_returns_the_other(tmp_path):
    """It may be offered twice after a crash of the scheduler, and its actor crash over that."""
    poison, offers = Poison(), []

    def around(handler):
        def handle(actor, message):
            if isinstance(message, WorkerOffered):
                offers.append((actor.ref, message))
            return poison(handler)(actor, message)

        return handle

    async with stage_at(tmp_path, around=around) as stage:
        anna = await stage.worker("anna")
        job = await stage.shaped("misc misc")
        first = await anna.hears(protocol.Assign)
        poison.add(WorkerActor, anna.id, LeaseOpened)
        (actor, offer), *_ = offers
        actor.tell(offer)
        await until(lambda: poison.raised)
        poison.clear()
        await trio.sleep(1)
        assert await stage.statuses(job) == ["active", "active"]
        await anna.connect(protocol.HeldLease(first.task_id, first.lease))
        await anna.went_to(WorkerStatus.AWAKE)
        assert (await anna.hears(protocol.Revoke)).reason == "worker anna is not free"
        assert await stage.statuses(job) == ["active", "queued"]
        await anna.complete(first)
        assert (await anna.hears(protocol.Assign)).task_id != first.task_id
