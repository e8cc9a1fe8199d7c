"""The frames of a job are listed one by one, and what becomes of them is told live."""

import attrs
import pytest
import trio_websocket

from flamenco.model.provisions import Provision
from flamenco.model.variables import Variable, VariableValue
from flamenco.store import Reader
from tests.manager.test_frames import RENDERING
from tests.patience import until
from tests.web.conftest import JOB, USUAL_CONFIG, call, edge_at
from tests.web.test_edge import live_events, subscribe
from tests.web.test_pictures import picture
from tests.web.test_worker_calls import NOBODY, awake
from web import framelists

FRAMES = {"frames": "1-3", "width": 64, "height": 36, "fps": 24.0}
FRAMES["render_output_path"] = "/farm/######"
FRAMES_JOB = JOB | {"type": "test-frames", "settings": FRAMES}

CHUNK = RENDERING | {"frames": "1-3", "chunk_size": 3}
CHUNK_JOB = JOB | {"type": "simple-blender-render", "settings": CHUNK}


@pytest.fixture
async def job(edge):
    return (await call(edge, "POST", "jobs", FRAMES_JOB))["id"]


@pytest.fixture
async def anna(edge, job):
    return await awake(edge)


async def listed(edge, job, query=""):
    return await call(edge, "GET", f"jobs/{job}/frames{query}")


async def test_every_frame_is_listed_before_it_is_rendered(edge, job):
    found = await listed(edge, job)
    assert [(each["frame"], each["state"]) for each in found["frames"]] == [
        (1, "queued"),
        (2, "queued"),
        (3, "queued"),
    ]
    assert {each["attempt"] for each in found["frames"]} == {0}
    assert all(each["pictures"] == [] and "worker" not in each for each in found["frames"])
    assert "next" not in found


async def test_a_frame_tells_who_made_it_in_what_time_and_where_it_is(edge, job, anna):
    task = await anna.gets_task()
    said = {"file": "/farm/000001.png", "seconds": 2.5}
    await anna.says("POST", f"task/{task['uuid']}/picture", picture(1, **said), 204)
    frame = (await listed(edge, job))["frames"][0]
    assert (frame["state"], frame["task"], frame["attempt"]) == ("active", task["uuid"], 1)
    assert frame["worker"] == {"id": anna.id, "name": anna.name}
    assert (frame["seconds"], frame["files"]) == (2.5, ["/farm/000001.png"])
    (shown,) = frame["pictures"]
    assert (shown["output"], shown["lease"]) == ("", 1)
    assert (shown["width"], shown["height"]) == (600, 338)
    for size in ("small", "large"):
        assert (await edge.http.get(shown[size])).status_code == 200
    await anna.completes(task)
    assert (await listed(edge, job))["frames"][0]["state"] == "done"


async def test_a_worker_that_does_not_tell_times_is_timed_by_its_attempt(edge, job, anna):
    await anna.completes(await anna.gets_task())
    first, second, _ = (await listed(edge, job))["frames"]
    assert 0 < first["seconds"] < 100
    assert "seconds" not in second


async def test_views_of_a_frame_stand_in_its_row(edge, job, anna):
    task = await anna.gets_task()
    for output in ("R", "L"):
        said = picture(1, output=output, file=f"/farm/1{output}.png")
        await anna.says("POST", f"task/{task['uuid']}/picture", said, 204)
    frame = (await listed(edge, job))["frames"][0]
    assert [each["output"] for each in frame["pictures"]] == ["L", "R"]
    assert frame["files"] == ["/farm/1L.png", "/farm/1R.png"]


async def test_why_there_is_no_picture_stands_in_its_place(edge, job, anna):
    task = await anna.gets_task()
    body = {"lease": 1, "frame": 1, "reason": "it is a deep image"}
    await anna.says("POST", f"task/{task['uuid']}/picture", body, 204)
    (shown,) = (await listed(edge, job))["frames"][0]["pictures"]
    assert shown == {"output": "", "lease": 1, "reason": "it is a deep image"}


async def test_a_list_that_did_not_change_is_not_sent_again(edge, job, anna):
    address = f"/api/v3/jobs/{job}/frames"
    tag = (await edge.http.get(address)).headers["ETag"]
    again = await edge.http.get(address, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    await anna.gets_task()
    changed = await edge.http.get(address, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag


async def test_a_list_is_written_once_until_something_in_it_changes(edge, job, anna, monkeypatch):
    written = []

    async def frames(self, *asked):
        written.append(asked)
        return await read(self, *asked)

    read = Reader.frames
    monkeypatch.setattr(Reader, "frames", frames)
    await listed(edge, job)
    other = (await call(edge, "POST", "jobs", FRAMES_JOB))["id"]
    await listed(edge, other)
    assert await listed(edge, job) == await listed(edge, job)
    assert len(written) == 2
    task = await anna.gets_task()
    assert (await listed(edge, job))["frames"][0]["attempt"] == 1
    assert len(written) == 3
    await anna.signs_on(name="bella")
    assert (await listed(edge, job))["frames"][0]["worker"]["name"] == "bella"
    await anna.says("POST", f"task/{task['uuid']}/picture", picture(1), 204)
    assert (await listed(edge, job))["frames"][0]["pictures"] != []
    await call(
        edge, "POST", f"jobs/{job}/setstatus", {"status": "cancel-requested", "reason": "x"}, 204
    )
    await until_state(edge, job, "canceled")


async def until_state(edge, job, state) -> None:
    async def is_so() -> bool:
        return {each["state"] for each in (await listed(edge, job))["frames"]} == {state}

    await until(is_so)


async def test_lists_that_nobody_has_asked_for_the_longest_are_written_anew(edge, job, monkeypatch):
    monkeypatch.setattr(framelists, "MOST_BYTES", 1)
    first = await listed(edge, job)
    assert await listed(edge, job) == first


async def test_the_list_comes_in_pages(edge, job):
    first = await listed(edge, job, "?limit=2")
    assert [each["frame"] for each in first["frames"]] == [1, 2]
    last = await listed(edge, job, f"?limit=2&after={first['next']}")
    assert [each["frame"] for each in last["frames"]] == [3]
    assert "next" not in last
    await call(edge, "GET", f"jobs/{job}/frames?after=nowhere", None, 400)


async def test_frames_from_one_number_to_another_are_listed_alone(edge, job, anna):
    task = await anna.gets_task()
    await anna.says("POST", f"task/{task['uuid']}/picture", picture(1), 204)
    whole = (await listed(edge, job))["frames"]
    assert (await listed(edge, job, "?first=1&last=2"))["frames"] == whole[:2]
    assert (await listed(edge, job, "?first=3"))["frames"] == whole[2:]
    assert (await listed(edge, job, "?last=0"))["frames"] == []


async def test_the_states_of_all_frames_come_in_few_bytes(edge, job, anna):
    address = f"/api/v3/jobs/{job}/frame-states"
    first = await edge.http.get(address)
    assert first.json() == {"frames": "1-3", "states": "qqq"}
    again = await edge.http.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    await anna.completes(await anna.gets_task())
    assert (await edge.http.get(address)).json()["states"] == "dqq"
    chunk = (await call(edge, "POST", "jobs", CHUNK_JOB))["id"]
    found = await call(edge, "GET", f"jobs/{chunk}/frame-states")
    assert found == {"frames": "1-3", "states": "qqq", "chunks": [3]}
    await call(edge, "GET", f"jobs/{NOBODY}/frames", None, 404)


async def test_a_job_without_frames_lists_none(edge):
    job = (await call(edge, "POST", "jobs", JOB))["id"]
    assert (await listed(edge, job)) == {"frames": []}


def folder_variable(path):
    value = VariableValue(value=path, platforms=("linux",))
    return Variable(values=(value,), is_twoway=True)


async def test_a_folder_that_has_a_variable_is_told_by_it(tmp_path):
    config = attrs.evolve(USUAL_CONFIG, variables={"render": folder_variable("/mnt/render")})
    async with edge_at(tmp_path, config) as edge:
        job = (await call(edge, "POST", "jobs", FRAMES_JOB))["id"]
        anna = await awake(edge)
        task = await anna.gets_task()
        said = picture(1, file="/mnt/render/shot/1.png")
        await anna.says("POST", f"task/{task['uuid']}/picture", said, 204)
        assert (await listed(edge, job))["frames"][0]["files"] == ["{render}/shot/1.png"]


async def test_a_folder_is_told_by_the_variable_that_its_worker_has(tmp_path):
    config = attrs.evolve(
        USUAL_CONFIG,
        variables={"render": folder_variable("/mnt/render")},
        worker_configuration=(Provision(variables={"render": folder_variable("/fast")}),),
    )
    async with edge_at(tmp_path, config) as edge:
        job = (await call(edge, "POST", "jobs", FRAMES_JOB))["id"]
        anna = await awake(edge)
        task = await anna.gets_task()
        said = picture(1, file="/fast/shot/1.png")
        await anna.says("POST", f"task/{task['uuid']}/picture", said, 204)
        assert (await listed(edge, job))["frames"][0]["files"] == ["{render}/shot/1.png"]


def merged(frames, changes):
    """The list of frames after a change was told."""
    after = {each["frame"]: dict(each) for each in frames}
    for change in changes:
        pictures = {each["output"]: each for each in after[change["frame"]]["pictures"]}
        for each in change.get("pictures", ()):
            pictures[each["output"]] = {k: v for k, v in each.items() if k != "task"}
        after[change["frame"]] |= change | {"pictures": [*pictures.values()]}
    return [{name: value for name, value in each.items() if value != []} for each in after.values()]


async def test_what_becomes_of_frames_is_told_once_for_all_of_a_second(edge, job, anna):
    async with trio_websocket.open_websocket_url(edge.socket_url + "/live") as socket:
        await subscribe(socket, type="job", uuid=job)
        before = (await listed(edge, job))["frames"]
        for number in (1, 2):
            task = await anna.gets_task()
            said = picture(number, file=f"/farm/{number}.png", seconds=1.5)
            await anna.says("POST", f"task/{task['uuid']}/picture", said, 204)
            await anna.completes(task)
        told, names = [], []
        while merged(before, told) != merged((await listed(edge, job))["frames"], ()):
            event = await live_events(socket)
            names.append(event["event"])
            if event["event"] == "/frames":
                assert event["payload"]["job_id"] == job
                told += event["payload"]["frames"]
        assert names.count("/task") > 3 * names.count("/frames")


async def test_what_all_frames_of_a_chunk_have_in_common_is_told_of_each(edge):
    job = (await call(edge, "POST", "jobs", CHUNK_JOB))["id"]
    anna = await awake(edge)
    await anna.signs_on(supported_task_types=["blender"])
    async with trio_websocket.open_websocket_url(edge.socket_url + "/live") as socket:
        await subscribe(socket, type="job", uuid=job)
        task = await anna.gets_task()
        assert task["name"] == "render-1-3"
        while (event := await live_events(socket))["event"] != "/frames":
            pass
    told = event["payload"]["frames"]
    assert [(each["frame"], each["attempt"]) for each in told] == [(1, 1), (2, 1), (3, 1)]
    assert {each["worker"]["name"] for each in told} == {"anna"}


async def test_a_change_of_many_frames_says_that_all_have_to_be_fetched(edge, job):
    async with trio_websocket.open_websocket_url(edge.socket_url + "/live") as socket:
        await subscribe(socket, type="job", uuid=job)
        stop = {"status": "cancel-requested", "reason": "wrong"}
        await call(edge, "POST", f"jobs/{job}/setstatus", stop, 204)
        while (event := await live_events(socket))["event"] != "/frames":
            pass
        assert event["payload"] == {"job_id": job, "frames": [], "refresh": True}
    assert {each["state"] for each in (await listed(edge, job))["frames"]} == {"canceled"}
