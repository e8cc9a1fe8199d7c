"""Rules for a task that does not go well, and for its worker."""

from math import inf

import attrs
import trio

from flamenco import protocol
from flamenco.manager.jobs.actor import JobActor
from flamenco.manager.jobs.leases import reported
from flamenco.manager.jobs.messages import SetJobStatus, SetTaskStatus
from flamenco.model.failures import Verdict
from flamenco.model.lifecycle import job_after_task
from flamenco.model.statuses import JobStatus, TaskStatus, WorkerStatus
from flamenco.model.workers import Worker
from tests.patience import until
from tests.simulation.rules import Scene, empty, hears_nothing, nothing, shows

_assign = JobActor._assign


def give_it_once(self, task):
    if self._leases.of(task.id).starts == 1:
        _assign(self, task)


def forgotten(worker: Worker) -> Worker:
    """A worker that signed off, and of which nothing is remembered."""
    return attrs.evolve(worker, status=WorkerStatus.OFFLINE, request=None)


async def fail_next(worker) -> protocol.Assign:
    assign = await worker.hears(protocol.Assign)
    await worker.fail(assign)
    return assign


@shows("flamenco.manager.jobs.judging.blame", instead=lambda task, _: task)
async def a_worker_gets_no_task_that_it_failed(scene: Scene) -> None:
    async with scene() as stage:
        anna, bert = await stage.worker("anna"), await stage.worker("bert")
        bert.disconnect()
        await stage.shaped("misc")
        await fail_next(anna)
        await hears_nothing(anna)


@shows(
    "flamenco.manager.jobs.judging.after_failure",
    instead=lambda *_: Verdict(TaskStatus.SOFT_FAILED, "again"),
)
async def three_workers_that_fail_a_task_are_enough(scene: Scene) -> None:
    async with scene() as stage:
        workers = [await stage.worker(name) for name in ("anna", "bert", "carl", "dora")]
        job = await stage.shaped("misc")
        for worker in workers[:3]:
            await fail_next(worker)
        await stage.until_status(job, "failed")


@shows("flamenco.model.failures.capable", instead=lambda *_: True)
async def a_task_that_nobody_else_could_try_fails(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        job = await stage.shaped("misc")
        await fail_next(anna)
        await stage.until_job(job, "failed")


@shows("flamenco.model.absence.Absence.gone", instead=lambda *_: False)
async def a_task_that_failed_does_not_wait_for_ever_for_a_worker_that_left(scene: Scene) -> None:
    async with scene(worker_gone_after=3600.0) as stage:
        anna, bert = await stage.worker("anna"), await stage.worker("bert")
        bert.say(protocol.SignOff(), 90)
        await bert.hears(protocol.Acknowledge)
        job = await stage.shaped("misc")
        await fail_next(anna)
        await trio.sleep(1800)
        assert await stage.statuses(job) == ["soft-failed"]
        await trio.sleep(2700)
        assert await stage.status(job) == "failed"


@shows("flamenco.manager.jobs.judging.should_block", instead=lambda *_: False)
async def a_worker_that_fails_often_is_blocklisted(scene: Scene) -> None:
    async with scene(blocklist_threshold=1, job_fail_percentage=100) as stage:
        anna, bert = await stage.worker("anna"), await stage.worker("bert")
        bert.disconnect()
        await stage.shaped("misc misc")
        await fail_next(anna)
        await hears_nothing(anna)


@shows("flamenco.manager.jobs.judging.after_block", instead=empty)
async def what_a_blocklisted_worker_failed_gets_another_chance(scene: Scene) -> None:
    limits = {"blocklist_threshold": 2, "task_fail_after_softfail_count": 1}
    async with scene(job_fail_percentage=100, **limits) as stage:
        anna, bert = await stage.worker("anna"), await stage.worker("bert")
        bert.disconnect()
        job = await stage.shaped("misc misc misc")
        await fail_next(anna)
        await stage.until_status(job, "failed", "active", "queued")
        await fail_next(anna)
        await stage.until_status(job, "queued", "queued", "queued")


@shows("flamenco.manager.jobs.judging.asked_to_block", instead=nothing)
async def a_worker_may_ask_to_be_spared(scene: Scene) -> None:
    async with scene(job_fail_percentage=100) as stage:
        anna, bert = await stage.worker("anna"), await stage.worker("bert")
        bert.disconnect()
        job = await stage.shaped("misc misc")
        assign = await anna.hears(protocol.Assign)
        said = {"activity": "no", "blocklist": "Blender is not there"}
        await anna.report(assign, status=TaskStatus.FAILED, **said)
        await hears_nothing(anna)
        blocks = await stage.farm.services.reader.blocks(job.id)
        assert [block.reason for block in blocks] == ["Blender is not there"]


@shows("flamenco.manager.jobs.judging.hopeless", instead=empty)
async def a_task_fails_when_its_last_hope_is_blocklisted(scene: Scene) -> None:
    async with scene(job_fail_percentage=100, blocklist_threshold=0) as stage:
        anna, bert = await stage.worker("anna"), await stage.worker("bert")
        job = await stage.shaped("misc misc")
        first, second = await anna.hears(protocol.Assign), await bert.hears(protocol.Assign)
        await bert.fail(second)
        await anna.report(first, status=TaskStatus.FAILED, blocklist="Blender is not there")

        async def failed() -> bool:
            return (await stage.task(job, 1)).status is TaskStatus.FAILED

        await until(failed)


@shows("flamenco.model.livejob.job_after_task", instead=lambda *a: job_after_task(*a[:3], 10_000))
async def so_many_failed_tasks_fail_the_job(scene: Scene) -> None:
    async with scene(job_fail_percentage=50, blocklist_threshold=0) as stage:
        anna = await stage.worker("anna")
        job = await stage.shaped("misc misc misc misc")
        await fail_next(anna)
        assert await stage.status(job) == "active"
        await fail_next(anna)
        await stage.until_job(job, "failed")


@shows("flamenco.model.livejob.job_at_rest", instead=nothing)
async def a_job_of_which_nothing_can_run_ends(scene: Scene) -> None:
    async with scene(job_fail_percentage=100) as stage:
        anna = await stage.worker("anna")
        job = await stage.shaped("misc misc:0")
        await fail_next(anna)
        await stage.until_job(job, "failed")


@shows("flamenco.model.livejob.LiveJob._forget_failures", instead=nothing)
async def requeueing_a_job_forgets_who_failed_what(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        job = await stage.shaped("misc")
        await fail_next(anna)
        await stage.until_job(job, "failed")
        await stage.ask(job, SetJobStatus(JobStatus.REQUEUEING, "again"))
        await anna.hears(protocol.Assign)


@shows(
    "flamenco.model.livejob.LiveJob._after_task",
    instead=lambda self, task: job_after_task(self.job.status, self.counts, task.status),
)
async def a_no_to_an_approval_fails_the_job(scene: Scene) -> None:
    async with scene() as stage:
        job = await stage.shaped("approval" + 12 * " misc")
        task = await stage.task(job, 0)
        await stage.ask(job, SetTaskStatus(task.id, TaskStatus.FAILED, "too dark"))
        assert await stage.status(job) == "failed"


# Workers that are lost


@shows("flamenco.manager.jobs.leases.Lease._seconds_left", instead=lambda _: inf)
async def a_lease_without_a_sign_of_life_ends(scene: Scene) -> None:
    async with scene(task_timeout=5.0) as stage:
        anna, bert = await stage.worker("anna"), await stage.worker("bert")
        await stage.shaped("misc")
        silent = await anna.hears(protocol.Assign)
        assert (await bert.hears(protocol.Assign)).task_id == silent.task_id
        assert "sign of life" in (await anna.hears(protocol.Revoke)).reason


@shows("flamenco.manager.workers.life.Life.watch", instead=nothing)
async def a_silent_worker_is_lost_and_its_task_requeued(scene: Scene) -> None:
    async with scene(worker_timeout=5.0) as stage:
        anna = await stage.worker("anna")
        job = await stage.shaped("misc")
        await anna.hears(protocol.Assign)
        await stage.until_status(job, "queued")


@shows("flamenco.manager.workers.leases.HeldLeases.give_all_back", instead=nothing)
async def a_worker_that_signs_off_leaves_its_task(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        job = await stage.shaped("misc")
        await anna.hears(protocol.Assign)
        anna.say(protocol.SignOff(), 90)
        await stage.until_status(job, "queued")


@shows("flamenco.manager.workers.actor.after_sign_off", instead=forgotten)
async def a_worker_comes_back_as_it_was(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        await anna.went_to(WorkerStatus.ASLEEP)
        anna.say(protocol.SignOff(), 90)
        await anna.hears(protocol.Acknowledge)
        assert (await anna.connect()).status_requested is WorkerStatus.ASLEEP


@shows("flamenco.manager.jobs.actor.JobActor._assign", instead=give_it_once)
async def a_worker_that_lost_its_task_gets_that_one_again(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        await stage.shaped("misc misc")
        first = await anna.hears(protocol.Assign)
        anna.disconnect()
        await anna.connect()
        assert (await anna.hears(protocol.Assign)) == first


@shows("flamenco.manager.jobs.actor.MOST_STARTS", instead=1000)
async def a_task_that_takes_its_worker_down_fails_there(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        job = await stage.shaped("misc")
        for _ in range(3):
            await anna.hears(protocol.Assign)
            anna.disconnect()
            await anna.connect()
        await stage.until_job(job, "failed")


# What counts


@shows(
    "flamenco.manager.jobs.leases.Leases.current",
    instead=lambda self, task_id, _: self.of(task_id),
)
async def what_comes_under_an_older_lease_is_refused(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        await stage.shaped("misc")
        first = await anna.hears(protocol.Assign)
        await anna.report(first, status=TaskStatus.QUEUED)
        second = await anna.hears(protocol.Assign)
        assert (await anna.complete(first)).refused is not None
        assert (await anna.complete(second)).refused is None


@shows(
    "flamenco.manager.jobs.actor.reported", instead=lambda task, said, _: reported(task, said, 0)
)
async def a_report_that_comes_twice_counts_once(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        await stage.shaped("misc")
        assign = await anna.hears(protocol.Assign)
        for _ in range(2):
            await anna.report(assign, seq=7, log="once\n")
        assert (await stage.tail(assign)).count("once") == 1
