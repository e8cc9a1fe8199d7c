"""An actor that stops itself ends once what it did on the way is stored."""

import pytest
import trio

import actors
from actors import ActorSystem, handles
from tests.actors.test_recorder import Box, GateStore, Get, Put


class Leave(Put):
    pass


class Leaving(Box):
    @handles(Leave)
    def leave(self, message):
        self.put(Put(message.value))
        self.stop()


async def test_an_actor_that_stops_itself_goes_on_if_what_it_did_on_the_way_is_not_stored():
    store = GateStore()
    async with ActorSystem(store=store) as system:
        box = system.spawn(Leaving, "b", name="box")
        await box.ask(Put(1))
        store.fail = {2}
        with pytest.raises(actors.CommitFailed):
            await box.ask(Leave(2))
        assert await box.ask(Get()) == [1]
        store.fail.clear()
        await box.ask(Leave(3))
        assert (await box.stopped()).reason == "stopped"
        assert store.snapshots == {"b": [1, 3]}


async def test_a_stop_that_was_void_ends_nobody_later():
    store = GateStore()
    async with ActorSystem(store=store) as system:
        box = system.spawn(Leaving, "b", name="box", shutdown=1.0)
        store.fail = {2}
        with pytest.raises(actors.CommitFailed):
            await box.ask(Leave(2))
        await trio.sleep(5.0)
        assert await box.ask(Get()) == []
        assert box.alive


async def test_a_stop_after_a_change_that_is_lost_is_void_too():
    store = GateStore()
    async with ActorSystem(store=store) as system:
        box = system.spawn(Leaving, "b", name="box")
        store.gate, store.fail = trio.Event(), {1}
        box.tell(Put(1))
        box.tell(Leave(2))
        await trio.testing.wait_all_tasks_blocked()
        store.gate.set()
        assert await box.ask(Get()) == []


@pytest.mark.parametrize("fails", [set(), {1}])
async def test_who_is_told_to_stop_while_its_own_stop_is_being_stored_ends(fails):
    store = GateStore()
    async with ActorSystem(store=store) as system:
        box = system.spawn(Leaving, "b", name="box")
        store.gate, store.fail = trio.Event(), fails
        box.tell(Leave(1))
        await trio.testing.wait_all_tasks_blocked()
        box.stop()
        store.gate.set()
        with trio.fail_after(5):
            assert (await box.stopped()).reason == "stopped"
