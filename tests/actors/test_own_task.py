"""A handler runs in its actor's own task: nothing of whoever asks or wakes it reaches in."""

import math
from contextvars import ContextVar

import pytest
import trio

import actors
from actors import ActorSystem, handles
from tests.actors.test_lives import Ping

COLOUR = ContextVar("COLOUR", default="none")


class Look(actors.Request[str]):
    pass


class Looking(actors.Actor):
    passivate_after = 10.0

    @handles(Look)
    def look(self, message):
        return COLOUR.get()


async def test_a_handler_sees_nothing_of_the_askers_context_variables(autojump_clock):
    COLOUR.set("of the block")
    async with ActorSystem() as system:
        COLOUR.set("of the asker")
        looking = system.spawn(Looking)
        assert await looking.ask(Look()) == "of the block"
        assert await looking.ask(Look()) == "of the block"
        await trio.sleep(20)  # it is passivated, and revived by the next ask
        assert await looking.ask(Look()) == "of the block"


async def test_background_work_has_the_context_variables_of_whoever_started_it():
    async def look():
        return COLOUR.get()

    class Boss(actors.Actor):
        @handles(str)
        def begin(self, message):
            COLOUR.set(message)
            self.start_soon(look, done=seen.append)

    seen = []
    async with ActorSystem() as system:
        system.spawn(Boss).tell("of the handler")
        await trio.testing.wait_all_tasks_blocked()
    assert seen == ["of the handler"]


async def test_the_lock_an_asker_holds_is_not_the_handlers():
    class Locking(actors.Actor):
        @handles(Ping)
        def ping(self, message):
            try:
                lock.acquire_nowait()
            except trio.WouldBlock:
                return "another holds it"

    lock = trio.Lock()
    async with ActorSystem() as system:
        ref = await system.start(Locking)
        async with lock:
            assert await ref.ask(Ping()) == "another holds it"


async def test_a_reply_that_is_later_than_the_timeout_is_a_timeout(autojump_clock):
    class Busy(actors.Actor):
        @handles(Ping)
        def ping(self, message):
            autojump_clock.jump(0.05)  # a handler that computes: nobody else has a turn
            return 1

    async with ActorSystem() as system, system.events.subscribe(actors.DeadLetter) as letters:
        busy = await system.start(Busy)
        with pytest.raises(actors.AskTimeout):
            await busy.ask(Ping(), timeout=0.01)
        assert (await anext(letters)).reason == "late"
        assert await busy.ask(Ping(), timeout=1.0) == 1


async def test_the_askers_deadline_is_not_the_handlers(autojump_clock):
    class Timed(actors.Actor):
        @handles(Ping)
        def ping(self, message):
            return trio.current_effective_deadline()

    async with ActorSystem() as system:
        timed = await system.start(Timed)
        with trio.move_on_after(1000):
            assert await timed.ask(Ping()) == math.inf


async def test_a_handler_goes_on_when_its_asker_is_gone(autojump_clock):
    class Slow(actors.Actor):
        @handles(Ping)
        async def ping(self, message):
            await trio.sleep(5)
            done.append(True)

    done = []
    async with ActorSystem(grace=60) as system:
        slow = await system.start(Slow)
        with trio.move_on_after(1):
            await slow.ask(Ping(), timeout=100)
        await trio.sleep(10)
    assert done == [True]


class Ending(BaseException):
    pass


async def test_what_ends_everything_ends_the_system_and_is_not_raised_in_the_asker():
    class Fatal(actors.Actor):
        @handles(Ping)
        def ping(self, message):
            raise Ending

    async def block(nursery):
        async with ActorSystem() as system:
            fatal = await system.start(Fatal)
            nursery.start_soon(ask, fatal)
            await trio.sleep_forever()

    async def ask(ref):
        try:
            await ref.ask(Ping())
        except actors.ActorError as error:
            told.append(type(error))

    told = []
    async with trio.open_nursery() as nursery:
        with pytest.raises(Ending):
            await block(nursery)
    assert told == [actors.ActorStopped]


async def test_a_task_that_a_handler_starts_elsewhere_asks_for_itself():
    """Else it would be refused as a cycle: an actor that waits for itself."""

    class Handing(actors.Actor):
        @handles(trio.Nursery)
        async def hand_on(self, nursery):
            nursery.start_soon(ask, self.ref)
            await trio.testing.wait_all_tasks_blocked()

        @handles(Ping)
        def ping(self, message):
            return 7

    async def ask(ref):
        answers.append(await ref.ask(Ping()))

    answers = []
    async with ActorSystem() as system:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 0)
            handing = await system.start(Handing)
            handing.tell(nursery)
            assert await handing.ask(Ping()) == 7
        assert answers == [7]


async def test_a_nursery_of_a_handler_belongs_to_the_actor():
    class Parallel(actors.Actor):
        @handles(Ping)
        async def ping(self, message):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._ask_itself)

        async def _ask_itself(self):
            await self.ref.ask(Ping())

    async with ActorSystem() as system:
        with pytest.raises(actors.ActorCrashed, match="/p -> /p"):
            await (await system.start(Parallel, name="p")).ask(Ping())
