"""The end of `flamenco demo --exit` waits for the pictures of the frames."""

import trio

from flamenco.cli.demo import work
from tests.client.conftest import client as _client
from tests.web.conftest import call
from tests.web.conftest import edge as _edge
from tests.web.test_frames import FRAMES_JOB
from tests.web.test_pictures import picture
from tests.web.test_worker_calls import awake

client, edge = _client, _edge


async def test_pictures_that_are_on_their_way_are_waited_for(edge, client):
    job = (await call(edge, "POST", "jobs", FRAMES_JOB))["id"]
    anna = await awake(edge)
    lacking = None

    async def look() -> None:
        nonlocal lacking
        lacking = await work.frames_without_picture(client, job)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(look)
        for frame in (1, 2):
            task = await anna.gets_task()
            await anna.says("POST", f"task/{task['uuid']}/picture", picture(frame), 204)
            await anna.completes(task)
        task = await anna.gets_task()
        body = {"lease": 1, "frame": 3, "reason": "it is a deep image"}
        assert lacking is None
        await anna.says("POST", f"task/{task['uuid']}/picture", body, 204)
    assert lacking == 1


async def test_pictures_that_never_come_are_counted(edge, client, monkeypatch):
    monkeypatch.setattr(work, "PICTURES_SECONDS", 0.1)
    job = (await call(edge, "POST", "jobs", FRAMES_JOB))["id"]
    assert await work.frames_without_picture(client, job) == 3
