"""The list of workers says what each of them is doing now, and browsers hear of it live."""

from datetime import datetime

import trio_websocket

from tests.patience import until
from tests.web.conftest import call
from tests.web.test_edge import live_events, subscribe
from tests.web.test_frames import CHUNK_JOB, FRAMES_JOB
from tests.web.test_worker_calls import awake


async def shown(edge, path: str = ""):
    """The only worker, in the list or alone."""
    answer = await call(edge, "GET", f"worker-mgt/workers{path}")
    return answer if path else answer["workers"][0]


async def test_a_worker_in_the_list_has_the_task_that_it_holds_and_no_other(edge):
    job = (await call(edge, "POST", "jobs", FRAMES_JOB | {"name": "shot"}))["id"]
    anna = await awake(edge)
    assert "task" not in await shown(edge)
    task = await anna.gets_task()
    held = (await shown(edge))["task"]
    assert (held["id"], held["job_id"], held["job_name"]) == (task["uuid"], job, "shot")
    assert (held["status"], held["frame"]) == ("active", 1)
    assert datetime.fromisoformat(held["started"]).tzinfo is not None
    assert (await shown(edge, f"/{anna.id}"))["task"] == held
    await anna.completes(task)
    assert "task" not in await shown(edge)
    assert (await shown(edge, f"/{anna.id}"))["task"]["status"] == "completed"


async def test_the_frame_of_a_chunk_is_the_one_being_made(edge):
    await call(edge, "POST", "jobs", CHUNK_JOB)
    anna = await awake(edge)
    await anna.signs_on(supported_task_types=["blender"])
    task = await anna.gets_task()
    assert (await shown(edge))["task"]["frame"] == 1
    await anna.says("POST", f"task/{task['uuid']}", {"steps_completed": 2}, 204)
    held = (await shown(edge))["task"]
    assert (held["frame"], held["steps_completed"], held["steps_total"]) == (3, 2, 3)


async def test_what_a_worker_holds_is_told_live_as_it_was_last(edge):
    job = (await call(edge, "POST", "jobs", FRAMES_JOB))["id"]
    anna = await awake(edge)
    told = []
    async with trio_websocket.open_websocket_url(edge.socket_url + "/live") as socket:
        await subscribe(socket, type="allWorkers")
        for _ in range(3):
            await anna.completes(await anna.gets_task())
        while not told or "task" in told[-1]:
            event = await live_events(socket)
            if event["event"] == "/workertask":
                told.append(event["payload"])
    assert {each["worker_id"] for each in told} == {anna.id}
    assert {each["task"]["job_id"] for each in told if "task" in each} <= {job}
    assert len(told) <= 3  # of more than nine changes


async def test_a_worker_that_polls_runs_since_it_signed_on(edge):
    anna = await awake(edge)

    async def runs() -> bool:
        return "running_since" in await shown(edge)

    await until(runs)
    first = (await shown(edge))["running_since"]
    await anna.signs_on()
    assert (await shown(edge))["running_since"] > first
