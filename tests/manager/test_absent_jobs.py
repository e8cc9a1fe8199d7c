"""Reports for a job whose actor is not there are kept until it is, and never refused as over."""

import trio

from flamenco import protocol
from flamenco.manager.asking import ask_job
from flamenco.manager.jobs.actor import JobActor
from flamenco.manager.jobs.messages import ReportTask, SignOfLife, WakeJob, WhyWaiting
from flamenco.manager.jobs.supervisor import Jobs
from flamenco.manager.workers.messages import AskForTask, ChangeStatus, FindLease, SignOn
from flamenco.model.statuses import TaskStatus, WorkerStatus
from flamenco.store.database import Store
from tests.manager.conftest import stage_at
from tests.manager.faults import Poison, in_virtual_time
from tests.patience import until


async def let_go(stage, job) -> None:
    """Have the farm without an actor of this job."""
    stage.farm.system.find(f"/jobs/{job.id}").stop()
    await until(lambda: stage.farm.system.find(f"/jobs/{job.id}") is None)


async def begun_and_let_go(stage):
    """A Worker, the job whose task it holds and whose actor is away, and the task."""
    anna = await stage.worker("anna")
    job = await stage.shaped("misc")
    assign = await anna.hears(protocol.Assign)
    await let_go(stage, job)
    return anna, job, assign


@in_virtual_time
async def test_a_report_for_a_job_whose_actor_is_away_waits_for_it_and_counts(tmp_path):
    async with stage_at(tmp_path) as stage:
        anna, job, assign = await begun_and_let_go(stage)
        assert (await anna.complete(assign)).refused is None
        await stage.until_job(job, "completed")


@in_virtual_time
async def test_reports_that_wait_for_their_job_reach_it_in_their_order(tmp_path):
    async with stage_at(tmp_path) as stage:
        anna, _, assign = await begun_and_let_go(stage)
        for seq in range(90, 100):
            log = f"line {seq}\n"
            report = protocol.Report(task_id=assign.task_id, lease=assign.lease, log=log)
            anna.say(report, seq)
        for seq in range(90, 100):
            assert await anna.hears(protocol.Acknowledge) == protocol.Acknowledge(seq)
        task = await stage.farm.services.reader.task(assign.task_id)
        lines = (await stage.farm.services.log_tail(task)).splitlines()
        assert [line for line in lines if line.startswith("line")] == [
            f"line {seq}" for seq in range(90, 100)
        ]


@in_virtual_time
async def test_a_report_for_a_job_that_crashed_is_never_refused_as_over(tmp_path):
    poison = Poison()
    async with stage_at(tmp_path, around=poison) as stage:
        anna = await stage.worker("anna")
        job = await stage.shaped("misc")
        assign = await anna.hears(protocol.Assign)
        held = protocol.HeldLease(assign.task_id, assign.lease)
        poison.add(JobActor, job.id, SignOfLife)
        anna.say(protocol.Heartbeat((held,)))
        await until(lambda: poison.raised)
        poison.clear()
        assert (await anna.complete(assign)).refused is None
        await stage.until_job(job, "completed")


@in_virtual_time
async def test_after_ten_seconds_without_its_job_a_worker_signs_on_again_and_sends_again(tmp_path):
    poison = Poison()
    async with stage_at(tmp_path, around=poison) as stage:
        anna, job, assign = await begun_and_let_go(stage)
        poison.add(Jobs, "jobs", WakeJob)
        began = trio.current_time()
        report = protocol.Report(
            task_id=assign.task_id, lease=assign.lease, status=TaskStatus.COMPLETED
        )
        anna.say(report, 90)
        await until(lambda: anna.closed)
        assert trio.current_time() - began <= 11
        poison.clear()
        await anna.connect(protocol.HeldLease(assign.task_id, assign.lease))
        assert (await anna.complete(assign)).refused is None
        await stage.until_job(job, "completed")


@in_virtual_time
async def test_what_a_worker_reports_meanwhile_is_kept_within_bounds(tmp_path):
    poison = Poison()
    async with stage_at(tmp_path, around=poison) as stage:
        anna, _, assign = await begun_and_let_go(stage)
        poison.add(Jobs, "jobs", WakeJob)
        began = trio.current_time()
        report = protocol.Report(task_id=assign.task_id, lease=assign.lease, log="x\n")
        for seq in range(100, 202):
            anna.say(report, seq)
        await until(lambda: anna.closed)
        assert trio.current_time() - began < 10


@in_virtual_time
async def test_a_polling_worker_reports_to_a_job_whose_actor_is_away(tmp_path):
    async with stage_at(tmp_path) as stage:
        carl = await stage.registered("carl")
        worker = stage.farm.worker(carl.id)
        told = {"name": "carl", "software": "3.5", "task_types": ("misc",), "can_restart": False}
        await worker.ask(SignOn(address="::1", capabilities=None, **told))
        await worker.ask(ChangeStatus(WorkerStatus.AWAKE))
        job = await stage.shaped("misc")
        assign = await until(lambda: worker.ask(AskForTask()))
        await let_go(stage, job)
        held = await worker.ask(FindLease(assign.task_id))
        report = protocol.Report(
            task_id=assign.task_id, lease=held.lease, status=TaskStatus.COMPLETED
        )
        await ask_job(stage.farm.system, held.job_id, ReportTask(carl.id, report))
        await stage.until_job(job, "completed")


@in_virtual_time
async def test_everybody_who_asks_a_large_job_waits_until_it_is_read(tmp_path, monkeypatch):
    real = Store.load

    async def load(store, key):
        await trio.sleep(10)
        return await real(store, key)

    async with stage_at(tmp_path) as stage:
        anna = await stage.worker("anna")
        job = await stage.shaped("misc")
        await anna.hears(protocol.Assign)
        await let_go(stage, job)
        monkeypatch.setattr(Store, "load", load)
        answers = []

        async def ask() -> None:
            answers.append(await ask_job(stage.farm.system, job.id, WhyWaiting()))

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(ask)
                await trio.sleep(1)
        assert len(answers) == 3
