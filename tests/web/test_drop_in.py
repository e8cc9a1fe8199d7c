"""Requests that clients of Flamenco 3 send, and expect to be accepted."""

import pytest

from tests.web.conftest import JOB, call
from tests.web.test_worker_calls import awake, caller

FRAMES = {
    "name": "shot",
    "type": "simple-blender-render",
    "submitter_platform": "linux",
    "settings": {
        "frames": "1-2",
        "chunk_size": 2.0,
        "render_output_root": "/render",
        "add_path_components": 0,
        "render_output_path": "/render/shot/######",
        "blendfile": "/render/shot.blend",
    },
}


async def test_a_job_may_leave_out_what_has_a_default_or_only_blender_knows(edge):
    job = await call(edge, "POST", "jobs", FRAMES)
    settings = job["settings"]
    assert (settings["chunk_size"], settings["scene"], settings["format"]) == (2, "", "")
    (task,) = (await call(edge, "GET", f"jobs/{job['id']}/tasks"))["tasks"]
    command = (await call(edge, "GET", f"tasks/{task['id']}"))["commands"][0]
    assert "--scene" not in command["parameters"]["args"]
    assert "--render-format" not in command["parameters"]["args"]


@pytest.mark.parametrize("path", ["jobs", "jobs/check", "jobs/dry-run"])
@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"frames": "10-1"}, "'10-1' counts backwards"),
        ({"frames": "1-900001", "chunk_size": 1}, "expected 250000 tasks at most"),
        ({"frames": "1-1000001", "chunk_size": 1}, "set chunk_size to 2 or more"),
        ({"fps": 0}, "fps: expected more than 0"),
        ({"fps": -1}, "settings.fps: expected a number from 0.001, got -1"),
    ],
)
async def test_frames_and_rates_that_are_none_are_refused_at_once(edge, path, changed, reason):
    job = FRAMES | {"settings": FRAMES["settings"] | changed}
    assert reason in (await call(edge, "POST", path, job, 400))["message"]


@pytest.mark.parametrize("path", ["jobs", "jobs/check", "jobs/dry-run"])
@pytest.mark.parametrize("name", ["", " ", "a\0b", "a\nb"])
async def test_a_job_without_a_name_or_with_control_characters_in_it_is_refused(edge, path, name):
    refused = await call(edge, "POST", path, JOB | {"name": name}, 400)
    assert refused["message"].startswith("name: expected a text")


async def test_a_worker_without_a_name_is_refused(edge):
    body = {"secret": "x", "platform": "linux", "supported_task_types": ["misc"], "name": "a\nb"}
    refused = await call(edge, "POST", "worker/register-worker", body, 400)
    assert refused["message"].startswith("name: expected a text without control characters")


async def test_asking_for_queued_resumes_a_paused_job(edge):
    job = await call(edge, "POST", "jobs", JOB | {"initial_status": "paused"})
    change = {"status": "queued", "reason": "go on"}
    await call(edge, "POST", f"jobs/{job['id']}/setstatus", change, 204)
    assert (await call(edge, "GET", f"jobs/{job['id']}"))["status"] == "queued"
    refused = await call(edge, "POST", f"jobs/{job['id']}/setstatus", change, 422)
    assert refused["message"].startswith("a job can be asked for pause-requested")


async def test_a_path_on_a_server_reaches_blender_on_windows_as_one(edge):
    paths = {
        "blendfile": "//SERVER/share/a b/x.blend",
        "render_output_root": r"\\SERVER\share\out",
        "render_output_path": "//SERVER/share/out/######",
    }
    submitted = FRAMES | {
        "submitter_platform": "windows",
        "settings": FRAMES["settings"] | paths | {"format": "PNG", "scene": "Scene"},
    }
    job = await call(edge, "POST", "jobs", submitted)
    assert job["settings"]["blendfile"] == r"\\SERVER\share\a b\x.blend"
    types = {"supported_task_types": ["blender"]}
    windows = await caller(edge, platform="windows", **types)
    await windows.signs_on(**types)
    task = await windows.gets_task()
    parameters = task["commands"][0]["parameters"]
    assert parameters["blendfile"] == r"\\SERVER\share\a b\x.blend"
    assert r"\\SERVER\share\out\######" in parameters["args"]


async def test_two_workers_of_one_machine_are_told_apart(edge):
    first, second = await caller(edge), await caller(edge)
    await first.signs_on()
    await second.signs_on()
    assert (await first.shown())["name"] == "anna"
    assert (await second.shown())["name"] == "anna-2"
    await first.signs_on()
    await second.signs_on()
    third = await awake(edge)
    names = [(await each.shown())["name"] for each in (first, second, third)]
    assert names == ["anna", "anna-2", "anna-3"]


async def test_the_name_of_a_worker_that_was_deleted_is_free_again(edge):
    first = await awake(edge)
    await call(edge, "DELETE", f"worker-mgt/workers/{first.id}", None, 204)
    assert (await (await awake(edge)).shown())["name"] == "anna"


@pytest.mark.parametrize(
    ("extension", "software", "name"),
    [
        (".exr", "3.9", "echo"),
        (".HDR", "3.7-alpha0", "echo"),
        (".exr", "next", "echo"),
        (".png", "3.9", "frames-to-video"),
        (".exr", "4.0.0.dev0", "frames-to-video"),
    ],
)
async def test_a_worker_that_cannot_show_frames_to_ffmpeg_leaves_their_video_out(
    edge, extension, software, name
):
    types = {"supported_task_types": ["blender", "ffmpeg"]}
    anna = await caller(edge, **types)
    await anna.signs_on(**types, software_version=software)
    settings = FRAMES["settings"] | {"fps": 24, "image_file_extension": extension}
    job = await call(edge, "POST", "jobs", FRAMES | {"settings": settings})
    await anna.completes(await anna.gets_task())
    video = await anna.gets_task()
    (command,) = video["commands"]
    assert command["name"] == name
    if name == "echo":
        assert f"/render/shot/*{extension} is left out" in command["parameters"]["message"]
    await anna.completes(video)
    assert (await call(edge, "GET", f"jobs/{job['id']}"))["status"] == "completed"
