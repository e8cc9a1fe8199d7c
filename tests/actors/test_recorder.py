"""Transactions: nothing is heard of before it is stored."""

from itertools import pairwise

import attrs
import pytest
import trio

import actors
from actors import ActorSystem, handles


@attrs.frozen
class Put(actors.Request[int]):
    value: int


@attrs.frozen
class Get(actors.Request[list]):
    pass


class Refused(Exception):
    pass


class GateStore(actors.MemoryStore):
    """Commits wait for `gate`; `fail` names values whose commit fails."""

    def __init__(self, *args):
        super().__init__(*args)
        self.gate = trio.Event()
        self.gate.set()
        self.fail = set()
        self.groups = []

    async def commit(self, changes):
        await self.gate.wait()
        self.groups.append([change.state for change in changes])
        if any(state[-1] in self.fail for _, state in ((c.key, c.state) for c in changes)):
            raise OSError("disk full")
        await super().commit(changes)


class Box(actors.Actor):
    replies_with = (Refused,)

    def __init__(self, key, out=None):
        self.key = key
        self.values = []
        self.out = out

    @property
    def snapshot_key(self):
        return self.key

    def snapshot(self):
        return list(self.values)

    def restore(self, snapshot):
        self.values = list(snapshot)

    @handles(Put)
    def put(self, message: Put) -> int:
        if message.value < 0:
            self.save()
            self.publish("never")
            raise Refused
        if self.out is not None:
            self.tell(self.out, message.value)
        self.publish(str(message.value))
        self.values.append(message.value)
        self.save()
        return len(self.values)

    @handles(Get)
    def get(self, message: Get) -> list:
        return list(self.values)

    @handles(str)
    def crash(self, message):
        self.values.append(99)
        self.save()
        self.publish("never")
        raise ValueError(message)


async def test_an_answer_leaves_after_the_commit():
    store = GateStore()
    store.gate = trio.Event()
    async with ActorSystem(store=store) as system, trio.open_nursery() as nursery:
        box = system.spawn(Box, "b")
        answers = []

        async def ask(request):
            answers.append(await box.ask(request))

        nursery.start_soon(ask, Put(1))
        await trio.testing.wait_all_tasks_blocked()
        assert answers == []
        assert store.snapshots == {}
        store.gate.set()
        await trio.testing.wait_all_tasks_blocked()
        assert answers == [1]
        assert store.snapshots == {"b": [1]}


async def test_the_actor_goes_on_while_its_commit_is_under_way_but_its_answers_wait():
    store = GateStore()
    store.gate = trio.Event()
    async with ActorSystem(store=store) as system, trio.open_nursery() as nursery:
        box = system.spawn(Box, "b")
        answers = []

        async def ask(request):
            answers.append(await box.ask(request))

        for request in (Put(1), Put(2), Put(3), Get()):
            nursery.start_soon(ask, request)
            await trio.testing.wait_all_tasks_blocked()
        assert system.tree().children[0].handled == 4
        assert answers == []
        store.gate.set()
        await trio.testing.wait_all_tasks_blocked()
        assert sorted(map(str, answers)) == ["1", "2", "3", "[1, 2, 3]"]
        assert len(store.groups) == 2


async def test_effects_leave_after_the_commit_in_message_order():
    store = GateStore()
    store.gate = trio.Event()
    got = []

    class Sink(actors.Actor):
        @handles(int)
        def take(self, message):
            got.append(message)

    async with ActorSystem(store=store) as system, system.events.subscribe(str) as events:
        box = system.spawn(Box, "b", system.spawn(Sink))
        for value in range(5):
            box.tell(Put(value))
        await trio.testing.wait_all_tasks_blocked()
        assert got == []
        store.gate.set()
        await trio.testing.wait_all_tasks_blocked()
        assert got == [0, 1, 2, 3, 4]
        assert [await anext(events) for _ in range(5)] == list("01234")


async def test_a_failed_commit_returns_the_actor_to_its_last_committed_state():
    store = GateStore()
    async with ActorSystem(store=store) as system, system.events.subscribe(str) as events:
        box, other = system.spawn(Box, "b"), system.spawn(Box, "o")
        assert await box.ask(Put(1)) == 1
        assert await anext(events) == "1"
        store.gate, store.fail = trio.Event(), {2}
        results = []

        async def ask(ref, request):
            try:
                results.append(await ref.ask(request))
            except actors.CommitFailed as error:
                results.append(type(error.__cause__).__name__)

        async with trio.open_nursery() as nursery:
            for ref, request in ((other, Put(7)), (box, Put(2)), (box, Put(3)), (box, Get())):
                nursery.start_soon(ask, ref, request)
                await trio.testing.wait_all_tasks_blocked()
            store.gate.set()
        assert results == [1, "OSError", "OSError", "OSError"]
        assert await box.ask(Get()) == [1]
        assert await anext(events) == "7"
        assert await box.ask(Put(4)) == 2
        assert await anext(events) == "4"
        assert store.snapshots == {"b": [1, 4], "o": [7]}
        assert system.tree().children[0].restarts == 1


async def test_a_failed_group_is_tried_one_by_one():
    store = GateStore()
    store.gate, store.fail = trio.Event(), {2}
    async with ActorSystem(store=store) as system, trio.open_nursery() as nursery:
        results = {}

        async def ask(ref, value):
            try:
                results[value] = await ref.ask(Put(value))
            except actors.CommitFailed:
                results[value] = None

        first = system.spawn(Box, "0")
        nursery.start_soon(ask, first, 0)
        await trio.testing.wait_all_tasks_blocked()
        for value in (1, 2, 3):
            nursery.start_soon(ask, system.spawn(Box, str(value)), value)
        await trio.testing.wait_all_tasks_blocked()
        store.gate.set()
        await trio.testing.wait_all_tasks_blocked()
        assert results == {0: 1, 1: 1, 2: None, 3: 1}


async def test_an_answer_that_rests_on_what_is_stored_leaves_though_a_later_change_is_lost():
    store = GateStore()
    store.gate = trio.Event()
    store.fail = {2}
    answers = {}

    async def ask(box, name, request):
        try:
            answers[name] = await box.ask(request)
        except actors.CommitFailed:
            answers[name] = "lost"

    async with ActorSystem(store=store) as system, trio.open_nursery() as nursery:
        box = system.spawn(Box, "box")
        for request in (Put(1), Get(), Put(2), Get()):
            nursery.start_soon(ask, box, len(answers), request)
            answers[len(answers)] = None
            await trio.testing.wait_all_tasks_blocked()
        store.gate.set()
    assert answers == {0: 1, 1: [1], 2: "lost", 3: "lost"}


async def test_failed_commits_do_not_count_as_crashes():
    store = GateStore()
    store.fail = {5}
    async with ActorSystem(store=store) as system:
        box = system.spawn(Box, "b")
        for _ in range(10):
            with pytest.raises(actors.CommitFailed):
                await box.ask(Put(5))
        assert await box.ask(Get()) == []


@pytest.mark.parametrize("at_its_start", [False, True])
async def test_while_commits_fail_an_actor_waits_longer_and_longer_between_its_lives(
    autojump_clock, at_its_start
):
    lives = []

    class Restless(Box):
        async def started(self):
            lives.append(trio.current_time())
            if at_its_start:
                self.values.append(5)
                self.save()
            else:
                self.tell(self.ref, Put(5))

    class Parent(actors.Actor):
        supervision = actors.Supervision(backoff=actors.Backoff(1.0, 4.0, jitter=0.0))

        async def started(self):
            self.spawn(Restless, "r")

    store = GateStore()
    store.fail = {5}
    async with ActorSystem(store=store) as system:
        parent = system.spawn(Parent)
        await trio.sleep(10.5)
        store.fail = set()
        await trio.sleep(4)
        assert [round(later - first) for first, later in pairwise(lives)] == [1, 2, 4, 4]
        assert parent.alive
    assert store.snapshots["r"] == [5]


async def test_a_failed_commit_counts_as_a_crash_if_there_is_no_patience_with_its_error(
    autojump_clock,
):
    store = GateStore()
    store.fail = {5}
    rules = actors.Supervision(max_restarts=2, beyond="stop", patience=(ValueError,))
    async with ActorSystem(store=store, supervision=rules) as system:
        box = system.spawn(Box, "b")
        for _ in range(3):
            assert box.alive
            box.tell(Put(5))
            await trio.sleep(0.1)
        assert (await box.stopped()).reason == "crashed"


async def test_a_failed_commit_is_escalated_if_its_error_is_to_be():
    store = GateStore()
    store.fail = {5}

    async def farm():
        rules = actors.Supervision(decide={OSError: "escalate"})
        async with ActorSystem(store=store, supervision=rules) as system:
            box = system.spawn(Box, "b")
            box.tell(Put(5))
            await box.stopped()

    with pytest.raises(OSError, match="disk full"):
        await farm()


async def test_a_crash_or_a_refusal_discards_what_the_message_recorded():
    store = actors.MemoryStore({"b": [1]})
    async with ActorSystem(store=store) as system, system.events.subscribe(str) as events:
        box = system.spawn(Box, "b")
        with pytest.raises(Refused):
            await box.ask(Put(-1))
        box.tell("crash")
        assert await box.ask(Get()) == [1]
        assert await box.ask(Put(2)) == 2
        assert await anext(events) == "2"
    assert store.snapshots == {"b": [1, 2]}
    assert store.commits == 1


async def test_a_restart_waits_for_what_the_last_life_recorded():
    store = GateStore()
    store.gate = trio.Event()
    async with ActorSystem(store=store) as system:
        box = system.spawn(Box, "b")
        box.tell(Put(1))
        box.tell("crash")
        await trio.testing.wait_all_tasks_blocked()
        store.gate.set()
        assert await box.ask(Get()) == [1]


async def test_shutdown_waits_for_the_commits_and_answers():
    store = GateStore()
    store.gate = trio.Event()
    answers = []
    async with trio.open_nursery() as nursery, ActorSystem(store=store) as system:
        box = system.spawn(Box, "b")

        async def ask():
            answers.append(await box.ask(Put(1)))

        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(_open_later, store.gate)
    assert answers == [1]


async def _open_later(gate):
    await trio.testing.wait_all_tasks_blocked()
    gate.set()


async def test_a_start_that_cannot_be_stored_is_a_crash_and_no_busy_loop():
    class Fresh(Box):
        async def started(self):
            self.values.append(5)
            self.save()

    store = GateStore()
    store.fail = {5}

    async def farm():
        async with ActorSystem(store=store) as system:
            await system.spawn(Fresh, "f").stopped()

    with pytest.raises(OSError, match="disk full"):
        await farm()


async def test_what_a_function_does_after_the_commit_leaves_as_well():
    class Relay(actors.Actor):
        @handles(str)
        def relay(self, message):
            self.after_commit(self._then, message)

        def _then(self, message):
            self.publish(message)

    async with ActorSystem() as system, system.events.subscribe(str) as events:
        system.spawn(Relay).tell("done")
        assert await anext(events) == "done"


async def test_effects_of_an_actor_that_records_nothing_leave_when_its_message_is_done():
    class Relay(actors.Actor):
        @handles(str)
        def relay(self, message):
            self.after_commit(seen.append, message)
            seen.append("handler")

        @handles(int)
        def crash(self, message):
            self.after_commit(seen.append, "never")
            raise ValueError

    seen = []
    async with ActorSystem() as system:
        relay = system.spawn(Relay)
        relay.tell(1)
        relay.tell("effect")
    assert seen == ["handler", "effect"]


async def test_recording_without_a_store_says_so():
    class Plain(actors.Actor):
        @handles(Get)
        def get(self, message):
            self.record("x")

    async with ActorSystem() as system:
        with pytest.raises(actors.CommitFailed, match="no store"):
            await system.spawn(Plain).ask(Get())


async def test_what_started_records_is_committed():
    class Fresh(Box):
        async def started(self):
            if not self.values:
                self.values.append(0)
                self.save()

    store = actors.MemoryStore()
    async with ActorSystem(store=store) as system:
        assert await system.spawn(Fresh, "f").ask(Get()) == [0]
    assert store.snapshots == {"f": [0]}


async def test_a_temporary_actor_whose_changes_are_lost_ends():
    store = GateStore()
    store.fail.add(1)
    async with ActorSystem(store=store) as system:
        box = system.spawn(Box, "box", restart="temporary")
        with pytest.raises(actors.CommitFailed):
            await box.ask(Put(1))
        end = await box.stopped()
        assert isinstance(end.error, OSError)


class Picky(actors.MemoryStore):
    """Refuses what holds a bad change; `groups` is the size of each try."""

    def __init__(self, bad):
        super().__init__()
        self.bad, self.groups = bad, []

    async def commit(self, changes):
        await trio.lowlevel.checkpoint()
        self.groups.append(len(changes))
        if any(change in self.bad for change in changes):
            raise ValueError("refused")
        await super().commit(changes)


class Note(actors.Actor):
    def __init__(self, number):
        self.number = number

    @handles(Get)
    def note(self, message):
        self.record(self.number)
        return self.number


async def notes(store, count, **options):
    """The answers of so many actors whose changes are committed together."""
    answers = {}

    async def ask(number, ref):
        try:
            answers[number] = await ref.ask(Get(), timeout=60)
        except actors.CommitFailed:
            answers[number] = None

    async with ActorSystem(store=store, **options) as system:
        refs = [system.spawn(Note, number) for number in range(count)]
        await trio.testing.wait_all_tasks_blocked()
        async with trio.open_nursery() as nursery:
            for number, ref in enumerate(refs):
                nursery.start_soon(ask, number, ref)
    return answers


@pytest.mark.parametrize("bad", [0, 500, 1023])
async def test_one_bad_change_in_a_group_costs_few_commits_and_no_neighbour(bad):
    store = Picky({bad})
    answers = await notes(store, 1024)
    assert answers == {n: None if n == bad else n for n in range(1024)}
    assert max(store.groups) > 500
    assert len(store.groups) < 30


async def test_a_store_that_refuses_everything_is_not_tried_for_each_change():
    store = Picky(set(range(1024)))
    answers = await notes(store, 1024)
    assert set(answers.values()) == {None}
    assert len(store.groups) < 60


async def test_several_bad_changes_in_a_group_are_found_each():
    store = Picky({3, 4, 700, 1001})
    answers = await notes(store, 1024)
    assert {n for n, answer in answers.items() if answer is None} == store.bad
    assert sorted(store.changes) == sorted(set(range(1024)) - store.bad)


async def test_many_bad_changes_in_a_row_cost_no_neighbour():
    store = Picky(set(range(20, 200)))
    rules = actors.Supervision(patience=(OSError,))
    answers = await notes(store, 200, supervision=rules)
    assert {n for n, answer in answers.items() if answer is None} == store.bad
