"""Garbage is collected by itself."""

from types import SimpleNamespace

import attrs
import pytest
import trio

import actors
from flamenco.config.manager import GarbageCollect, ManagerConfig, ShamanConfig
from flamenco.manager.shaman import ShamanKeeper
from flamenco.shaman import Collected, StorageFailed


@attrs.define
class Collector:
    """Stands for Shaman: notes when garbage is collected, and fails the second time."""

    moments: list[float] = attrs.field(factory=list)
    ages: set[float] = attrs.field(factory=set)

    async def collect_garbage(self, max_age: float) -> Collected:
        self.moments.append(trio.current_time())
        self.ages.add(max_age)
        if len(self.moments) == 2:
            raise StorageFailed("the storage is away")
        return Collected(files=1, size=2**20, kept=0)


def services(shaman: Collector | None, period: float) -> SimpleNamespace:
    garbage = GarbageCollect(period=period, max_age=60.0)
    config = ManagerConfig(shaman=ShamanConfig(enabled=True, garbage_collect=garbage))
    reader = SimpleNamespace(checkouts_without_job=no_checkouts)
    return SimpleNamespace(shaman=shaman, shaman_on=shaman, config=config, reader=reader)


async def no_checkouts() -> list[str]:
    return []


async def test_garbage_is_collected_soon_after_the_start_and_then_every_period(autojump_clock):
    shaman, began = Collector(), trio.current_time()
    async with actors.ActorSystem() as system:
        system.spawn(ShamanKeeper, services(shaman, period=3600.0))
        await trio.sleep(3 * 3600)
    assert [moment - began for moment in shaman.moments] == [30.0, 3630.0, 7230.0]
    assert shaman.ages == {60.0}


@pytest.mark.parametrize(("shaman", "period"), [(Collector(), 0.0), (None, 3600.0)])
async def test_without_a_period_or_without_shaman_it_never_is(autojump_clock, shaman, period):
    async with actors.ActorSystem() as system:
        keeper = system.spawn(ShamanKeeper, services(shaman, period))
        await trio.sleep(30 * 24 * 3600)
        assert keeper.alive
    assert shaman is None or shaman.moments == []
