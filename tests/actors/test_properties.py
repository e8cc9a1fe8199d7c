"""Promises that hold for every schedule, under random crashes, faults and cancellations."""

from contextlib import suppress
from random import Random

import attrs
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

import actors
from actors import ActorSystem, Mailbox, Supervision, handles
from actors.testing import Faults, run

SEEDS = st.integers(0, 2**32 - 1)


@attrs.frozen
class Item(actors.Request[int]):
    sender: int
    number: int
    crash: bool = False
    nap: bool = False


class Flaky(actors.Actor):
    """Notes what it handles; crashes and sleeps as the message says."""

    def __init__(self, seen):
        self.seen = seen

    @handles(Item)
    def take(self, message: Item) -> int:
        self.seen.append(message)
        if message.nap:
            return self.nap(message)
        if message.crash:
            raise ValueError(message)
        return message.number

    async def nap(self, message):
        await trio.sleep(0.01)
        if message.crash:
            raise ValueError(message)
        return message.number


ITEMS = st.lists(
    st.tuples(st.sampled_from(["tell", "send", "ask"]), st.booleans(), st.booleans()), max_size=30
)


@given(
    plans=st.lists(ITEMS, min_size=1, max_size=4),
    capacity=st.integers(1, 8),
    directive=st.sampled_from(["resume", "restart"]),
    seed=SEEDS,
)
@settings(deadline=None, max_examples=150)
def test_every_message_is_accounted_for_once_and_in_its_senders_order(
    plans, capacity, directive, seed
):
    class Box(Flaky):
        mailbox = Mailbox(capacity)

    seen, refused, dropped = [], [], []

    async def sender(ref, index, plan):
        for number, (how, crash, nap) in enumerate(plan):
            item = Item(index, number, crash, nap)
            try:
                if how == "ask":
                    assert await ref.ask(item, timeout=1000) == number
                elif how == "send":
                    await ref.send(item)
                else:
                    ref.tell(item)
            except actors.MailboxFull:
                refused.append(item)
            except actors.ActorCrashed:
                assert crash
            await trio.lowlevel.checkpoint()

    async def main():
        rules = Supervision(max_restarts=10_000, decide={ValueError: directive})
        async with (
            ActorSystem(supervision=rules, grace=1000) as system,
            system.events.subscribe(actors.DeadLetter, capacity=10_000) as letters,
        ):
            ref = system.spawn(Box, seen)
            async with trio.open_nursery() as nursery:
                for index, plan in enumerate(plans):
                    nursery.start_soon(sender, ref, index, plan)
            await trio.testing.wait_all_tasks_blocked()
            await trio.sleep(100)
            dropped.extend(letter.message for letter in letters._buffer)

    run(main, seed=seed)
    sent = [
        Item(index, number, crash, nap)
        for index, plan in enumerate(plans)
        for number, (_, crash, nap) in enumerate(plan)
    ]
    lost = {attrs.astuple(item)[:2] for item in (*refused, *dropped)}
    handled = [(item.sender, item.number) for item in seen]
    assert sorted({*handled} | lost) == sorted((i.sender, i.number) for i in sent)
    assert not {*handled} & lost
    assert len(handled) == len({*handled})
    for index in range(len(plans)):
        own = [number for sender, number in handled if sender == index]
        assert own == sorted(own)


class Node(actors.Actor):
    """A tree whose members crash, sleep, stop and ask each other, and keep count of their lives."""

    def __init__(self, shape, counts):
        self.shape, self.counts = shape, counts

    async def started(self):
        self.counts["started"] += 1
        for index, shape in enumerate(self.shape):
            self.spawn(Node, shape, self.counts, name=str(index), shutdown=1.0)
        self.start_soon(self._idle)

    async def stopped(self, why):
        self.counts["stopped"] += 1

    async def _idle(self):
        self.counts["tasks"] += 1
        try:
            await trio.sleep_forever()
        finally:
            self.counts["tasks"] -= 1

    @handles(Item)
    async def take(self, message: Item) -> int:
        if message.nap:
            await trio.sleep(message.number)
        if message.crash:
            raise ValueError(message)
        for child in self.children.values():
            child.tell(message)
        return message.number

    @handles(str)
    def leave(self, message):
        self.stop()


SHAPES = st.recursive(st.just([]), lambda shapes: st.lists(shapes, max_size=3), max_leaves=8)
COMMANDS = st.lists(
    st.tuples(
        st.floats(0, 3), st.sampled_from(["item", "crash", "nap", "ask", "leave", "kill"]), SEEDS
    ),
    max_size=15,
)


@given(
    shapes=st.lists(SHAPES, min_size=1, max_size=3),
    commands=COMMANDS,
    order=st.sampled_from(["together", "in_turn"]),
    backoff=st.sampled_from([None, actors.Backoff(0.1, 1.0)]),
    ending=st.sampled_from(["leave", "cancel", "error", "shutdown"]),
    faults=st.floats(0, 0.3),
    seed=SEEDS,
)
@settings(deadline=None, max_examples=200)
def test_nothing_survives_the_block_and_every_life_and_every_ask_ends(  # noqa: C901
    shapes, commands, order, backoff, ending, faults, seed
):
    counts = {"started": 0, "stopped": 0, "tasks": 0, "asked": 0, "answered": 0}
    random = Random(seed)
    refs = []

    async def ask(ref):
        counts["asked"] += 1
        with suppress(actors.ActorError):
            await ref.ask(Item(0, 1, nap=True), timeout=random.uniform(0.1, 5))
        counts["answered"] += 1

    async def drive(system, nursery):
        for wait, what, pick in commands:
            await trio.sleep(wait)
            ref = random.choice(refs + _refs_of(system))
            if what == "ask":
                nursery.start_soon(ask, ref)
            elif what == "leave":
                ref.tell("leave")
            elif what == "kill":
                ref.stop()
            else:
                ref.tell(Item(0, pick % 4, crash=what == "crash", nap=what == "nap"))

    async def main():
        rules = Supervision(5, 5.0, backoff, ending=order)
        injected = Faults(seed).crash(message=Item, chance=faults).delay(0.5, chance=faults)
        with trio.move_on_after(8 if ending == "cancel" else 500):
            async with (
                trio.open_nursery() as nursery,
                ActorSystem(supervision=rules, around=injected, grace=2.0) as system,
            ):
                for index, shape in enumerate(shapes):
                    refs.append(system.spawn(Node, shape, counts, name=f"top{index}"))
                await drive(system, nursery)
                if ending == "error":
                    raise LookupError
                if ending == "shutdown":
                    await system.shutdown()

    try:
        run(main, seed=seed)
    except* (ValueError, LookupError, actors.testing.InjectedFault):
        pass
    assert counts["tasks"] == 0
    assert counts["started"] == counts["stopped"]
    assert counts["asked"] == counts["answered"] or ending in ("cancel", "error")
    assert not any(ref.alive for ref in refs)


def _refs_of(system):
    def below(info):
        found = [] if info.path == "/" else [system.find(info.path)]
        return found + [ref for child in info.children for ref in below(child)]

    return [ref for ref in below(system.tree()) if ref is not None]


class Relay(actors.Actor):
    """Passes numbers on to another relay; now and then crashes, waits or kills a third."""

    def __init__(self, others, log, random):
        self.others, self.log, self.random = others, log, random

    @handles(int)
    def hop(self, left):
        self.log.append(left)
        if left % 7 == 3:
            self.random.choice(self.others).stop()
        if left:
            self.random.choice(self.others).tell(left - 1)
        if left % 5 == 4:
            raise ValueError(left)

    @handles(str)
    async def wait(self, left):
        await trio.sleep(0.01)
        self.log.append(int(left))
        self.random.choice(self.others).tell(int(left) - 1)


@given(
    hops=st.lists(st.integers(1, 60), min_size=1, max_size=5),
    size=st.integers(2, 8),
    cancel=st.booleans(),
    seed=SEEDS,
)
@settings(deadline=None, max_examples=150)
def test_each_message_is_handled_or_a_dead_letter_whoever_hands_it_on(hops, size, cancel, seed):
    log, others, lost = [], [], []
    random = Random(seed)

    async def main():
        rules = Supervision(max_restarts=10_000)
        async with (
            ActorSystem(supervision=rules, grace=100) as system,
            system.events.subscribe(actors.DeadLetter, capacity=10_000) as letters,
        ):
            others.extend(system.spawn(Relay, others, log, random) for _ in range(size))
            for index, left in enumerate(hops):
                others[index % size].tell(str(left) if left % 2 else left)
            await trio.sleep(1)
            if cancel:
                system._nursery.cancel_scope.cancel()
            lost.extend(letter.message for letter in letters._buffer)

    run(main, seed=seed)
    assert len(log) + sum(int(message) + 1 for message in lost) == sum(hops) + len(hops)


@given(plan=st.lists(st.integers(0, 9), max_size=40), fails=st.sets(st.integers(0, 9)), seed=SEEDS)
@settings(deadline=None, max_examples=100)
def test_what_was_answered_is_stored_and_what_was_not_is_not(  # noqa: C901
    plan, fails, seed
):
    class Disk(actors.MemoryStore):
        async def commit(self, changes):
            await trio.sleep(0.01)
            if any(change.state and change.state[-1] in fails for change in changes):
                raise OSError("disk")
            await super().commit(changes)

    class Book(actors.Actor):
        snapshot_key = "book"

        def __init__(self):
            self.pages = []

        def snapshot(self):
            return list(self.pages)

        def restore(self, snapshot):
            self.pages = list(snapshot)

        @handles(Item)
        def add(self, message: Item) -> int:
            self.pages.append(message.number)
            self.save()
            if message.crash:
                raise ValueError
            return message.number

    answered, store = [], Disk()

    async def main():
        rules = Supervision(max_restarts=10_000)
        async with ActorSystem(store=store, supervision=rules) as system:
            book, random = system.spawn(Book), Random(seed)

            async def ask(number):
                with suppress(actors.CommitFailed, actors.ActorCrashed):
                    answered.append(await book.ask(Item(0, number, crash=random.random() < 0.1)))

            async with trio.open_nursery() as nursery:
                for number in plan:
                    nursery.start_soon(ask, number)
                    if random.random() < 0.5:
                        await trio.sleep(random.uniform(0, 0.03))

    run(main, seed=seed)
    assert sorted(store.snapshots.get("book", [])) == sorted(answered)


@given(seed=SEEDS)
@settings(deadline=None, max_examples=20)
def test_the_same_seed_gives_the_same_run(seed):
    def once():
        seen = []

        async def main():
            injected = Faults(seed).crash(message=Item, chance=0.1).delay(0.3, chance=0.3)
            rules = Supervision(max_restarts=1000)
            async with ActorSystem(
                supervision=rules, around=injected, random=Random(seed)
            ) as system:
                flaky = system.spawn(Flaky, seen)

                async def send(index):
                    for number in range(5):
                        await flaky.send(Item(index, number))
                        await trio.lowlevel.checkpoint()

                async with trio.open_nursery() as nursery:
                    for index in range(5):
                        nursery.start_soon(send, index)

        run(main, seed=seed)
        return seen

    assert once() == once()
