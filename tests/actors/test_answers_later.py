"""Replies that are given later."""

import pytest
import trio

import actors
from actors import ActorSystem, handles
from tests.actors.test_messages import Refused, Total


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


class Vault(actors.Actor):
    """Answers an ask in a later message, which also records or fails."""

    def __init__(self):
        self.later = None

    @handles(Total)
    def total(self, message):
        self.later = self.defer_reply()

    @handles(str)
    def answer(self, message):
        self.later("answer")
        if message == "crash":
            raise ValueError(message)
        self.record(message)

    @handles(bytes)
    async def answer_slowly(self, message):
        self.later("answer")
        await trio.sleep(1)
        self.record(message)


class SlowStore(actors.MemoryStore):
    def __init__(self, broken=False):
        super().__init__()
        self.broken = broken

    async def commit(self, changes):
        await trio.sleep(10)
        if self.broken:
            raise OSError("disk full")
        await super().commit(changes)


async def answered_after(message, store, **options):
    """The asker's answer, and its time, if the vault is told the message a second later."""
    async with ActorSystem(store=store, grace=100, **options) as system:
        vault = await system.start(Vault)

        async def tell():
            await trio.sleep(1)
            vault.tell(message)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(tell)
            try:
                answer = await vault.ask(Total(), timeout=100)
            except actors.ActorError as error:
                answer = type(error)
            return answer, trio.current_time()


async def test_a_deferred_reply_waits_for_what_is_recorded_after_it(autojump_clock):
    assert await answered_after("note", SlowStore()) == ("answer", 11.0)


async def test_a_deferred_reply_waits_for_the_end_of_an_async_handler(autojump_clock):
    assert await answered_after(b"note", SlowStore()) == ("answer", 12.0)


async def test_a_deferred_reply_does_not_leave_if_the_commit_fails(autojump_clock):
    assert await answered_after("note", SlowStore(broken=True)) == (actors.CommitFailed, 11.0)


@pytest.mark.parametrize("directive", ["restart", "resume"])
async def test_a_deferred_reply_does_not_leave_if_its_handler_fails_afterwards(
    autojump_clock, directive
):
    rules = actors.Supervision(decide={ValueError: directive})
    answer = await answered_after("crash", SlowStore(), supervision=rules)
    assert answer == (actors.ActorCrashed, 1.0)


async def test_a_deferred_reply_that_is_forgotten_is_told_to_the_asker(autojump_clock):
    class Forgetful(actors.Actor):
        @handles(Total)
        def total(self, message):
            self.defer_reply()

    async with ActorSystem() as system:
        with pytest.raises(actors.ReplyDropped, match="/f deferred its reply to Total"):
            await system.spawn(Forgetful, name="f").ask(Total(), timeout=100)
        assert trio.current_time() == 0


@pytest.mark.parametrize("keeps", [False, True])
async def test_a_handler_that_defers_and_then_fails_has_answered(autojump_clock, keeps):
    class Failing(actors.Actor):
        @handles(Total)
        def total(self, message):
            later = self.defer_reply()
            if keeps:
                self.later = later
            raise ValueError("boom")

    rules = actors.Supervision(decide={ValueError: "resume"})
    async with ActorSystem(supervision=rules) as system:
        with pytest.raises(actors.ActorCrashed):
            await system.spawn(Failing).ask(Total(), timeout=100)
        assert trio.current_time() == 0
