"""What was done of a job, by a worker, and by the farm, is told from the attempts."""

import pytest

from tests.web.conftest import call
from tests.web.test_frames import FRAMES_JOB
from tests.web.test_pictures import picture
from tests.web.test_requests import NOBODY, submitted
from tests.web.test_worker_calls import awake


@pytest.fixture
async def job(edge):
    return (await call(edge, "POST", "jobs", FRAMES_JOB | {"name": "shot"}))["id"]


@pytest.fixture
async def anna(edge, job):
    return await awake(edge)


async def fails(anna, task) -> None:
    said = {"taskStatus": "failed", "activity": "no such file"}
    await anna.says("POST", f"task/{task['uuid']}", said, 204)


async def test_the_workers_of_a_job_are_told_with_frames_and_failures(edge, job, anna):
    for _ in range(2):
        await anna.completes(await anna.gets_task())
    await fails(anna, await anna.gets_task())
    (done,) = (await call(edge, "GET", f"jobs/{job}/workers"))["workers"]
    assert (done["worker_id"], done["worker_name"]) == (anna.id, "anna")
    assert (done["completed"], done["failed"], done["frames"]) == (2, 1, 2)
    assert 0 < done["seconds"] < 3600
    assert (await call(edge, "GET", f"jobs/{NOBODY}/workers", None, 404)) is not None


async def test_a_timeline_has_what_is_over_and_what_goes_on(edge, job, anna):
    first = await anna.gets_task()
    await anna.completes(first)
    second = await anna.gets_task()
    found = await call(edge, "GET", f"jobs/{job}/timeline")
    (over,), (running,) = found["attempts"], found["running"]
    assert (over["task_id"], over["ending"], over["frames"]) == (first["uuid"], "completed", "1")
    assert over["started"] < over["ended"]
    assert (running["task_id"], running["worker_name"]) == (second["uuid"], "anna")
    assert not {"ended", "ending"} & set(running)
    assert (over["job_name"], over["attempt"], found["more"]) == ("shot", 1, False)


async def test_earlier_attempts_are_asked_for_by_time(edge, job, anna):
    for _ in range(3):
        await anna.completes(await anna.gets_task())
    frames, before = [], ""
    while True:
        found = await call(edge, "GET", f"jobs/{job}/timeline?limit=1{before}")
        (over,) = found["attempts"]
        frames.append(over["frames"])
        before = f"&before={over['ended'].replace('+', '%2B')}"
        if not found["more"]:
            break
    assert frames == ["3", "2", "1"]


async def test_a_worker_has_a_history_of_its_attempts_and_jobs(edge, job, anna):
    await anna.completes(await anna.gets_task())
    await anna.gets_task()
    found = await call(edge, "GET", f"worker-mgt/workers/{anna.id}/history")
    assert [each["frames"] for each in (*found["attempts"], *found["running"])] == ["1", "2"]
    (done,) = found["jobs"]
    assert (done["job_id"], done["job_name"], done["frames"]) == (job, "shot", 1)
    await call(edge, "GET", f"worker-mgt/workers/{NOBODY}/history", None, 404)


async def test_frame_times_are_those_that_were_told(edge, job, anna):
    assert (await call(edge, "GET", f"jobs/{job}/frame-times")) == {
        **dict.fromkeys(["mean", "shortest", "first_quartile", "median"], 0.0),
        "count": 0,
        "third_quartile": 0.0,
        "longest": 0.0,
        "outliers": [],
    }
    for number, seconds in ((1, 2.0), (2, 4.0), (3, 9.0)):
        task = await anna.gets_task()
        said = picture(number, file=f"/farm/{number}.png", seconds=seconds)
        await anna.says("POST", f"task/{task['uuid']}/picture", said, 204)
        await anna.completes(task)
    found = await call(edge, "GET", f"jobs/{job}/frame-times")
    assert (found["count"], found["mean"], found["median"]) == (3, 5.0, 4.0)
    assert "limit" not in found


async def test_a_frame_that_stands_out_is_named_with_its_worker(edge):
    settings = FRAMES_JOB["settings"] | {"frames": "1-10"}
    job = (await call(edge, "POST", "jobs", FRAMES_JOB | {"settings": settings}))["id"]
    anna = await awake(edge)
    for number in range(1, 11):
        task = await anna.gets_task()
        said = picture(number, file=f"/farm/{number}.png", seconds=60.0 if number == 7 else 2.0)
        await anna.says("POST", f"task/{task['uuid']}/picture", said, 204)
        await anna.completes(task)
    found = await call(edge, "GET", f"jobs/{job}/frame-times")
    (slow,) = found["outliers"]
    assert (slow["frame"], slow["seconds"], slow["worker_name"]) == (7, 60.0, "anna")
    assert (found["limit"], found["median"]) == (3.0, 2.0)


async def test_the_farm_tells_frames_failures_use_and_what_waits(edge, job, anna):
    await anna.completes(await anna.gets_task())
    await fails(anna, await anna.gets_task())
    waits = await submitted(edge, name="waits", priority=99)
    found = await call(edge, "GET", "farm/statistics?hours=2")
    assert len(found["hours"]) in (2, 3)
    assert sum(hour["frames"] for hour in found["hours"]) == 1
    assert sum(hour["failed"] for hour in found["hours"]) == 1
    assert (found["frames_per_hour"], found["workers"]) == (0.5, 1)
    assert 0 < found["utilisation"] < 1
    (failure,) = found["failures"]
    assert (failure["count"], failure["reason"][:12]) == (1, "no such file")
    (first,) = found["waiting"]
    assert (first["id"], first["name"], found["waiting_total"]) == (waits, "waits", 1)
    assert first["reason"]
    await call(edge, "GET", "farm/statistics?hours=0", None, 400)
