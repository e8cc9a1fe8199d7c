"""Long chains of asks, deep trees, and errors that pass through many actors."""

import gc
import logging
import math
import weakref
from itertools import pairwise

import attrs
import pytest
import trio

import actors
from actors import ActorSystem, handles


@attrs.frozen
class Pass(actors.Request[int]):
    left: int


class Link(actors.Actor):
    """Asks the next one and passes the answer on; the last fails with a long text."""

    def __init__(self, following=None):
        self.following = following

    @handles(Pass)
    async def hand_on(self, message):
        if self.following is None:
            raise ValueError("x" * 2000)
        return 1 + await self.following.ask(Pass(message.left - 1), timeout=60)


def chain(system, length):
    ref = system.spawn(Link, name="0")
    for number in range(1, length):
        ref = system.spawn(Link, ref, name=str(number))
    return ref


class Waiting(actors.Actor):
    """Asks the one before it, which waits itself."""

    @handles(trio.Event)
    async def wait(self, gate):
        await gate.wait()

    @handles(actors.ActorRef)
    async def ask_on(self, before):
        await before.ask(Pass(0), timeout=math.inf)

    @handles(Pass)
    def answer(self, message):
        return 1


async def test_a_thousand_actors_may_wait_for_each_other_in_a_row():
    async with ActorSystem() as system:
        refs = [await system.start(Waiting) for _ in range(1100)]
        gate = trio.Event()
        refs[0].tell(gate)
        for before, ref in pairwise(refs):
            ref.tell(before)
            await trio.lowlevel.checkpoint()
        await trio.testing.wait_all_tasks_blocked()
        gate.set()
        assert await refs[-1].ask(Pass(0), timeout=60) == 1
        assert system.statistics().crashes == 0


async def test_an_error_that_passes_through_many_actors_keeps_its_root_and_a_bounded_text():
    logging.getLogger("actors").setLevel(logging.CRITICAL)
    try:
        async with ActorSystem() as system:
            with pytest.raises(actors.ActorCrashed) as caught:
                await chain(system, 100).ask(Pass(100), timeout=60)
    finally:
        logging.getLogger("actors").setLevel(logging.NOTSET)
    text = str(caught.value)
    assert len(text) < 1200
    assert text.startswith("/99 crashed on Pass: /98 crashed on Pass: ")
    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.value.__cause__.__cause__ is None


class Deep(actors.Actor):
    def __init__(self, left, bottom):
        self.left, self.bottom = left, bottom

    async def started(self):
        if self.left:
            self.spawn(Deep, self.left - 1, self.bottom, name="d", shutdown=60)
        else:
            self.bottom.set()


async def test_a_tree_of_twelve_hundred_levels_has_paths_a_picture_and_an_end():
    bottom = trio.Event()
    async with ActorSystem(grace=60) as system:
        top = system.spawn(Deep, 1200, bottom, name="d", shutdown=60)
        await bottom.wait()
        lowest = system.find("/d" * 1201)
        assert lowest.path == "/d" * 1201
        depth, info = 0, system.tree()
        while info.children:
            depth, (info,) = depth + 1, info.children
        assert depth == 1201
        assert info.path == lowest.path
    assert not top.alive
    assert not lowest.alive


@pytest.mark.parametrize("escalates", [False, True])
async def test_the_ref_of_a_crashed_actor_does_not_keep_its_state(escalates):
    class Holding(actors.Actor):
        def __init__(self):
            states.append(weakref.ref(self))

        @handles(str)
        def crash(self, message):
            raise ValueError(message)

    class Parent(actors.Actor):
        supervision = actors.Supervision(
            decide={ValueError: "escalate" if escalates else "stop"}, max_restarts=0
        )

        async def started(self):
            self.spawn(Holding, name="h")

    states = []
    logging.disable(logging.CRITICAL)  # what tests capture of the log holds the frames
    try:
        async with ActorSystem() as system:
            await system.start(Parent, name="p")
            ref = system.find("/p/h")
            ref.tell("boom")
            assert isinstance((await ref.stopped()).error, ValueError)
            await trio.testing.wait_all_tasks_blocked()
            gc.collect()
            assert states[0]() is None
    finally:
        logging.disable(logging.NOTSET)
