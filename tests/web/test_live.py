"""Live updates over a real network that breaks: nothing is missing, nothing comes twice."""

import json
from contextlib import suppress
from random import Random

import httpx
import pytest
import trio
import trio_websocket

from tests.cutting import cutting
from tests.patience import PATIENCE
from tests.web.conftest import call
from tests.web.test_edge import live_events, told
from tests.web.test_requests import submitted, worker

# trio-websocket leaves the socket of a broken connection to the garbage collector.
pytestmark = [
    pytest.mark.usefixtures("leftovers"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
    ),
]

CHANGES = 50
NOBODY = "00000000-0000-0000-0000-000000000000"


def port_of(edge) -> int:
    return int(edge.url.rpartition(":")[2])


async def changes(edge, job: str) -> None:
    """Give a job one priority after the other."""
    for priority in range(CHANGES):
        await call(edge, "POST", f"jobs/{job}/setpriority", {"priority": priority}, 204)


def cuts(seed: int):
    random = Random(seed)
    return (random.randrange(300, 4000) for _ in range(12))


# The WebSocket


async def ask(socket, op: str, **what) -> dict:
    """The answer to a request."""
    await socket.send_message(json.dumps({"op": op, **what}))
    while "ok" not in (answer := await live_events(socket)) and "error" not in answer:
        pass
    return answer


class Watcher:
    """A client that comes back after each broken connection."""

    def __init__(self, job: str) -> None:
        self.heard: list[int] = []
        self._place = ""
        self._what = {"type": "job", "uuid": job}

    async def watch(self, port: int, ready: trio.Event) -> None:
        while len(self.heard) < CHANGES:
            try:
                await self._connected(f"ws://127.0.0.1:{port}/api/v3/live", ready)
            except* (trio_websocket.ConnectionClosed, trio_websocket.HandshakeError, OSError):
                pass

    async def _connected(self, url: str, ready: trio.Event) -> None:
        async with trio_websocket.open_websocket_url(url) as socket:
            if self._place:
                again = {"after": self._place, "subscriptions": [self._what]}
                answer = await ask(socket, "resume", **again)
            else:
                answer = await ask(socket, "subscribe", **self._what)
            self._place = answer["id"]
            ready.set()
            while len(self.heard) < CHANGES:
                event = await live_events(socket)
                self._place = event["id"]
                assert event["event"] != "/resync"
                if event["event"] == "/jobs":
                    self.heard.append(event["payload"]["priority"])


@pytest.mark.parametrize("seed", range(2))
async def test_a_socket_that_is_cut_anywhere_resumes_without_a_hole(edge, seed):
    job = await submitted(edge)
    watcher, ready = Watcher(job), trio.Event()
    async with cutting(port_of(edge), cuts(seed)) as network, trio.open_nursery() as nursery:
        nursery.start_soon(watcher.watch, network.port, ready)
        await ready.wait()
        nursery.start_soon(changes, edge, job)
    assert watcher.heard == list(range(CHANGES))
    assert network.cuts


async def test_one_that_names_a_place_of_another_life_is_told_to_fetch_anew(edge):
    async with trio_websocket.open_websocket_url(edge.socket_url + "/live") as socket:
        all_jobs = {"type": "allJobs"}
        answer = await ask(socket, "resume", after="another-3", subscriptions=[all_jobs])
        event = await told(socket)
        assert event["event"] == "/resync"
        assert event["payload"]["reason"]
        assert event["id"] == answer["id"]
        job = await submitted(edge)
        assert (await told(socket))["payload"]["id"] == job


async def test_a_quiet_socket_hears_signs_of_life_and_then_events(edge, monkeypatch):
    monkeypatch.setattr("web.pulse.QUIET_SECONDS", 0.2)
    async with trio_websocket.open_websocket_url(edge.socket_url + "/live") as socket:
        await ask(socket, "subscribe", type="allJobs")
        for _ in range(3):
            assert (await told(socket))["event"] == "/alive"
        job = await submitted(edge)
        while (heard := await told(socket))["event"] == "/alive":
            pass
        assert heard["payload"]["id"] == job


async def test_a_worker_tells_its_tags_when_they_change(edge):
    anna = await worker(edge)
    tag = await call(edge, "POST", "worker-mgt/tags", {"name": "gpu"})
    async with trio_websocket.open_websocket_url(edge.socket_url + "/live") as socket:
        await ask(socket, "subscribe", type="worker", uuid=anna)
        given = {"tag_ids": [tag["id"]]}
        await call(edge, "POST", f"worker-mgt/workers/{anna}/settags", given, 204)
        assert (await told(socket))["payload"]["tag_ids"] == [tag["id"]]


async def test_a_worker_is_followed_by_its_id(edge):
    anna, other = await worker(edge), await worker(edge)
    async with trio_websocket.open_websocket_url(edge.socket_url + "/live") as socket:
        await ask(socket, "subscribe", type="worker", uuid=anna)
        for each in (other, anna):
            await call(edge, "DELETE", f"worker-mgt/workers/{each}", status=204)
        event = await told(socket)
        assert (event["event"], event["payload"]["id"]) == ("/workers", anna)


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        ({"op": "sing"}, "subscribe or unsubscribe or resume"),
        ({}, "subscribe or unsubscribe or resume"),
        ({"op": "subscribe", "type": "moon"}, "allJobs"),
        ({"op": "subscribe", "type": "worker"}, "uuid"),
        ({"op": "subscribe", "type": "job", "uuid": "6fa0"}, "uuid: expected uuid, got '6fa0'"),
        ({"op": "subscribe"}, "type"),
        ({"op": "resume"}, "after"),
        ({"op": "resume", "after": "1", "subscriptions": [{"type": "job"}]}, "uuid"),
        ({"op": "resume", "after": 1}, "$.after"),
        ([], "array"),
    ],
)
async def test_a_request_that_means_nothing_is_answered_with_what_was_expected(
    edge, request_, word
):
    async with trio_websocket.open_websocket_url(edge.socket_url + "/live") as socket:
        await socket.send_message(json.dumps(request_))
        while "error" not in (answer := await live_events(socket)):
            pass
        assert word in answer["error"]


async def test_nobody_follows_more_than_can_be_borne(edge, monkeypatch):
    monkeypatch.setattr("web.live.MOST_FOLLOWED", 3)
    many = [{"type": "job", "uuid": f"{NOBODY[:-1]}{each}"} for each in range(4)]
    async with trio_websocket.open_websocket_url(edge.socket_url + "/live") as socket:
        answer = await ask(socket, "resume", after="1", subscriptions=many)
        assert "3 subscriptions" in answer["error"]
        answers = [await ask(socket, "subscribe", **each) for each in many]
        assert ["ok" in each for each in answers] == [True, True, False, False]
        assert "ok" in await ask(socket, "unsubscribe", **many[0])
        assert "ok" in await ask(socket, "subscribe", **many[2])


async def test_one_that_does_not_read_holds_up_nobody(edge):
    url = edge.socket_url + "/live"
    async with trio_websocket.open_websocket_url(url, message_queue_size=0) as idle:
        await idle.send_message('{"op": "subscribe", "type": "allJobs"}')
        async with trio_websocket.open_websocket_url(url) as socket:
            await ask(socket, "subscribe", type="allJobs")
            job = await submitted(edge)
            await changes(edge, job)
            heard: list[int] = []
            while len(heard) < CHANGES:
                message = await live_events(socket)
                if message["event"] == "/jobs":
                    heard.append(message["payload"]["priority"])
            assert heard[1:] == list(range(CHANGES - 1))


# Server-sent events


def blocks(text: str) -> list[dict[str, str]]:
    """The complete blocks of an event stream."""
    complete = text.rpartition("\n\n")[0].split("\n\n")
    return [dict(line.split(": ", 1) for line in each.split("\n")) for each in complete if each]


class Listener:
    """A script that follows a stream, as browsers do."""

    def __init__(self, url: str) -> None:
        self.events: list[dict[str, str]] = []
        self._url = url
        self._place = ""
        self.ready = trio.Event()

    async def listen(self, enough) -> None:
        """Follow until it was told enough, whatever breaks."""
        while not enough(self.events):
            with suppress(httpx.TransportError):
                await self._connected(enough)

    async def _connected(self, enough) -> None:
        headers = {"Last-Event-ID": self._place} if self._place else {}
        async with (
            httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http,
            http.stream("GET", self._url, headers=headers) as answer,
        ):
            assert answer.headers["Content-Type"] == "text/event-stream"
            text = ""
            async for piece in answer.aiter_text():
                text += piece
                for block in blocks(text):
                    self._take(block)
                text = text.rpartition("\n\n")[2]
                if enough(self.events):
                    return

    def _take(self, block: dict[str, str]) -> None:
        self._place = block["id"]
        self.ready.set()
        if "event" in block:
            self.events.append(block)

    def priorities(self) -> list[int]:
        payloads = [json.loads(each["data"]) for each in self.events if each["event"] == "/jobs"]
        return [each["priority"] for each in payloads]


@pytest.mark.parametrize("seed", range(2))
async def test_a_stream_that_is_cut_anywhere_resumes_without_a_hole(edge, seed):
    job = await submitted(edge)
    async with cutting(port_of(edge), cuts(seed)) as network, trio.open_nursery() as nursery:
        url = f"http://127.0.0.1:{network.port}/api/v3/events?job={job}"
        listener = Listener(url)
        nursery.start_soon(listener.listen, lambda _: len(listener.priorities()) >= CHANGES)
        await listener.ready.wait()
        nursery.start_soon(changes, edge, job)
    assert listener.priorities() == list(range(CHANGES))
    assert network.cuts


async def test_a_stream_tells_of_all_that_is_named_and_ends_with_the_manager(edge):
    anna = await worker(edge)
    url = f"{edge.url}/api/v3/events?type=allJobs&type=allWorkerTags&worker={anna}"
    listener = Listener(url)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(
            listener.listen, lambda events: events[-1:] and "shutdown" in str(events)
        )
        await listener.ready.wait()
        await submitted(edge)
        await call(edge, "POST", "worker-mgt/tags", {"name": "gpu"})
        await call(edge, "DELETE", f"worker-mgt/workers/{anna}", status=204)
        edge.stop.set()
    names = [each["event"] for each in listener.events]
    assert [name for name in names if name != "/status"] == [
        "/jobs",
        "/workertags",
        "/workers",
        "/lifecycle",
    ]


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("type=everything", "type: expected allJobs or"),
        ("job=7", "job: expected uuid, got '7'"),
        (f"job={NOBODY}&job=7", "job: expected uuid"),
        ("tasklog=", "tasklog: expected uuid"),
    ],
)
async def test_a_stream_of_what_cannot_be_followed_is_refused(edge, query, word):
    error = await call(edge, "GET", f"events?{query}", status=400)
    assert word in error["message"]


async def test_a_place_of_another_life_is_answered_with_a_resync(edge):
    listener = Listener(f"{edge.url}/api/v3/events?type=allJobs&after=another-7")
    await listener.listen(lambda events: events)
    assert listener.events[0]["event"] == "/resync"
