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


async def test_every_reader_of_a_subscription_gets_its_events():
    got = []
    async with ActorSystem() as system, system.events.subscribe(int) as events:

        async def read():
            got.append(await anext(events))

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(read)
            await trio.testing.wait_all_tasks_blocked()
            for number in range(3):
                system.publish(number)
    assert sorted(got) == [0, 1, 2]


async def test_what_nobody_handles_is_counted_and_logged_but_never_in_a_flood(
    autojump_clock, caplog
):
    caplog.set_level("INFO", "actors")
    async with ActorSystem() as system:
        gone = system.spawn(actors.Actor, name="gone")
        gone.stop()
        await gone.stopped()
        await trio.sleep(10)
        for _ in range(1000):
            gone.tell("too late")
        await trio.sleep(10)
        gone.tell("too late")
        plain = system.spawn(actors.Actor, name="plain")
        plain.tell("what")
        await trio.testing.wait_all_tasks_blocked()
        statistics = system.statistics()
    assert statistics.dead_letters["stopped"] == 1001
    assert statistics.unhandled == 1
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        "/gone: str was not handled: stopped",
        "/gone: str was not handled: stopped, and 999 other messages since the last such line",
        "/plain: str was not handled: unhandled",
    ]


async def test_an_effect_that_finds_a_full_mailbox_is_logged_and_counted(caplog):
    class Small(Worker):
        mailbox = actors.Mailbox(capacity=1)

    class Telling(actors.Actor):
        @handles(actors.ActorRef)
        def tell_twice(self, ref):
            self.tell(ref, 0.0)
            self.tell(ref, 0.0)

    async with ActorSystem() as system, system.events.subscribe(actors.DeadLetter) as letters:
        small = await system.start(Small, name="small")
        system.spawn(Telling).tell(small)
        assert (await anext(letters)).reason == "full"
        assert system.statistics().dead_letters["full"] == 1
    assert "/small: float was not handled: full" in caplog.text


async def test_statistics_count_crashes_restarts_and_failed_commits():
    class Broken(actors.MemoryStore):
        async def commit(self, changes):
            raise OSError("disk full")

    class Recording(Worker):
        @handles(int)
        def note(self, message):
            self.record(message)

    async with ActorSystem(store=Broken()) as system:
        ref = await system.start(Recording)
        ref.tell("boom")
        ref.tell(1)
        ref.tell(0.0)
        await trio.testing.wait_all_tasks_blocked()
        statistics = system.statistics()
    assert (statistics.crashes, statistics.restarts, statistics.failed_commits) == (1, 2, 1)
