"""Replies that are given later, messages that are set aside, and other behaviours."""

import pytest
import trio

import actors
from actors import ActorSystem, handles
from tests.actors.test_messages import Boom, Refused, Total


async def test_a_reply_can_be_given_later_or_fail_later():
    class Desk(actors.Actor):
        @handles(Total)
        def total(self, message):
            self.later = self.defer_reply()

        @handles(int)
        def now(self, message):
            self.later(message)

        @handles(str)
        def never(self, message):
            self.later.fail(Refused(message))

    async with ActorSystem() as system, trio.open_nursery() as nursery:
        desk = system.spawn(Desk)
        for message in (5, "no"):

            async def tell_later(message=message):
                await trio.testing.wait_all_tasks_blocked()
                desk.tell(message)

            nursery.start_soon(tell_later)
            if message == 5:
                assert await desk.ask(Total()) == 5
            else:
                with pytest.raises(Refused):
                    await desk.ask(Total())


async def test_deferred_replies_of_an_actor_that_ends_fail_at_once(autojump_clock):
    class Desk(actors.Actor):
        @handles(Total)
        def total(self, message):
            self.later = self.defer_reply()
            self.after(1, "stop")

        @handles(str)
        def leave(self, message):
            self.stop()

    async with ActorSystem() as system:
        with pytest.raises(actors.ActorStopped):
            await system.spawn(Desk).ask(Total(), timeout=100)
        assert trio.current_time() < 2


class Door(actors.Actor):
    def __init__(self, seen):
        self.seen = seen

    @handles(int)
    def early(self, message):
        self.stash()

    @handles(Total)
    def total(self, message):
        self.stash()

    @handles(str, behaviour="open")
    def close(self, message):
        self.unbecome()

    @handles(int, behaviour="open")
    def late(self, message):
        self.seen.append(message)

    @handles(Total, behaviour="open")
    def answer(self, message):
        return len(self.seen)

    @handles(str)
    def open(self, message):
        self.become("open")
        self.unstash_all()


async def test_stashed_messages_and_asks_come_back_in_order_under_another_behaviour():
    seen = []
    async with ActorSystem() as system, trio.open_nursery() as nursery:
        door = system.spawn(Door, seen)
        for number in range(5):
            door.tell(number)

        async def ask():
            assert await door.ask(Total()) == 5

        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        assert seen == []
        door.tell("open")
        door.tell(5)
        await trio.testing.wait_all_tasks_blocked()
        assert seen == [0, 1, 2, 3, 4, 5]
        door.tell("close")
        door.tell(6)
        await trio.testing.wait_all_tasks_blocked()
        assert seen == [0, 1, 2, 3, 4, 5]


async def test_an_unknown_behaviour_is_refused_by_name():
    async with ActorSystem() as system:
        with pytest.raises(actors.ActorCrashed, match="no behaviour 'ajar'; it has: open"):
            await system.spawn(Ajar, []).ask(Boom())


class Ajar(Door):
    @handles(Boom)
    def boom(self, message):
        self.become("ajar")
