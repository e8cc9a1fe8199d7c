"""A Manager on a machine that is suspended each night goes by the time that has passed."""

from datetime import UTC, datetime, time, timedelta

import trio

from flamenco import clock, protocol
from flamenco.manager.workers.messages import SetSchedule
from flamenco.model.schedules import SleepSchedule, local_zone
from flamenco.model.statuses import WorkerStatus
from tests.manager.conftest import stage_at
from tests.manager.faults import in_virtual_time

NOON = time(12)


def suspend(monkeypatch, hours: float) -> None:
    """Have the machine suspended for a while, in which Trio's clock stands still."""
    before, seconds = clock._machine_time, hours * 3600.0
    clock.set_wall_time(clock.now() + timedelta(seconds=seconds))
    monkeypatch.setattr(clock, "_machine_time", lambda: before() + seconds)


@in_virtual_time
async def test_a_worker_is_gone_after_a_while_through_which_the_manager_was_suspended(
    tmp_path, monkeypatch
):
    async with stage_at(tmp_path, worker_gone_after=24 * 3600.0) as stage:
        bert = await stage.worker("bert")
        bert.say(protocol.SignOff(), 90)
        await bert.hears(protocol.Acknowledge)
        absence = stage.farm.services.absence
        for gone in (False, False, True):
            suspend(monkeypatch, 8.0)
            await trio.sleep(600)
            away = await stage.farm.services.reader.worker(bert.id)
            assert stage.farm.services.absence.gone(away, clock.now()) is gone
        assert stage.farm.services.absence == absence


@in_virtual_time
async def test_a_worker_follows_its_schedule_as_soon_as_the_manager_is_resumed(
    tmp_path, monkeypatch
):
    clock.set_wall_time(datetime.combine(datetime.now(UTC), NOON, local_zone()))
    async with stage_at(tmp_path) as stage:
        anna = await stage.worker("anna")
        nights = SleepSchedule(is_active=True, start=time(20), end=time(22))
        await stage.farm.worker(anna.id).ask(SetSchedule(nights))
        suspend(monkeypatch, 9.0)
        with trio.fail_after(2):
            while (await anna.hears(protocol.RequestStatus)).status is not WorkerStatus.ASLEEP:
                pass
