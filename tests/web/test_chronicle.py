"""A follower of the farm is told each event once, however often the connection breaks."""

import json
from collections import Counter
from datetime import UTC, datetime

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

import actors
from flamenco.api.events import (
    EventFramesUpdate,
    EventLifeCycle,
    EventTaskLogUpdate,
    EventTaskUpdate,
    LifeCycleEventType,
)
from flamenco.api.frames import FrameChange
from flamenco.api.pictures import ShownPicture
from flamenco.manager.events import MOST_FRAMES
from flamenco.model.statuses import FrameState, TaskStatus
from web.chronicle import GATHERING_SECONDS, Chronicle, Follower
from web.gathering import Gathering
from web.pulse import QUIET_SECONDS
from web.rings import WEIGHT, Happening
from web.topics import EVERYBODY, One, Topic

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TASKS = ("a", "b", "c")
LOGS = {task: Topic(One.TASK_LOG, task) for task in TASKS}


def log(task: str, text: str) -> EventTaskLogUpdate:
    return EventTaskLogUpdate(task_id=task, log=text)


STARTED = EventLifeCycle(type=LifeCycleEventType.STARTUP)


def told(follower: Follower) -> list[str]:
    """The log texts that are told now, or the name of another event."""
    found = []
    while (event := follower.next()) is not None:
        found.append(json.loads(event.payload).get("log", event.name))
    return found


def test_a_follower_is_told_what_it_follows_from_then_on():
    chronicle = Chronicle()
    chronicle.record(log("a", "before"))
    follower = Follower.of(chronicle, [LOGS["a"]])
    chronicle.record(log("a", "1"))
    chronicle.record(log("b", "not followed yet"))
    follower.follow(LOGS["b"])
    chronicle.record(log("b", "2"))
    follower.leave(LOGS["a"])
    chronicle.record(log("a", "left"))
    assert told(follower) == ["2"]


def test_one_that_comes_back_is_told_what_it_missed_and_nothing_twice():
    chronicle = Chronicle()
    first = Follower.of(chronicle, [LOGS["a"]])
    chronicle.record(log("a", "1"))
    assert told(first) == ["1"]
    for text in "23":
        chronicle.record(log("a", text))
    second = Follower.of(chronicle, [])
    assert second.resume(first.place, [LOGS["a"]]) is None
    assert told(second) == ["2", "3"]


@pytest.mark.parametrize(
    ("place", "word"),
    [
        ("{epoch}-1", "too many events"),
        ("{epoch}-0", "too many events"),
        ("{epoch}-99", "not known"),
        ("{epoch}-" + "9" * 5000, "not known"),
        ("{epoch}-x", "restarted"),
        ("{epoch}-²", "restarted"),
        ("other-9", "restarted"),
        ("", "restarted"),
    ],
)
def test_one_that_was_away_too_long_is_told_to_fetch_anew_and_then_goes_on(place, word):
    chronicle = Chronicle(capacity=2)
    for text in "12345":
        chronicle.record(log("a", text))
    follower = Follower.of(chronicle, [])
    resync = follower.resume(place.format(epoch=chronicle.epoch), [LOGS["a"]])
    assert resync is not None
    assert resync.name == "/resync"
    assert word in json.loads(resync.payload)["reason"]
    chronicle.record(log("a", "6"))
    assert told(follower) == ["6"]


def test_one_that_is_too_slow_is_told_so_and_holds_up_nobody():
    chronicle = Chronicle(capacity=2)
    slow, quick = (Follower.of(chronicle, [LOGS["a"]]) for _ in range(2))
    heard = []
    for text in "12345":
        chronicle.record(log("a", text))
        heard += told(quick)
    assert heard == list("12345")
    assert told(slow) == ["/resync"]


def test_events_weigh_as_much_as_their_texts():
    """A long name counts as a line of a log does."""
    long, short = (
        EventTaskUpdate(
            id="1",
            job_id="2",
            name=name,
            updated=NOW,
            status=TaskStatus.ACTIVE,
            activity="",
            steps_completed=0,
            steps_total=0,
        )
        for name in (1000 * "x", "")
    )
    assert Happening(1, long).weight == Happening(1, short).weight + 1000


def test_large_logs_leave_the_chronicle_earlier():
    chronicle = Chronicle()
    follower = Follower.of(chronicle, [LOGS["a"]])
    for _ in range(5):
        chronicle.record(log("a", "x" * (WEIGHT // 4)))
    assert told(follower) == ["/resync"]
    chronicle.record(log("a", "x" * 2 * WEIGHT))
    assert len(told(follower)) == 1


def test_lines_of_logs_push_nothing_else_out():
    chronicle = Chronicle(capacity=3)
    first = Follower.of(chronicle, [EVERYBODY])
    chronicle.record(STARTED)
    for text in "12345":
        chronicle.record(log("a", text))
    second = Follower.of(chronicle, [])
    assert second.resume(first.place, [EVERYBODY]) is None
    assert told(second) == ["/lifecycle"]
    both = Follower.of(chronicle, [])
    assert both.resume(first.place, [EVERYBODY, LOGS["b"]]).name == "/resync"


def test_one_that_begins_to_follow_a_log_is_not_told_that_it_missed_others():
    chronicle = Chronicle(capacity=3)
    follower = Follower.of(chronicle, [EVERYBODY])
    for text in "12345":
        chronicle.record(log("a", text))
        assert told(follower) == []
    follower.follow(LOGS["b"])
    chronicle.record(log("b", "line"))
    assert told(follower) == ["line"]


def test_lines_and_other_events_come_in_their_order():
    chronicle = Chronicle()
    follower = Follower.of(chronicle, [EVERYBODY, LOGS["a"]])
    for event in (log("a", "1"), STARTED, log("a", "2"), log("a", "3"), STARTED):
        chronicle.record(event)
    assert told(follower) == ["1", "/lifecycle", "2", "3", "/lifecycle"]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("happens"), st.sampled_from(TASKS)),
        st.tuples(st.just("reads"), st.integers(0, 4)),
        st.tuples(st.just("breaks"), st.booleans()),
        st.tuples(st.just("loses"), st.integers(1, 3)),
    )
)


class Client:
    """One that follows some tasks' logs; it fetches anew when it is told to."""

    def __init__(self, chronicle: Chronicle, tasks: set[str]) -> None:
        self._chronicle, self._tasks = chronicle, tasks
        self._topics = [LOGS[task] for task in tasks]
        self._follower = Follower.of(chronicle, self._topics)
        self.heard: list[str] = []
        self.owed: list[str] = []

    def happens(self, task: str) -> None:
        text = str(self._chronicle.last)
        self._chronicle.record(log(task, text))
        if task in self._tasks:
            self.owed.append(text)

    def reads(self, most: int) -> None:
        for _ in range(most):
            self._take(self._follower.next())

    def breaks(self, follows_before: bool) -> None:
        place = self._follower.place
        self._follower = Follower.of(self._chronicle, self._topics if follows_before else [])
        self._take(self._follower.resume(place, self._topics))

    def loses(self, count: int) -> None:
        self._chronicle.skip(count)
        self.owed.append("nobody will ever hear this")

    def _take(self, event) -> None:
        if event is None:
            return
        if event.name == "/resync":
            self.heard, self.owed = [], []
        else:
            self.heard.append(json.loads(event.payload)["log"])


@given(steps=STEPS, followed=st.sets(st.sampled_from(TASKS)), capacity=st.integers(1, 20))
def test_nothing_is_missing_or_doubled_since_a_client_has_fetched(steps, followed, capacity):
    client = Client(Chronicle(capacity=capacity), followed)
    for what, how in steps:
        getattr(client, what)(how)
    client.reads(1000)
    assert client.heard == client.owed


async def test_what_a_chronicle_was_too_slow_for_is_a_hole_that_everybody_is_told_of():
    events = actors.ActorSystem("test").events
    chronicle = Chronicle()
    follower = Follower.of(chronicle, [LOGS["a"]])
    async with chronicle.kept(events.subscribe(EventTaskLogUpdate, capacity=2)):
        await trio.testing.wait_all_tasks_blocked()
        for text in "12345":
            events.publish(log("a", text))
        await trio.testing.wait_all_tasks_blocked()
    assert told(follower) == ["/resync"]
    assert chronicle.last == 5


async def test_one_that_waits_is_woken_and_after_a_quiet_while_told_where_it_is(autojump_clock):
    chronicle = Chronicle()
    follower = Follower.of(chronicle, [LOGS["a"]])
    with follower.listening():
        assert follower.next() is None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(chronicle.pulse.run)

            @nursery.start_soon
            async def happens() -> None:
                await trio.sleep(QUIET_SECONDS / 2)
                chronicle.record(log("b", "not followed"))
                await trio.sleep(QUIET_SECONDS)
                chronicle.record(log("a", "followed"))

            alive = await follower.news()
            assert (alive.name, alive.place) == ("/alive", chronicle.place(1))
            assert QUIET_SECONDS / 2 < trio.current_time() <= QUIET_SECONDS
            assert await follower.news() is None
            assert trio.current_time() == 1.5 * QUIET_SECONDS
            assert told(follower) == ["followed"]
            nursery.cancel_scope.cancel()


async def test_signs_of_life_are_spread_however_many_clients_had_the_same_event(autojump_clock):
    chronicle, heard, count = Chronicle(), Counter(), 500

    async def listen() -> None:
        follower = Follower.of(chronicle, [LOGS["a"]])
        with follower.listening():
            signs = 0
            while signs < 2:
                event = follower.next() or await follower.news()
                if event is not None and event.name == "/alive":
                    heard[round(trio.current_time(), 3)] += 1
                    signs += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(chronicle.pulse.run)
        async with trio.open_nursery() as clients:
            for _ in range(count):
                clients.start_soon(listen)
            await trio.sleep(1)
            chronicle.record(log("a", "line"))
        nursery.cancel_scope.cancel()
    assert heard.total() == 2 * count
    assert max(heard.values()) <= count / 10
    assert max(heard) <= 1 + 2 * QUIET_SECONDS


async def test_an_event_wakes_only_those_whom_it_concerns(autojump_clock):
    chronicle, woken = Chronicle(), []
    followers = {task: Follower.of(chronicle, [LOGS[task]]) for task in TASKS}

    async def wait(task: str) -> None:
        with followers[task].listening():
            assert followers[task].next() is None
            if await followers[task].news() is None:
                woken.append((task, told(followers[task])))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(chronicle.pulse.run)
        async with trio.open_nursery() as waiting:
            for task in TASKS:
                waiting.start_soon(wait, task)
            await trio.sleep(1)
            chronicle.record(log("b", "line"))
        nursery.cancel_scope.cancel()
    assert woken == [("b", ["line"])]
    assert not chronicle.followed


async def test_one_that_nothing_concerns_misses_nothing_however_much_happens():
    chronicle = Chronicle(capacity=2)
    follower = Follower.of(chronicle, [LOGS["a"]])
    with follower.listening():
        assert follower.next() is None
        for text in "12345":
            chronicle.record(log("b", text))
        assert told(follower) == []
        chronicle.record(log("a", "6"))
        assert told(follower) == ["6"]
        follower.leave(LOGS["a"])
        follower.follow(LOGS["c"])
        chronicle.record(log("a", "7"))
        chronicle.record(log("c", "8"))
        assert told(follower) == ["8"]


async def test_events_that_do_not_concern_a_client_are_no_signs_of_life(autojump_clock):
    chronicle = Chronicle()
    follower = Follower.of(chronicle, [LOGS["a"]])
    with follower.listening():
        heard = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(chronicle.pulse.run)

            @nursery.start_soon
            async def happens() -> None:
                while heard is None:
                    chronicle.record(log("b", "not followed"))
                    await trio.sleep(QUIET_SECONDS / 4)

            with trio.fail_after(QUIET_SECONDS * 2):
                while heard is None:
                    heard = follower.next() or await follower.news()
            assert heard.name == "/alive"
            assert trio.current_time() <= QUIET_SECONDS
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize("takes", [True, False])
async def test_a_sign_of_life_wakes_nobody_as_long_as_the_client_takes_it(takes, autojump_clock):
    chronicle, sent, woken = Chronicle(), [], []
    follower = Follower.of(chronicle, [LOGS["a"]])
    follower.at_once = lambda frame: takes and not sent.append(frame)

    async def listen() -> None:
        while True:
            woken.append(await follower.news())

    with follower.listening():
        assert follower.next() is None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(chronicle.pulse.run)
            nursery.start_soon(listen)
            chronicle.record(log("b", "not followed"))
            await trio.sleep(3.5 * QUIET_SECONDS)
            nursery.cancel_scope.cancel()
    assert sent == 3 * takes * [chronicle.alive.frame]
    assert woken == 3 * (not takes) * [chronicle.alive]
    assert follower.place == chronicle.place(1)


async def test_what_a_client_has_not_read_comes_before_a_sign_of_life():
    chronicle, sent = Chronicle(), []
    follower = Follower.of(chronicle, [LOGS["a"]])
    follower.at_once = sent.append
    with follower.listening():
        assert follower.next() is None
        follower.beat()
        chronicle.record(log("a", "news"))
        follower.beat()
        assert (told(follower), sent) == (["news"], [])


def test_a_chronicle_is_followed_as_long_as_somebody_waits():
    chronicle = Chronicle()
    assert not chronicle.followed
    with Follower.of(chronicle, [EVERYBODY]).listening():
        assert chronicle.followed
    assert not chronicle.followed


async def test_the_frames_of_a_job_are_told_at_most_once_a_second(autojump_clock):
    events = actors.ActorSystem("test").events
    chronicle = Chronicle()
    follower = Follower.of(chronicle, [Topic(One.JOB, "j1"), Topic(One.JOB, "j2")])
    async with chronicle.kept(events.subscribe(EventFramesUpdate, capacity=100)):
        for number in range(20):
            for job in ("j1", "j2"):
                changes = (FrameChange(frame=number % 3, attempt=number),)
                events.publish(EventFramesUpdate(job_id=job, frames=changes))
            await trio.sleep(0.15)
        await trio.sleep(GATHERING_SECONDS)
    heard = []
    while (event := follower.next()) is not None:
        heard.append(json.loads(event.payload))
    of_one = [each["frames"] for each in heard if each["job_id"] == "j1"]
    assert len(heard) == 2 * len(of_one) <= 8
    newest = {each["frame"]: each["attempt"] for frames in of_one for each in frames}
    assert newest == {0: 18, 1: 19, 2: 17}


def picture(output: str, lease: int, task: str = "t1") -> ShownPicture:
    return ShownPicture(output=output, lease=lease, task=task)


def gathered(*changes: FrameChange) -> FrameChange:
    gathering = Gathering()
    for change in changes:
        gathering.add(EventFramesUpdate(job_id="j", frames=(change,)))
    ((frame,),) = [event.frames for event in gathering.take()]
    assert gathering.take() == []
    return frame


def test_of_a_frame_the_newest_of_all_that_is_gathered_counts():
    frame = gathered(
        FrameChange(frame=1, state=FrameState.ACTIVE, files=("L.png",)),
        FrameChange(frame=1, pictures=(picture("L", 2),), files=("R.png",)),
        FrameChange(frame=1, pictures=(picture("R", 2),)),
        FrameChange(frame=1, pictures=(picture("L", 1),), state=FrameState.DONE),
    )
    assert frame == FrameChange(
        frame=1,
        state=FrameState.DONE,
        files=("L.png", "R.png"),
        pictures=(picture("L", 2), picture("R", 2)),
    )


def test_attempts_at_different_tasks_are_not_compared():
    frame = gathered(
        FrameChange(frame=1, pictures=(picture("", 5, "t1"),)),
        FrameChange(frame=1, pictures=(picture("", 1, "t2"),)),
    )
    assert frame.pictures == (picture("", 1, "t2"),)


def test_what_is_too_much_to_be_told_has_to_be_fetched():
    gathering = Gathering()
    for number in range(MOST_FRAMES + 5):
        change = FrameChange(frame=number, attempt=1)
        gathering.add(EventFramesUpdate(job_id="j", frames=(change,)))
    assert gathering.take() == [EventFramesUpdate(job_id="j", refresh=True)]
