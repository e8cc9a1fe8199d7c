"""What keeps crashing is parked: refused with the reason, and tried again after a growing pause."""

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

import actors
from actors import ActorSystem, Backoff, Supervision


class Ping(actors.Request[int]):
    pass


PARKS = Supervision(
    max_restarts=1, within=5.0, beyond="park", pause=Backoff(10.0, 30.0, jitter=0.0)
)


async def crash(ref):
    with pytest.raises(actors.ActorCrashed):
        await ref.ask(Fail(ValueError("boom")))


async def parked(system, path, times=2):
    """Crash an actor until it is parked; its ref."""
    ref = system.find(path)
    for _ in range(times):
        await crash(ref)
    await wait_all_tasks_blocked()
    return ref


@attrs.frozen
class Fail(actors.Request[None]):
    error: Exception


class Fragile(actors.Actor):
    def __init__(self):
        self.handled = 0

    @actors.handles(Ping)
    def ping(self, message):
        self.handled += 1
        return self.handled

    @actors.handles(Fail)
    def fail(self, message):
        raise message.error


async def test_a_child_beyond_its_restarts_is_parked_with_the_reason_and_tried_again(
    autojump_clock,
):
    async with ActorSystem(supervision=PARKS) as system:
        good, _ = system.spawn(Fragile, name="good"), system.spawn(Fragile, name="bad")
        async with system.events.subscribe(actors.Parked, actors.DeadLetter) as events:
            bad = await parked(system, "/bad")
            event = await anext(events)
            assert (event.ref, event.seconds, event.error.args) == (bad, 10.0, ("boom",))
            bad.tell("lost")
            assert (await anext(events)).reason == "parked"
        with pytest.raises(actors.ActorParked, match=r"kept crashing.*boom.*again in 10 s"):
            await bad.ask(Ping())
        assert await good.ask(Ping()) == 1
        states = {child.name: child.state for child in system.tree().children}
        assert states == {"good": "running", "bad": "parked"}
        assert set(system.parked) == {"/bad"}
        assert system.parked["/bad"].until - trio.current_time() == pytest.approx(10)
        await trio.sleep(10.1)
        assert await bad.ask(Ping()) == 1
        assert not system.parked
        assert system.statistics().dead_letters["parked"] == 1


async def test_the_pause_of_a_parked_child_grows_until_it_lives_for_a_while(autojump_clock):
    async with ActorSystem(supervision=PARKS) as system:
        system.spawn(Fragile, name="bad")
        bad = await parked(system, "/bad")
        for pause in (10, 20, 30, 30):
            assert system.parked["/bad"].until - trio.current_time() == pytest.approx(pause)
            await trio.sleep(pause + 0.1)
            await parked(system, "/bad", times=1)
        await trio.sleep(30.1)
        await trio.sleep(PARKS.within)
        await crash(bad)
        assert await bad.ask(Ping()) == 1
        await parked(system, "/bad", times=1)
        assert system.parked["/bad"].until - trio.current_time() == pytest.approx(10)


async def test_a_parked_child_is_tried_again_when_somebody_wants_it(autojump_clock):
    async with ActorSystem(supervision=PARKS) as system:
        ref = system.spawn(Fragile, name="bad")
        assert not ref.retry()
        await parked(system, "/bad")
        assert ref.retry()
        await wait_all_tasks_blocked()
        assert await ref.ask(Ping()) == 1


@pytest.mark.parametrize("how", ["stop", "shutdown"])
async def test_the_end_of_a_parked_child_waits_for_no_pause(autojump_clock, how):
    began = trio.current_time()
    async with ActorSystem(supervision=PARKS) as system:
        system.spawn(Fragile, name="bad")
        bad = await parked(system, "/bad")
        if how == "stop":
            bad.stop()
            await bad.stopped()
    assert trio.current_time() - began < 1
    assert not bad.alive
    assert not system.parked


async def test_a_child_whose_orderly_end_began_while_it_wound_down_is_not_parked(autojump_clock):
    class Slow(Fragile):
        async def stopped(self, why):
            await trio.sleep(0.5)

    once = attrs.evolve(PARKS, max_restarts=0)
    async with ActorSystem(supervision=once) as system:
        bad = await system.start(Slow, name="bad")
        began = trio.current_time()
        await crash(bad)
        bad.tell(Ping())
        await trio.sleep(0.1)
        await system.shutdown()
        assert trio.current_time() - began == pytest.approx(0.5)
        assert (await bad.stopped()).reason == "shutdown"
        assert not system.parked
        assert system.statistics().dead_letters["stopped"] == 1
        assert system.statistics().restarts == 0


async def test_who_starts_a_child_that_is_parked_is_told(autojump_clock):
    class Broken(actors.Actor):
        async def started(self):
            raise OSError("no disk")

    async with ActorSystem(supervision=PARKS) as system:
        with pytest.raises(actors.ActorParked, match="no disk"):
            await system.start(Broken, name="broken")
        assert system.find("/broken").alive
