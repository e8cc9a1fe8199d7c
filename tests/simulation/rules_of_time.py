"""Rules for corrected clocks, a Manager that stood still, and timeouts that are changed."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import attrs
import trio

from flamenco import clock, protocol
from flamenco.manager.workers.life import Life
from flamenco.manager.workers.messages import ConfigChanged, SetSchedule
from flamenco.model.absence import Absence
from flamenco.model.schedules import SleepSchedule, local_zone
from flamenco.model.statuses import WorkerStatus
from tests.manager.conftest import PlayedWorker, Stage
from tests.simulation.rules import Scene, nothing, shows

DAY = timedelta(days=1)
NOON = time(12)


def stand_still(seconds: float) -> None:
    """Let time pass in which this process does nothing, as one that is stopped."""
    virtual: Any = trio.lowlevel.current_clock()
    virtual.jump(seconds)


async def still_has_its_task(stage: Stage, worker: PlayedWorker, assign: protocol.Assign) -> None:
    """The worker comes back to its lease, and completes the task."""
    assert (await stage.farm.services.reader.worker(worker.id)).status is WorkerStatus.AWAKE
    assert (await worker.complete(assign)).refused is None
    assert (await stage.farm.services.reader.task(assign.task_id)).status.value == "completed"


def lost_as_configured(life: Life, status: WorkerStatus) -> bool:
    """True if its silence is longer than the timeout, in Trio's time."""
    return status is WorkerStatus.AWAKE and trio.current_time() - life._last_heard >= life.timeout


@shows("flamenco.manager.workers.life.Life.is_lost", instead=lost_as_configured)
async def a_manager_that_stood_still_loses_no_worker(scene: Scene) -> None:
    async with scene(worker_timeout=40.0) as stage:
        anna = await stage.worker("anna")
        await stage.shaped("misc")
        assign = await anna.hears(protocol.Assign)
        await trio.sleep(10)
        stand_still(1000)
        await trio.sleep(10)
        await still_has_its_task(stage, anna, assign)


@shows(
    "flamenco.manager.jobs.leases.Lease._seconds_left",
    instead=lambda lease: lease._touched + lease.timeout - trio.current_time(),
)
async def a_manager_that_stood_still_lets_no_task_time_out(scene: Scene) -> None:
    async with scene(worker_timeout=0.0, task_timeout=40.0) as stage:
        anna = await stage.worker("anna")
        await stage.shaped("misc")
        assign = await anna.hears(protocol.Assign)
        await trio.sleep(10)
        stand_still(1000)
        await trio.sleep(10)
        await still_has_its_task(stage, anna, assign)


@shows("flamenco.clock._Watch.stalled_until", instead=lambda _, now: now)
async def who_dies_before_the_manager_stood_still_is_lost_soon_after(scene: Scene) -> None:
    async with scene(worker_timeout=40.0) as stage:
        anna = await stage.worker("anna")
        await trio.sleep(10)
        stand_still(1000)
        await trio.sleep(35)
        assert (await stage.farm.services.reader.worker(anna.id)).status is WorkerStatus.ERROR


@shows("flamenco.manager.workers.schedule.Alarm.set_anew", instead=nothing)
async def a_worker_sleeps_by_the_corrected_clock(scene: Scene) -> None:
    clock.set_wall_time(datetime.combine(datetime.now(UTC), NOON, local_zone()))
    async with scene() as stage:
        anna = await stage.worker("anna")
        nights = SleepSchedule(is_active=True, start=time(20), end=time(22))
        await stage.farm.worker(anna.id).ask(SetSchedule(nights))
        for hours, expected in ((9, WorkerStatus.ASLEEP), (-9, WorkerStatus.AWAKE)):
            clock.set_wall_time(clock.now() + timedelta(hours=hours))
            with trio.fail_after(2):
                while (await anna.hears(protocol.RequestStatus)).status is not expected:
                    pass
            await anna.went_to(expected)


@shows(
    "flamenco.manager.jobs.leases.Lease.duration", instead=property(lambda _: timedelta(hours=3))
)
async def an_attempt_took_as_long_as_it_took(scene: Scene) -> None:
    async with scene() as stage:
        anna = await stage.worker("anna")
        await stage.shaped("misc")
        assign = await anna.hears(protocol.Assign)
        await trio.sleep(20)
        clock.set_wall_time(clock.now() - timedelta(hours=3))
        await trio.sleep(20)
        await anna.complete(assign)
        (attempt,) = await stage.farm.services.reader.attempts(assign.task_id)
        assert timedelta(seconds=40) <= attempt.ended - attempt.started < timedelta(seconds=42)


@shows(
    "flamenco.manager.services.Services.absence",
    instead=property(lambda it: Absence(it.config.worker_gone_after, clock.now() - 9 * DAY)),
)
async def nobody_is_gone_because_the_clock_was_put_forward(scene: Scene) -> None:
    async with scene(worker_gone_after=3600.0) as stage:
        anna, bert = await stage.worker("anna"), await stage.worker("bert")
        bert.say(protocol.SignOff(), 90)
        await bert.hears(protocol.Acknowledge)
        job = await stage.shaped("misc")
        await anna.fail(await anna.hears(protocol.Assign))
        clock.set_wall_time(clock.now() + DAY)
        await trio.sleep(1800)
        assert await stage.statuses(job) == ["soft-failed"]
        await trio.sleep(2700)
        assert await stage.status(job) == "failed"


@shows("flamenco.manager.workers.life.Life.change", instead=nothing)
async def a_worker_is_told_of_a_shorter_timeout_before_it_is_lost_by_it(scene: Scene) -> None:
    async with scene(worker_timeout=80.0) as stage:
        anna = await stage.worker("anna")
        await trio.sleep(19)
        services = stage.farm.services
        services.take_over(attrs.evolve(services.config, worker_timeout=12.0))
        stage.farm.workers.tell(ConfigChanged())
        await trio.sleep(6)
        assert (await stage.farm.services.reader.worker(anna.id)).status is WorkerStatus.AWAKE
        assert anna.closed is not None
        assert (await anna.connect()).heartbeat_seconds == 3.0
        await trio.sleep(13)
        assert (await stage.farm.services.reader.worker(anna.id)).status is WorkerStatus.ERROR
