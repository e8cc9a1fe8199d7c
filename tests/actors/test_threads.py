"""Threads and Ctrl-C: neither leaves an actor half changed."""

import pytest
import trio

import actors
from actors import ActorSystem, handles
from tests.actors.test_lives import Ping


class Counter(actors.Actor):
    mailbox = actors.Mailbox(capacity=2)

    def __init__(self):
        self.count = 0

    @handles(str)
    def add(self, message):
        self.count += 1

    @handles(trio.Event)
    async def hang(self, message):
        await message.wait()

    @handles(Ping)
    def ping(self, message):
        return self.count


async def in_thread(function, *args):
    return await trio.to_thread.run_sync(function, *args)


@pytest.mark.parametrize("busy", [False, True])
async def test_a_tell_from_a_thread_is_refused_and_changes_nothing(busy):
    async with ActorSystem() as system:
        counter, gate = await system.start(Counter), trio.Event()
        if busy:
            counter.tell(gate)
            await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(RuntimeError, match="use tell_from_thread"):
            await in_thread(counter.tell, "one")
        gate.set()
        assert await counter.ask(Ping()) == 0


async def test_whatever_else_is_called_from_a_thread_is_refused():
    async with ActorSystem() as system, system.events.subscribe(str) as events:
        counter = await system.start(Counter)

        def with_a_loop_of_its_own():
            for function in (counter.ask, counter.send):
                with pytest.raises(RuntimeError, match="outside of the thread"):
                    trio.run(function, Ping())
            with pytest.raises(RuntimeError, match="outside of the thread"):
                trio.run(counter.stopped)
            for stop_or_publish, args in ((counter.stop, ()), (system.publish, ("event",))):
                with pytest.raises(RuntimeError, match="outside of the thread"):
                    stop_or_publish(*args)

        await in_thread(with_a_loop_of_its_own)
        assert await counter.ask(Ping()) == 0
        with trio.move_on_after(0.01) as scope:
            await anext(events)
        assert scope.cancelled_caught


async def test_tell_from_thread_tells():
    async with ActorSystem() as system:
        counter = await system.start(Counter)
        await in_thread(counter.tell_from_thread, "one")
        assert await counter.ask(Ping()) == 1


async def test_tell_from_thread_raises_in_the_thread_when_the_mailbox_is_full():
    async with ActorSystem() as system:
        counter, gate = await system.start(Counter), trio.Event()
        counter.tell(gate)
        await trio.testing.wait_all_tasks_blocked()
        counter.tell("one")
        counter.tell("two")
        with pytest.raises(actors.MailboxFull):
            await in_thread(counter.tell_from_thread, "three")
        gate.set()


PROTECTED = [
    actors.ActorRef.tell,
    actors.ActorRef.send,
    actors.ActorRef.ask,
    actors.ActorRef.stop,
    actors.Actor.tell,
    actors.Actor.spawn,
    actors.Actor.watch,
    actors.Actor.record,
    actors.Actor.start_soon,
    actors.Timer.cancel,
    actors.Background.cancel,
    actors.Events.publish,
]


@pytest.mark.parametrize("method", PROTECTED, ids=lambda method: method.__qualname__)
def test_ctrl_c_does_not_interrupt_a_method_as_it_does_not_interrupt_trios(method):
    """The code of Trio's own methods is marked; so is ours."""
    from trio._core._ki import _CODE_KI_PROTECTION_STATUS_WMAP as MARKED

    assert MARKED[trio.Event.set.__code__] is True
    assert MARKED[method.__code__] is True


async def test_ctrl_c_interrupts_a_handler_but_no_effect_or_reply():
    class Lamp(actors.Actor):
        @handles(Ping)
        def ping(self, message):
            seen.append(trio.lowlevel.currently_ki_protected())

        async def stopped(self, why):
            seen.append(trio.lowlevel.currently_ki_protected())

    seen = []
    async with ActorSystem() as system:
        await (await system.start(Lamp)).ask(Ping())
    assert seen == [False, False]
