"""A Manager that stood still for a while refuses nobody for that."""

from types import SimpleNamespace

import trio

import actors
from flamenco.manager.status import GetFarmStatus
from flamenco.model.statuses import FarmStatus
from web import context


class Late(actors.Actor):
    """One that tells the farm's status after half a minute."""

    @actors.handles(GetFarmStatus)
    async def get(self, _: GetFarmStatus) -> FarmStatus:
        await trio.sleep(30)
        return FarmStatus.ACTIVE


async def test_the_farms_status_is_waited_for_so_that_live_sockets_are_not_refused(
    monkeypatch, autojump_clock
):
    async with actors.ActorSystem() as system:
        farm = SimpleNamespace(status=system.spawn(Late))
        monkeypatch.setattr(context, "farm", lambda: farm)
        assert await context.farm_status() is FarmStatus.ACTIVE
