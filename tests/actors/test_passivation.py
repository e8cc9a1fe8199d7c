"""Passivation: an idle actor costs nothing, and its ref stays good."""

import gc
import weakref

import pytest
import trio

import actors
from actors import ActorSystem, handles
from tests.actors.test_lives import Child, Ping


class Sleepy(Child):
    passivate_after = 10.0


async def test_an_idle_actor_is_passivated_and_wakes_with_the_next_message(autojump_clock):
    log = []

    async with ActorSystem(store=actors.MemoryStore()) as system:
        ref = await system.start(Sleepy, log, name="z")
        await trio.sleep(8)
        assert await ref.ask(Ping()) == 1
        await trio.sleep(8)
        assert system.tree().children[0].state == "running"
        await trio.sleep(3)
        assert system.tree().children[0].state == "passive"
        assert log[-1] == ("z", "stopped", "passivated")
        assert ref.alive
        assert await ref.ask(Ping()) == 1
        await trio.sleep(20)
        ref.stop()
        assert (await ref.stopped()).reason == "stopped"


@pytest.fixture
def no_collector():
    """Objects that are gone in these tests are gone by the count of references alone."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def test_a_passive_actor_that_nobody_knows_is_gone(autojump_clock, no_collector):
    async with ActorSystem() as system:
        ref = await system.start(Sleepy, name="z")
        await trio.sleep(20)
        assert system.find("/z") is ref
        known = weakref.ref(ref)
        del ref
        assert known() is None
        assert system.find("/z") is None
        assert system.tree().children == ()
        assert await system.spawn(Sleepy, name="z").ask(Ping()) == 1


async def test_an_actor_that_waits_for_mail_does_not_keep_its_last_message(no_collector):
    class Message:
        pass

    class Reader(actors.Actor):
        @handles(Message)
        def read(self, message):
            pass

    async with ActorSystem() as system:
        reader, message = system.spawn(Reader), Message()
        known = weakref.ref(message)
        reader.tell(message)
        del message
        await trio.testing.wait_all_tasks_blocked()
        assert known() is None


async def test_a_passive_actor_stays_known_to_its_parent_while_somebody_holds_its_ref(
    autojump_clock,
):
    class Parent(actors.Actor):
        async def started(self):
            self.spawn(Sleepy, name="z")

        @handles(Ping)
        def ping(self, message):
            return self.children["z"]

    async with ActorSystem() as system:
        parent = await system.start(Parent, name="p")
        held = system.find("/p/z")
        await trio.sleep(20)
        assert system.tree().children[0].children[0].state == "passive"
        assert await parent.ask(Ping()) is held
        assert await held.ask(Ping()) == 1


async def test_a_spawn_under_the_name_of_a_passive_actor_ends_that_one(autojump_clock):
    async with ActorSystem() as system, system.events.subscribe(actors.DeadLetter) as letters:
        old = await system.start(Sleepy, name="z")
        await trio.sleep(20)
        new = system.spawn(Sleepy, name="z")
        assert (await old.stopped()).reason == "passivated"
        assert not old.alive
        with pytest.raises(actors.ActorStopped):
            await old.ask(Ping())
        old.tell(Ping())
        assert (await anext(letters)).ref is old
        assert await new.ask(Ping()) == 1
        with pytest.raises(actors.NameTaken):
            system.spawn(Sleepy, name="z")
        assert [child.path for child in system.tree().children] == ["/z"]


@pytest.mark.parametrize("ending", ["stop", "kill", "cancel"])
async def test_a_passive_child_ends_with_its_parent(autojump_clock, ending):
    class Parent(actors.Actor):
        async def started(self):
            self.spawn(Sleepy, name="z")

        @handles(str)
        async def hang(self, message):
            await trio.sleep_forever()

    with trio.CancelScope() as block:
        async with ActorSystem() as system:
            parent = await system.start(Parent, name="p")
            child = system.find("/p/z")
            await trio.sleep(20)
            if ending == "cancel":
                block.cancel()
                await trio.sleep_forever()
            if ending == "kill":
                parent.tell("hang")
            parent.stop()
            await parent.stopped()
            assert not child.alive
            with pytest.raises(actors.ActorStopped):
                await child.ask(Ping())
    with trio.fail_after(1):
        await child.stopped()
    assert not child.alive


async def test_a_passive_actor_at_the_top_ends_with_its_system(autojump_clock):
    async with ActorSystem() as system:
        ref = await system.start(Sleepy, name="z")
        await trio.sleep(20)
    assert (await ref.stopped()).reason == "shutdown"


async def test_an_actor_says_from_its_state_whether_it_may_be_passivated(autojump_clock):
    class Job(Child):
        done = False

        @property
        def passivate_after(self):
            return 10.0 if self.done else None

        @handles(float)
        def finish(self, message):
            self.done = True

    log = []
    async with ActorSystem() as system:
        job = await system.start(Job, log, name="j")
        await trio.sleep(1000)
        assert system.tree().children[0].state == "running"
        job.tell(1.0)
        await trio.sleep(9)
        assert system.tree().children[0].state == "running"
        await trio.sleep(2)
        assert system.tree().children[0].state == "passive"
        assert log[-2:] == [("j", "stopping", "passivated"), ("j", "stopped", "passivated")]


async def test_an_actor_that_watches_another_is_not_passivated(autojump_clock):
    class Watcher(Sleepy):
        @handles(actors.ActorRef)
        def look(self, ref):
            self.watch(ref)

        @handles(actors.Terminated)
        def ended(self, message):
            self.log.append("told")

    log = []
    async with ActorSystem() as system:
        watcher = await system.start(Watcher, log)
        other = await system.start(Child)
        watcher.tell(other)
        await trio.sleep(100)
        other.stop()
        await trio.sleep(1)
        assert log[-1] == "told"
        await trio.sleep(20)
        assert system.tree().children[0].state == "passive"


async def test_mail_that_comes_while_an_actor_is_passivated_is_handled_and_no_restart(
    autojump_clock,
):
    class Lingering(Sleepy):
        async def stopping(self, why):
            await trio.sleep(1)

    async with ActorSystem(grace=10) as system:
        ref = await system.start(Lingering)
        await trio.sleep(10.5)
        assert await ref.ask(Ping()) == 1
        assert system.tree().children[0].restarts == 0


async def test_a_thousand_passive_children_cost_their_parent_nothing(autojump_clock, no_collector):
    class Parent(actors.Actor):
        @handles(int)
        def spawn_many(self, message):
            for number in range(message):
                self.spawn(Sleepy, name=str(number))

    async with ActorSystem() as system:
        parent = await system.start(Parent)
        parent.tell(1000)
        await trio.sleep(20)
        family = parent._cell.family
        assert len(family.children) == 0
        assert len(family.refs()) == 0
