"""Timers and background work: gone with the life that started them."""

import math

import pytest
import trio

import actors
from actors import ActorSystem, handles
from actors.time import Entry


class Recorder(actors.Actor):
    def __init__(self, log):
        self.log = log

    @handles(str, int, actors.BackgroundDone)
    def note(self, message):
        self.log.append((trio.current_time(), message))


async def test_timers_send_messages_at_the_right_virtual_time(autojump_clock):
    class Clock(Recorder):
        async def started(self):
            self.after(5, "once")
            self.every(2, "tick")
            self.after(1, "never").cancel()

    log = []
    async with ActorSystem() as system:
        system.spawn(Clock, log)
        await trio.sleep(7)
    assert log == [(2, "tick"), (4, "tick"), (5, "once"), (6, "tick")]


async def test_a_cancelled_timer_is_silent_even_if_its_message_waits_already(autojump_clock):
    class Busy(Recorder):
        @handles(float)
        async def work(self, message):
            timer = self.after(1, "late")
            await trio.sleep(2)
            timer.cancel()

    log = []
    async with ActorSystem() as system:
        system.spawn(Busy, log).tell(1.0)
        await trio.sleep(10)
    assert log == []


async def test_ticks_do_not_pile_up_before_a_busy_actor(autojump_clock):
    class Busy(Recorder):
        async def started(self):
            self.every(1, "tick")

        @handles(float)
        async def work(self, message):
            await trio.sleep(message)

    log = []
    async with ActorSystem(grace=60) as system:
        system.spawn(Busy, log).tell(10.5)
        await trio.sleep(12.1)
    assert [when for when, _ in log] == [10.5, 11, 12]


async def test_timers_are_gone_after_a_restart(autojump_clock):
    class Crashing(Recorder):
        @handles(float)
        def crash(self, message):
            self.every(1, "tick")
            raise ValueError

    log = []
    async with ActorSystem() as system:
        system.spawn(Crashing, log).tell(1.0)
        await trio.sleep(5)
    assert log == []


async def test_the_result_of_background_work_comes_back_as_a_message(autojump_clock):
    async def compute(number):
        await trio.sleep(3)
        return number * 2

    class Boss(Recorder):
        async def started(self):
            self.start_soon(compute, 21, done=lambda value: value)
            self.cancelled = self.start_soon(compute, 1, done=lambda value: value)
            self.cancelled.cancel()
            self.start_soon(compute, 2)

    log = []
    async with ActorSystem() as system:
        system.spawn(Boss, log)
        await trio.sleep(5)
    assert sorted(str(m) if isinstance(m, int) else "done" for _, m in log) == ["42", "done"]


async def test_an_error_in_background_work_comes_back_as_a_message_or_crashes(autojump_clock):
    async def fail():
        await trio.sleep(1)
        async with trio.open_nursery():
            raise OSError("gone")

    class Boss(Recorder):
        @handles(float)
        def begin(self, message):
            self.start_soon(fail, failed=repr if message else None)

    log = []
    async with ActorSystem() as system:
        ref = system.spawn(Boss, log)
        ref.tell(1.0)
        await trio.sleep(2)
        assert system.tree().children[0].restarts == 0
        ref.tell(0.0)
        await trio.sleep(2)
        assert system.tree().children[0].restarts == 1
    assert [m for _, m in log] == ["OSError('gone')"]


async def test_background_work_ends_with_the_life():
    ended = []

    async def forever():
        try:
            await trio.sleep_forever()
        finally:
            ended.append(True)

    class Boss(actors.Actor):
        async def started(self):
            self.start_soon(forever)

        @handles(str)
        def crash(self, message):
            raise ValueError

    async with ActorSystem() as system:
        ref = await system.start(Boss)
        ref.tell("crash")
        await trio.testing.wait_all_tasks_blocked()
        assert len(ended) == 1
        ref.stop()
        await ref.stopped()
        assert len(ended) == 2


async def test_record_from_background_work_is_refused():
    async def meddle(actor):
        actor.record("change")

    class Boss(Recorder):
        async def started(self):
            self.start_soon(meddle, self, failed=str)

    log = []
    async with ActorSystem(store=actors.MemoryStore()) as system:
        system.spawn(Boss, log)
        await trio.testing.wait_all_tasks_blocked()
    assert "belongs into a handler" in log[0][1]


@pytest.mark.parametrize("period", [0, -1])
def test_a_period_must_be_positive(period):
    class Clock(actors.Actor):
        async def started(self):
            self.every(period, "tick")

    async def main():
        rules = actors.Supervision(decide={ValueError: "stop"})
        async with ActorSystem(supervision=rules) as system:
            with pytest.raises(actors.ActorCrashed):
                await system.start(Clock)

    trio.run(main)


NO_SECONDS = [(None, TypeError), ("5", TypeError), (True, TypeError), (math.nan, ValueError)]


@pytest.mark.parametrize(("seconds", "error"), NO_SECONDS)
async def test_what_is_no_number_of_seconds_is_refused_before_anything_happens(seconds, error):
    class Clock(actors.Actor):
        @handles(int)
        def set(self, message):
            for method in (self.after, self.every):
                with pytest.raises(error):
                    method(seconds, "tick")

        @handles(str, actors.Request)
        def tick(self, message):
            seen.append(message)

    seen = []
    async with ActorSystem() as system:
        clock = system.spawn(Clock)
        with pytest.raises(error, match=r"ask\(timeout=\) expects a number of seconds"):
            await clock.ask(actors.Request(), timeout=seconds)
        with pytest.raises(error):
            system.spawn(Clock, shutdown=seconds)
        clock.tell(1)
        await trio.testing.wait_all_tasks_blocked()
        assert system.statistics().crashes == 0
    assert seen == []


async def test_an_ask_without_a_timeout_waits_for_ever(autojump_clock):
    class Slow(actors.Actor):
        @handles(actors.Request)
        async def answer(self, message):
            await trio.sleep(80_000)
            return 1

    async with ActorSystem() as system:
        assert await system.spawn(Slow).ask(actors.Request(), timeout=math.inf) == 1


class Bell(Entry):
    def __init__(self):
        super().__init__()
        self.rang = []

    def expire(self):
        self.rang.append(trio.current_time())


async def test_a_deadline_that_is_set_anew_holds_at_the_new_time_only(autojump_clock):
    async with ActorSystem() as system:
        bell = Bell()
        system.deadlines.add(5, bell)
        system.deadlines.discard(bell)
        system.deadlines.add(10, bell)
        await trio.sleep(20)
        assert bell.rang == [10]
        system.deadlines.add(5, bell)
        system.deadlines.add(10, bell)
        await trio.sleep(20)
        assert bell.rang == [10, 30]


async def test_a_million_deadlines_that_are_not_wanted_any_more_hold_no_memory(autojump_clock):
    async with ActorSystem() as system:
        for _ in range(100_000):
            bell = Bell()
            system.deadlines.add(1e6, bell)
            system.deadlines.discard(bell)
        assert len(system.deadlines._heap) < 3_000
