"""The event stream, the tree and the trace."""

import pytest
import trio

import actors
from actors import ActorSystem, handles


class Bird:
    pass


class Duck(Bird):
    pass


async def test_events_go_to_those_who_subscribed_to_the_class_or_an_ancestor_once_each():
    async with ActorSystem() as system:
        async with (
            system.events.subscribe(Bird, Duck) as birds,
            system.events.subscribe(int) as numbers,
        ):
            duck = Duck()
            system.publish(duck)
            system.publish(7)
            assert await anext(birds) is duck
            assert await anext(numbers) == 7
            with trio.move_on_after(0.01) as scope:
                await anext(birds)
            assert scope.cancelled_caught
        system.publish(duck)
        assert not system.events.wanted(Duck)


async def test_events_go_to_those_who_subscribed_to_the_topic():
    async with ActorSystem() as system, system.events.subscribe("jobs/1") as events:
        system.publish("other", topic="jobs/2")
        system.publish("mine", topic="jobs/1")
        assert await anext(events) == "mine"


async def test_a_slow_subscriber_loses_the_oldest_and_knows_how_many():
    async with ActorSystem() as system, system.events.subscribe(int, capacity=3) as events:
        for number in range(10):
            system.publish(number)
        assert [await anext(events) for _ in range(3)] == [7, 8, 9]
        assert events.dropped == 7


async def test_a_sleeping_subscriber_is_woken():
    async with ActorSystem() as system, trio.open_nursery() as nursery:
        got = []

        async def listen():
            async with system.events.subscribe(int) as events:
                async for number in events:
                    got.append(number)
                    if number == 2:
                        return

        nursery.start_soon(listen)
        for number in range(3):
            await trio.testing.wait_all_tasks_blocked()
            system.publish(number)
        await trio.testing.wait_all_tasks_blocked()
        assert got == [0, 1, 2]


class Worker(actors.Actor):
    async def started(self):
        self.spawn(actors.Actor, name="helper")

    @handles(float)
    async def sleep(self, message):
        await trio.sleep(message)

    @handles(str)
    def crash(self, message):
        raise ValueError(message)


async def test_the_tree_shows_states_mailboxes_and_figures(autojump_clock):
    async with ActorSystem("farm", grace=100) as system:
        worker = await system.start(Worker, name="w")
        worker.tell(10.0)
        worker.tell(1.0)
        await trio.sleep(4)
        tree = system.tree()
        assert (tree.name, tree.kind, tree.path) == ("farm", "ActorSystem", "/")
        (info,) = tree.children
        assert (info.name, info.path, info.kind) == ("w", "/w", "Worker")
        assert (info.state, info.mailbox, info.busy_for) == ("running", 1, 4.0)
        assert [child.path for child in info.children] == ["/w/helper"]
        await trio.sleep(8)
        (info,) = system.tree().children
        assert (info.handled, info.mailbox, info.busy_for) == (2, 0, None)
        assert info.handler_ms == pytest.approx(10_000)  # the first: sampled


async def test_the_trace_hook_sees_each_message_in_and_out_with_its_error(autojump_clock):
    seen = []
    async with ActorSystem(trace=seen.append) as system:
        worker = system.spawn(Worker, name="w")
        worker.tell(1.0)
        worker.tell("boom")
    assert [(t.ref, t.message, t.phase, type(t.error)) for t in seen] == [
        (worker, 1.0, "in", type(None)),
        (worker, 1.0, "out", type(None)),
        (worker, "boom", "in", type(None)),
        (worker, "boom", "out", ValueError),
    ]
    assert all(t.seconds is not None for t in seen if t.phase == "out")


async def test_the_events_of_a_life_are_published():
    kinds = (actors.Started, actors.Restarted, actors.Stopped)
    async with ActorSystem() as system, system.events.subscribe(*kinds) as events:
        worker = await system.start(actors.Actor, name="plain")
        crashing = system.spawn(Worker, name="w")
        crashing.tell("boom")
        worker.stop()
        await worker.stopped()
        await trio.testing.wait_all_tasks_blocked()
        seen = [await anext(events) for _ in range(8)]
    assert [type(e).__name__ for e in seen if e.ref is worker] == ["Started", "Stopped"]
    assert [type(e).__name__ for e in seen if e.ref is crashing] == [
        "Started",
        "Restarted",
        "Started",
    ]
