"""Supervision and the life of an actor: hooks, restarts, children, the end."""

import attrs
import pytest
import trio

import actors
from actors import ActorSystem, Backoff, Supervision, handles


class Ping(actors.Request[int]):
    pass


@attrs.frozen
class Raise:
    error: Exception


class Child(actors.Actor):
    def __init__(self, log=None):
        self.log = log if log is not None else []
        self.handled = 0
        self.log.append((self.name, "init"))

    async def started(self):
        self.log.append((self.name, "started"))

    async def stopping(self, why):
        self.log.append((self.name, "stopping", why.reason))

    async def stopped(self, why):
        self.log.append((self.name, "stopped", why.reason))

    @handles(Ping)
    def ping(self, message):
        self.handled += 1
        return self.handled

    @handles(Raise)
    def fail(self, message):
        raise message.error

    @handles(str)
    def command(self, message):
        if message == "stop":
            self.stop()


def parent_of(supervision_, *names):
    class Parent(actors.Actor):
        supervision = supervision_

        def __init__(self, log):
            self.log = log

        async def started(self):
            for name in names:
                await self.start(Child, self.log, name=name)

        @handles(actors.Terminated)
        def ended(self, message):
            self.log.append(("parent", message.ref.name, message.exit.reason))

        @handles(str)
        def watch_it(self, message):
            self.watch(self.children[message])

        @handles(Ping)
        def ping(self, message):
            return 0

    return Parent


async def test_a_life_runs_its_hooks_in_order():
    log = []
    async with ActorSystem() as system:
        child = await system.start(Child, log, name="a")
        assert log == [("a", "init"), ("a", "started")]
        child.stop()
        await child.stopped()
    assert log[2:] == [("a", "stopping", "stopped"), ("a", "stopped", "stopped")]


async def test_a_crash_restarts_the_actor_and_keeps_its_mail_but_not_the_bad_message():
    async with ActorSystem() as system:
        child = await system.start(Child)
        assert await child.ask(Ping()) == 1
        child.tell(Raise(ValueError("boom")))
        assert await child.ask(Ping()) == 1
        (info,) = system.tree().children
        assert (info.restarts, info.state, info.handled) == (1, "running", 3)


async def test_resume_drops_the_message_and_keeps_the_state():
    rules = Supervision(decide={ValueError: "resume"})
    async with ActorSystem(supervision=rules) as system:
        child = await system.start(Child)
        await child.ask(Ping())
        child.tell(Raise(ValueError("boom")))
        child.tell(Raise(ExceptionGroup("nursery", [ValueError("boom")])))
        assert await child.ask(Ping()) == 2


async def test_stop_ends_the_actor_and_tells_those_who_watch_why():
    log = []
    rules = Supervision(decide={KeyError: "stop"})
    async with ActorSystem() as system:
        parent = await system.start(parent_of(rules, "a"), log, name="p")
        parent.tell("a")
        await parent.ask(Ping())
        child = system.find("/p/a")
        child.tell(Raise(KeyError("x")))
        end = await child.stopped()
        assert end.reason == "crashed"
        assert isinstance(end.error, KeyError)
        await parent.ask(Ping())
        assert log[-1] == ("parent", "a", "crashed")
        with pytest.raises(actors.ActorCrashed) as caught:
            await child.ask(Ping())
        assert caught.value.__cause__ is end.error


async def test_watching_an_ended_actor_answers_at_once():
    class Watcher(actors.Actor):
        @handles(actors.ActorRef)
        def look(self, ref):
            self.watch(ref)

        @handles(actors.Terminated)
        def ended(self, message):
            self.stop()

    async with ActorSystem() as system:
        child = system.spawn(Child)
        child.stop()
        await child.stopped()
        watcher = system.spawn(Watcher)
        watcher.tell(child)
        await watcher.stopped()


async def test_a_crash_that_escalates_to_the_top_ends_the_block_with_that_exception():
    async def farm():
        async with ActorSystem(supervision=Supervision(decide={KeyError: "escalate"})) as system:
            system.spawn(Child).tell(Raise(KeyError("boom")))
            await trio.sleep_forever()

    with pytest.raises(KeyError, match="boom"):
        await farm()


async def test_too_many_restarts_escalate_with_the_last_error():
    async def farm():
        async with ActorSystem() as system:
            child = system.spawn(Child, name="a")
            for number in range(1, 5):
                child.tell(Raise(ValueError(number)))
            await trio.sleep_forever()

    with pytest.raises(ValueError, match="4") as caught:
        await farm()
    assert "allows a child 3 restarts in 5 s" in caught.value.__notes__[0]


async def test_restarts_further_apart_than_the_window_go_on_for_ever(autojump_clock):
    async with ActorSystem() as system:
        child = system.spawn(Child)
        for _ in range(20):
            child.tell(Raise(ValueError()))
            assert await child.ask(Ping()) == 1
            await trio.sleep(2)


async def test_restarts_are_counted_for_each_child_alone():
    async with ActorSystem() as system:
        children = [system.spawn(Child) for _ in range(20)]
        for _ in range(3):
            for child in children:
                child.tell(Raise(ValueError("boom")))
        assert [await child.ask(Ping()) for child in children] == [1] * 20


async def test_a_child_beyond_its_restarts_ends_alone_if_the_rules_say_so():
    log = []
    rules = Supervision(max_restarts=1, beyond="stop")
    async with ActorSystem() as system, system.events.subscribe(actors.DeadLetter) as letters:
        parent = await system.start(parent_of(rules, "a", "b"), log, name="p")
        parent.tell("a")
        await parent.ask(Ping())
        bad, good = system.find("/p/a"), system.find("/p/b")
        for number in (1, 2, 3):
            bad.tell(Raise(ValueError(number)))
        with pytest.raises(actors.ActorCrashed) as caught:
            await bad.ask(Ping())
        assert str(caught.value.__cause__) == "2"
        assert (await anext(letters)).message.error.args == (3,)
        end = await bad.stopped()
        assert (end.reason, end.error.args) == ("crashed", (2,))
        assert "allows a child 1 restarts in 5 s" in end.error.__notes__[0]
        assert await good.ask(Ping()) == 1
        assert await parent.ask(Ping()) == 0
        assert log[-1] == ("parent", "a", "crashed")
        assert system.tree().children[0].restarts == 0


class NotFound(Exception):
    pass


@pytest.mark.parametrize("where", ["init", "restore", "started"])
async def test_a_start_that_is_refused_ends_the_actor_and_answers_those_who_ask(where):
    class Job(actors.Actor):
        replies_with = (NotFound,)
        snapshot_key = "job"

        def __init__(self):
            self.refuse("init")

        def restore(self, snapshot):
            self.refuse("restore")

        async def started(self):
            self.refuse("started")

        def refuse(self, place):
            if place == where:
                raise NotFound("job 7")

    async with ActorSystem(store=actors.MemoryStore({"job": 1})) as system:
        with pytest.raises(NotFound):
            await system.start(Job)
        job = system.spawn(Job)
        with pytest.raises(NotFound):
            await job.ask(Ping())
        end = await job.stopped()
        assert (end.reason, type(end.error)) == ("refused", NotFound)
        with pytest.raises(NotFound):
            await job.ask(Ping())
        assert system.tree().children == ()


async def test_an_escalation_restarts_the_parent_and_its_children_with_it():
    log = []
    rules = Supervision(decide={KeyError: "escalate"})
    async with ActorSystem() as system:
        parent = await system.start(parent_of(rules, "a", "b"), log, name="p")
        system.find("/p/a").tell(Raise(KeyError("x")))
        old = system.find("/p/a")
        await old.stopped()
        assert await parent.ask(Ping()) == 0
        assert await system.find("/p/a").ask(Ping()) == 1
        assert system.find("/p/a") is not old
        assert system.tree().children[0].restarts == 1
        assert ("b", "stopped", "stopped") in log


async def test_backoff_grows_and_a_stop_cuts_it_short(autojump_clock):
    rules = Supervision(max_restarts=100, backoff=Backoff(1.0, 60.0, 2.0, jitter=0.0))
    async with ActorSystem(supervision=rules) as system:
        child = system.spawn(Child)
        for wait in (1, 2, 4):
            began = trio.current_time()
            child.tell(Raise(ValueError()))
            await child.ask(Ping(), timeout=100)
            assert trio.current_time() - began == pytest.approx(wait)
        began = trio.current_time()
        child.tell(Raise(ValueError()))
        await trio.sleep(1)
        child.stop()
        await child.stopped()
        assert trio.current_time() - began == pytest.approx(1)


async def test_a_temporary_actor_is_not_restarted_and_any_other_only_after_a_crash():
    async with ActorSystem() as system:
        temporary = system.spawn(Child, restart="temporary")
        temporary.tell(Raise(ValueError()))
        assert (await temporary.stopped()).reason == "crashed"
        transient = system.spawn(Child)
        transient.tell(Raise(ValueError()))
        assert await transient.ask(Ping()) == 1
        transient.tell("stop")
        assert (await transient.stopped()).reason == "stopped"


async def test_start_raises_when_the_child_cannot_start():
    class Broken(actors.Actor):
        async def started(self):
            raise OSError("no port")

    rules = Supervision(decide={OSError: "stop"})
    async with ActorSystem(supervision=rules) as system:
        with pytest.raises(actors.ActorCrashed) as caught:
            await system.start(Broken)
        assert isinstance(caught.value.__cause__, OSError)


async def test_names_are_unique_among_the_living():
    async with ActorSystem() as system:
        child = system.spawn(Child, name="a")
        with pytest.raises(actors.NameTaken):
            system.spawn(Child, name="a")
        child.stop()
        await child.stopped()
        assert system.spawn(Child, name="a") is not child


async def test_a_cleanup_error_during_a_cancel_is_a_crash_and_cancelled_is_not_swallowed():
    class Messy(actors.Actor):
        @handles(str)
        async def work(self, message):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._part)

        async def _part(self):
            try:
                await trio.sleep_forever()
            finally:
                raise KeyError("cleanup")

    async with ActorSystem() as system:
        ref = system.spawn(Messy, shutdown=0.01)
        ref.tell("work")
        await trio.testing.wait_all_tasks_blocked()
        ref.stop()
        end = await ref.stopped()
        assert end.reason == "crashed"
        assert isinstance(end.error, KeyError)


async def test_a_watch_belongs_to_the_life_that_began_it():
    class Watcher(actors.Actor):
        @handles(actors.ActorRef)
        async def watch_end_and_crash(self, ref):
            self.watch(ref)
            ref.stop()
            await ref.stopped()  # its end lies in the mailbox now
            raise ValueError("boom")

        @handles(actors.Terminated)
        def ended(self, message):
            told.append(message)

        @handles(Ping)
        def ping(self, message):
            return len(told)

    told = []
    async with ActorSystem() as system:
        watcher = system.spawn(Watcher)
        watcher.tell(system.spawn(Child))
        await trio.testing.wait_all_tasks_blocked()
        assert await watcher.ask(Ping()) == 0
        assert system.tree().children[0].restarts == 1


async def test_after_unwatch_not_even_an_end_that_has_come_already_is_told():
    class Watcher(actors.Actor):
        @handles(actors.ActorRef)
        async def look_away(self, ref):
            self.watch(ref)
            ref.stop()
            await ref.stopped()
            self.unwatch(ref)

        @handles(actors.Terminated)
        def ended(self, message):
            told.append(message)

        @handles(Ping)
        def ping(self, message):
            return len(told)

    told = []
    async with ActorSystem() as system:
        watcher = system.spawn(Watcher)
        watcher.tell(system.spawn(Child))
        await trio.testing.wait_all_tasks_blocked()
        assert await watcher.ask(Ping()) == 0


async def test_a_decide_that_fails_escalates_and_the_asker_hears_of_the_handlers_error():
    def decide(error):
        raise LookupError("no rule")

    async def block():
        async with ActorSystem(supervision=Supervision(decide=decide)) as system:
            failing = await system.start(Asked)
            try:
                with trio.CancelScope(shield=True):
                    await failing.ask(Ping())
            except actors.ActorCrashed as error:
                causes.append(error.__cause__)
            await trio.sleep_forever()

    class Asked(actors.Actor):
        @handles(Ping)
        def ping(self, message):
            raise ValueError("boom")

    causes = []
    with pytest.raises(LookupError, match="no rule"):
        await block()
    assert [type(cause) for cause in causes] == [ValueError]


async def test_a_crash_while_a_stop_waits_is_logged_and_counted(caplog):
    class Stopping(actors.Actor):
        @handles(str)
        async def stop_and_crash(self, message):
            self.stop()
            raise ValueError("at the end")

    async with ActorSystem() as system:
        ref = system.spawn(Stopping, name="s")
        ref.tell("go")
        assert (await ref.stopped()).reason == "crashed"
        assert system.statistics().crashes == 1
    assert [r.levelname for r in caplog.records if "at the end" in r.getMessage()] == ["ERROR"]
