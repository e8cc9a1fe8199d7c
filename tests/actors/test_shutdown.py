"""The end of an actor system: in order, within its time, and nothing left running."""

import pytest
import trio

import actors
from actors import ActorSystem, handles
from actors.testing import run
from tests.actors.test_lives import Child, Ping


async def test_shutdown_ends_actors_in_reverse_order_if_told_so_and_drains_their_mail():
    log = []
    async with ActorSystem(supervision=actors.Supervision(ending="in_turn")) as system:
        for name in "abc":
            ref = system.spawn(Child, log, name=name)
        asked = []
        for _ in range(3):
            ref.tell(Ping())
        async with trio.open_nursery() as nursery:

            async def ask():
                asked.append(await ref.ask(Ping()))

            nursery.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked()
    assert asked == [4]
    assert [e[0] for e in log if e[1] == "stopped"] == ["c", "b", "a"]


async def test_shutdown_cancels_what_does_not_end_within_the_grace_period(autojump_clock):
    class Stubborn(actors.Actor):
        @handles(str)
        async def hang(self, message):
            await trio.sleep_forever()

    async with ActorSystem(grace=3) as system, system.events.subscribe(actors.DeadLetter) as dead:
        ref = system.spawn(Stubborn, shutdown=100)
        ref.tell("hang")
        await trio.testing.wait_all_tasks_blocked()
        began = trio.current_time()
        await system.shutdown()
        assert (await ref.stopped()).reason == "cancelled"
        assert (await anext(dead)).reason == "cancelled"
    assert trio.current_time() - began == pytest.approx(3)


async def test_a_child_that_exceeds_its_shutdown_time_is_cancelled_alone(autojump_clock):
    class Stubborn(Child):
        @handles(float)
        async def hang(self, message):
            await trio.sleep_forever()

    log = []
    async with ActorSystem() as system:
        other = system.spawn(Child)
        ref = system.spawn(Stubborn, log, name="s", shutdown=2)
        ref.tell(1.0)
        await trio.testing.wait_all_tasks_blocked()
        ref.stop()
        await ref.stopped()
        assert trio.current_time() == pytest.approx(2)
        assert log[-1] == ("s", "stopped", "stopped")
        assert await other.ask(Ping()) == 1


async def test_a_child_that_restarts_on_its_last_mail_gains_no_time_by_it(autojump_clock):
    class Stubborn(Child):
        @handles(str)
        def crash(self, message):
            raise ValueError(message)

        @handles(float)
        async def hang(self, message):
            await trio.sleep_forever()

    async with ActorSystem(grace=60) as system:
        child = await system.start(Stubborn, shutdown=2)
        child.tell("crash")
        child.tell(1.0)
        began = trio.current_time()
        await system.shutdown()
        assert trio.current_time() - began == pytest.approx(2)
        assert system.statistics().restarts == 1
        assert (await child.stopped()).reason == "shutdown"


async def test_cancelling_the_block_from_outside_leaves_nothing_running():
    log = []
    with trio.CancelScope() as scope:
        async with ActorSystem() as system:
            await system.start(Child, log, name="a")
            scope.cancel()
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert log[-1] == ("a", "stopped", "cancelled")


async def test_an_error_in_the_block_comes_out_as_itself():
    async def farm():
        async with ActorSystem() as system:
            system.spawn(Child)
            raise LookupError

    with pytest.raises(LookupError):
        await farm()


async def test_asks_from_outside_the_block_fail_when_the_system_ends():
    async with trio.open_nursery() as nursery, ActorSystem() as system:

        class Deaf(actors.Actor):
            @handles(Ping)
            def ping(self, message):
                self.later = self.defer_reply()

        deaf = system.spawn(Deaf)

        async def ask():
            with pytest.raises(actors.ActorStopped):
                await deaf.ask(Ping(), timeout=1000)

        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()


class Leisurely(Child):
    async def stopping(self, why):
        await trio.sleep(1)


@pytest.mark.parametrize("where", ["top", "below"])
async def test_siblings_end_side_by_side_within_one_grace(autojump_clock, where):
    class Parent(actors.Actor):
        async def started(self):
            for _ in range(8):
                self.spawn(Leisurely, log)

    log = []
    async with ActorSystem(grace=5) as system:
        if where == "below":
            await system.start(Parent, shutdown=5)
        else:
            for _ in range(8):
                await system.start(Leisurely, log)
        await trio.testing.wait_all_tasks_blocked()
        began = trio.current_time()
    ends = [entry for entry in log if entry[1] == "stopped"]
    assert len(ends) == 8
    assert {reason for _, _, reason in ends} == {"shutdown"}
    assert trio.current_time() - began == pytest.approx(1)


async def test_children_that_need_each_other_end_in_turn_if_the_rules_say_so():
    class Parent(actors.Actor):
        supervision = actors.Supervision(ending="in_turn")

        async def started(self):
            for name in "abc":
                self.spawn(Child, log, name=name)

    log = []
    async with ActorSystem() as system:
        await system.start(Parent)
    assert [entry[0] for entry in log if entry[1] == "stopped"] == ["c", "b", "a"]


async def test_no_idle_actor_is_cancelled_however_many_there_are():
    async with ActorSystem() as system:
        refs = [system.spawn(actors.Actor) for _ in range(5_000)]
        await trio.testing.wait_all_tasks_blocked()
    assert {(await ref.stopped()).reason for ref in refs} == {"shutdown"}


@pytest.mark.parametrize("seed", range(10))
def test_what_an_actor_starts_as_it_is_cancelled_is_no_crash(seed, caplog):
    class Clerk(actors.Actor):
        @handles(str)
        def begin(self, message):
            self.start_soon(trio.sleep, 0)

    async def main():
        with trio.CancelScope() as scope:
            async with ActorSystem() as system:
                clerk = system.spawn(Clerk)
                clerk.tell("once")
                await trio.sleep(1)
                clerk.tell("again")
                scope.cancel()
                await trio.sleep_forever()

    run(main, seed=seed)
    assert "crashed" not in caplog.text
