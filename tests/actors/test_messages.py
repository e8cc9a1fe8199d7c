"""Mailboxes, asks and replies: what a sender may rely on."""

import attrs
import pytest
import trio

import actors
from actors import ActorSystem, handles


@attrs.frozen
class Add(actors.Request[int]):
    number: int


@attrs.frozen
class Total(actors.Request[int]):
    pass


@attrs.frozen
class Fail:
    error: Exception


class Refused(Exception):
    pass


class Counter(actors.Actor):
    replies_with = (Refused,)

    def __init__(self):
        self.total = 0

    @handles(Add)
    def add(self, message: Add) -> int:
        if message.number < 0:
            raise Refused(message.number)
        self.total += message.number
        return self.total

    @handles(Total)
    async def get(self, message: Total) -> int:
        await trio.lowlevel.checkpoint()
        return self.total

    @handles(Fail)
    def fail(self, message: Fail) -> None:
        raise message.error


@attrs.frozen
class Block:
    until: trio.Event


class Slow(actors.Actor):
    mailbox = actors.Mailbox(capacity=2)

    def __init__(self, seen=None):
        self.seen = seen if seen is not None else []

    @handles(Block)
    async def block(self, message):
        await message.until.wait()

    @handles(int)
    def note(self, message):
        self.seen.append(message)

    @handles(Total)
    def total(self, message):
        return len(self.seen)


async def test_messages_of_one_sender_are_handled_in_the_order_they_were_sent():
    seen = []
    async with ActorSystem() as system:
        slow = system.spawn(Slow, seen)
        for number in range(500):
            await slow.send(number)
    assert seen == list(range(500))


async def test_an_ask_is_answered_by_plain_and_by_async_handlers():
    async with ActorSystem() as system:
        counter = system.spawn(Counter)
        assert await counter.ask(Add(2)) == 2
        assert await counter.ask(Total()) == 2


async def test_an_ask_lets_other_tasks_run_even_if_it_is_answered_at_once():
    async with ActorSystem() as system, trio.open_nursery() as nursery:
        counter = await system.start(Counter)
        rounds = 0

        async def other():
            nonlocal rounds
            while True:
                rounds += 1
                await trio.lowlevel.checkpoint()

        nursery.start_soon(other)
        for _ in range(100):
            await counter.ask(Add(1))
        assert rounds > 90
        nursery.cancel_scope.cancel()


async def test_an_ask_of_a_cancelled_asker_is_not_sent():
    async with ActorSystem() as system:
        counter = await system.start(Counter)
        with trio.CancelScope() as scope:
            scope.cancel()
            await counter.ask(Add(1))
        assert await counter.ask(Total()) == 0


async def test_an_ask_that_is_withdrawn_while_another_message_is_handled_ends_no_life(
    autojump_clock,
):
    class Slow(Counter):
        @handles(trio.Event)
        async def wait(self, gate):
            await gate.wait()

    first, second = trio.Event(), trio.Event()
    async with ActorSystem() as system:
        slow = system.spawn(Slow)
        slow.tell(first)
        await trio.sleep(1)
        slow.tell(Add(1))
        slow.tell(second)
        async with trio.open_nursery() as askers:
            askers.start_soon(slow.ask, Total())
            await trio.sleep(1)
            first.set()
            await trio.sleep(1)  # now the second one is handled, in one go with what lies behind it
            askers.cancel_scope.cancel()
        second.set()
        await trio.sleep(1)
        assert await slow.ask(Total()) == 1
        assert system.statistics().crashes == 0


async def test_what_comes_in_while_an_ask_is_answered_at_once_is_handled_next():
    class Chatty(Counter):
        @handles(Total)
        def total_later(self, message):
            self.ref.tell(Add(5))
            return self.total

    async with ActorSystem() as system:
        chatty = await system.start(Chatty)
        assert await chatty.ask(Total()) == 0
        assert await chatty.ask(Add(0)) == 5


async def test_an_ask_that_was_begun_is_answered_before_the_actor_stops():
    class Stopping(Counter):
        @handles(Total)
        def total_then_stop(self, message):
            self.stop()
            return self._later()

        async def _later(self):
            await trio.lowlevel.checkpoint()
            return 7

    async with ActorSystem() as system:
        stopping = await system.start(Stopping)
        assert await stopping.ask(Total()) == 7
        assert (await stopping.stopped()).reason == "stopped"


async def test_an_exception_in_replies_with_is_the_answer_and_no_crash():
    async with ActorSystem() as system:
        counter = system.spawn(Counter)
        counter.tell(Add(1))
        with pytest.raises(Refused):
            await counter.ask(Add(-1))
        assert await counter.ask(Total()) == 1
        assert system.tree().children[0].restarts == 0


async def test_an_ask_that_crashes_the_actor_names_the_cause():
    async with ActorSystem() as system:
        with pytest.raises(actors.ActorCrashed, match="/c crashed on Boom") as caught:
            await system.spawn(Bomb, name="c").ask(Boom())
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


class Boom(actors.Request[None]):
    pass


class Bomb(actors.Actor):
    @handles(Boom)
    async def boom(self, message):
        async with trio.open_nursery():
            raise ZeroDivisionError


async def test_an_ask_times_out_in_virtual_time_and_the_late_reply_changes_nothing(autojump_clock):
    class Late(actors.Actor):
        @handles(Total)
        async def total(self, message):
            await trio.sleep(10)
            return 1

    async with ActorSystem(grace=60) as system:
        late = system.spawn(Late)
        began = trio.current_time()
        with pytest.raises(actors.AskTimeout, match="no reply to Total within 3 s"):
            await late.ask(Total(), timeout=3)
        assert trio.current_time() - began == pytest.approx(3)
        async with system.events.subscribe(actors.DeadLetter) as letters:
            assert await late.ask(Total(), timeout=30) == 1
            assert (await anext(letters)).reason == "late"


async def test_ask_timeouts_are_each_kept_exactly(autojump_clock):
    class Deaf(actors.Actor):
        def __init__(self):
            self.never = []

        @handles(Total)
        def total(self, message):
            self.never.append(self.defer_reply())

    async with ActorSystem() as system, trio.open_nursery() as nursery:
        deaf = system.spawn(Deaf)

        async def one(timeout):
            began = trio.current_time()
            with pytest.raises(actors.AskTimeout):
                await deaf.ask(Total(), timeout)
            assert trio.current_time() - began == pytest.approx(timeout)

        for timeout in (5, 0.5, 3600, 2, 0.1):
            nursery.start_soon(one, timeout)


async def test_an_unknown_message_is_an_error_that_names_actor_and_message():
    async with ActorSystem() as system:
        slow = system.spawn(Slow, name="slow")
        with pytest.raises(actors.UnknownMessage, match=r"/slow \(Slow\) has no handler for Add"):
            await slow.ask(Add(1))
        async with system.events.subscribe(actors.Unhandled) as unhandled:
            slow.tell("what")
            assert (await anext(unhandled)) == actors.Unhandled(slow, "what")
        assert slow.alive


async def test_a_full_mailbox_raises_on_tell_and_ask():
    async with ActorSystem() as system:
        slow, gate = await _blocked(system, Slow)
        slow.tell(1)
        slow.tell(2)
        with pytest.raises(actors.MailboxFull, match="2 messages"):
            slow.tell(3)
        with pytest.raises(actors.MailboxFull):
            await slow.ask(Total())
        gate.set()


async def test_send_waits_for_room():
    seen = []
    async with ActorSystem() as system:
        slow, gate = await _blocked(system, Slow, seen)
        async with trio.open_nursery() as nursery:
            slow.tell(0)
            slow.tell(1)
            nursery.start_soon(slow.send, 2)
            await trio.testing.wait_all_tasks_blocked()
            with trio.move_on_after(0) as scope:
                await slow.send(99)
            assert scope.cancelled_caught
            with pytest.raises(actors.MailboxFull):
                slow.tell(99)
            nursery.start_soon(slow.send, 3)
            await trio.testing.wait_all_tasks_blocked()
            assert seen == []
            gate.set()
    assert seen == [0, 1, 2, 3]


async def _blocked(system, cls, *args):
    ref, gate = system.spawn(cls, *args), trio.Event()
    ref.tell(Block(gate))
    await trio.testing.wait_all_tasks_blocked()
    return ref, gate


async def test_messages_to_an_ended_actor_are_dead_letters_and_asks_fail_at_once():
    async with ActorSystem() as system, system.events.subscribe(actors.DeadLetter) as letters:
        slow, gate = await _blocked(system, Slow)
        slow.tell(7)
        slow.stop()
        gate.set()
        assert (await slow.stopped()).reason == "stopped"
        slow.tell(8)
        assert [(await anext(letters)).message for _ in range(2)] == [7, 8]
        for attempt in (slow.ask(Total()), slow.send(1)):
            with pytest.raises(actors.ActorStopped, match="has ended"):
                await attempt


async def test_asks_in_the_mailbox_of_an_actor_that_ends_fail_at_once():
    async with ActorSystem() as system:
        slow, gate = await _blocked(system, Slow)
        async with trio.open_nursery() as nursery:

            async def ask():
                with pytest.raises(actors.ActorStopped):
                    await slow.ask(Total())

            nursery.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked()
            slow.stop()
            gate.set()


@attrs.frozen
class AskOther(actors.Request[int]):
    other: object
    back: object


class Gossip(actors.Actor):
    @handles(AskOther)
    async def ask_other(self, message: AskOther) -> int:
        return await message.other.ask(AskOther(message.back, message.other))

    @handles(str)
    async def aside(self, message):
        ref = self.ref
        self.start_soon(ref.ask, Total(), done=lambda value: value)

    @handles(Total)
    def total(self, message):
        return 3

    @handles(int)
    def got(self, message):
        self.stop()


async def test_a_ring_of_asks_is_refused_at_once():
    async with ActorSystem() as system:
        a, b = system.spawn(Gossip, name="a"), system.spawn(Gossip, name="b")
        with pytest.raises(actors.ActorCrashed) as caught:
            await a.ask(AskOther(b, a))
        text = repr(caught.value)
        assert "AskCycle" in text
        assert "/b -> /a -> /b" in text


async def test_an_actor_that_asks_itself_is_refused_unless_it_asks_in_the_background():
    async with ActorSystem() as system:
        a = system.spawn(Gossip, name="a")
        with pytest.raises(actors.ActorCrashed, match="/a -> /a"):
            await a.ask(AskOther(a, a))
        a.tell("aside")
        await a.stopped()


class Feeder(actors.Actor):
    mailbox = actors.Mailbox(capacity=1)

    @handles(actors.ActorRef)
    async def feed(self, other):
        for _ in range(10):
            await other.send(self.ref)


async def test_two_actors_that_wait_for_room_in_each_other_are_refused():
    async def farm():
        async with ActorSystem(supervision=actors.Supervision(max_restarts=0)) as system:
            a, b = system.spawn(Feeder, name="a"), system.spawn(Feeder, name="b")
            a.tell(b)
            b.tell(a)
            await a.stopped()

    with pytest.raises(actors.AskCycle):
        await farm()
