"""A Worker hears whether somebody follows the log of its task, so that it sends it sooner."""

import json
from contextlib import asynccontextmanager

import httpx
import pytest
import trio
import trio_websocket

from flamenco import protocol
from flamenco.model.statuses import WorkerStatus
from tests.patience import PATIENCE
from tests.web.conftest import JOB
from tests.web.test_edge import registered, session, subscribe, told


class Talk:
    """A worker's end of a session."""

    def __init__(self, socket):
        self.socket = socket

    async def say(self, message, seq=None):
        await self.socket.send_message(protocol.encode(message, seq))

    async def hear(self, kind):
        with trio.fail_after(PATIENCE):
            message, _ = protocol.decode(await self.socket.get_message())
        assert isinstance(message, kind), message
        return message


@asynccontextmanager
async def awake(edge, worker_id, *leases, can_hurry=True):
    """A worker that signs on, naming these leases."""
    async with session(edge, worker_id) as socket:
        talk = Talk(socket)
        hello = protocol.Hello(
            name="anna",
            software_version="1",
            task_types=("misc",),
            can_hurry=can_hurry,
            leases=leases,
        )
        await talk.say(hello)
        await talk.hear(protocol.Welcome)
        yield talk


async def assigned(talk):
    await talk.say(protocol.StateChanged(WorkerStatus.AWAKE), 1)
    await talk.hear(protocol.Acknowledge)
    return await talk.hear(protocol.Assign)


def live(edge):
    return trio_websocket.open_websocket_url(edge.socket_url + "/live")


@pytest.fixture
async def worker_id(edge):
    found = await registered(edge)
    await edge.http.post("/api/v3/jobs", json=JOB)
    return found


async def test_when_the_first_one_comes_and_when_the_last_one_goes(edge, worker_id):
    async with awake(edge, worker_id) as talk:
        assign = await assigned(talk)
        about = (assign.task_id, assign.lease)
        async with live(edge) as first:
            await subscribe(first, type="tasklog", uuid=assign.task_id)
            assert await talk.hear(protocol.Hurry) == protocol.Hurry(*about, followed=True)
            async with live(edge) as second:
                await subscribe(second, type="tasklog", uuid=assign.task_id)
            await first.send_message(
                json.dumps({"op": "unsubscribe", "type": "tasklog", "uuid": assign.task_id})
            )
            assert await talk.hear(protocol.Hurry) == protocol.Hurry(*about, followed=False)
            assert (await told(first))["ok"]["op"] == "unsubscribe"
            await subscribe(first, type="tasklog", uuid=assign.task_id)
            assert await talk.hear(protocol.Hurry) == protocol.Hurry(*about, followed=True)
        assert await talk.hear(protocol.Hurry) == protocol.Hurry(*about, followed=False)


async def test_of_a_log_that_was_followed_before_it_began_and_after_it_signs_on_again(
    edge, worker_id
):
    jobs = (await edge.http.get("/api/v3/jobs")).json()["jobs"]
    tasks = (await edge.http.get(f"/api/v3/jobs/{jobs[0]['id']}/tasks")).json()["tasks"]
    async with live(edge) as browser:
        for task in tasks:
            await subscribe(browser, type="tasklog", uuid=task["id"])
        async with awake(edge, worker_id) as talk:
            assign = await assigned(talk)
            hurry = protocol.Hurry(assign.task_id, assign.lease, followed=True)
            assert await talk.hear(protocol.Hurry) == hurry
        held = protocol.HeldLease(assign.task_id, assign.lease)
        async with awake(edge, worker_id, held) as talk:
            assert await talk.hear(protocol.Hurry) == hurry


async def test_a_worker_that_does_not_know_of_it_is_not_told(edge, worker_id):
    async with awake(edge, worker_id, can_hurry=False) as talk:
        assign = await assigned(talk)
        async with live(edge) as browser:
            await subscribe(browser, type="tasklog", uuid=assign.task_id)
        done = protocol.Report(task_id=assign.task_id, lease=assign.lease, log="hi\n")
        await talk.say(done, 2)
        await talk.hear(protocol.Acknowledge)


async def test_of_who_follows_by_server_sent_events(edge, worker_id):
    async with awake(edge, worker_id) as talk:
        assign = await assigned(talk)
        url = f"{edge.url}/api/v3/events?tasklog={assign.task_id}"
        async with httpx.AsyncClient(timeout=PATIENCE) as http, http.stream("GET", url) as answer:
            assert answer.status_code == 200
            assert (await talk.hear(protocol.Hurry)).followed
        assert not (await talk.hear(protocol.Hurry)).followed
