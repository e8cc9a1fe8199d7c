"""Jobs are found by who submitted them, by any text, and by what they wait for."""

import pytest

from tests.web.conftest import JOB, call, edge_at
from tests.web.test_frames import FRAMES_JOB
from tests.web.test_lists import pages
from tests.web.test_requests import DECIDED, NOBODY, submitted
from tests.web.test_worker_calls import awake

ANNA, BOB = {"user.name": "Anna"}, {"user.name": "bob"}


@pytest.fixture
async def decided(tmp_path):
    """A farm with a job type of two approvals, and another task."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/decided.py").write_text(DECIDED)
    async with edge_at(tmp_path) as edge:
        yield edge


async def test_owner_beginning_and_end_of_a_job_are_in_the_list(edge):
    await call(edge, "POST", "jobs", JOB | {"metadata": ANNA})
    (job,) = (await call(edge, "GET", "jobs"))["jobs"]
    assert (job["owner"], "started" in job, "ended" in job) == ("Anna", False, False)
    anna = await awake(edge)
    for _ in range(2):
        await anna.completes(await anna.gets_task())
    (job,) = (await call(edge, "GET", "jobs"))["jobs"]
    assert job["started"] < job["ended"] <= job["updated"]


async def test_a_job_with_a_worker_has_an_estimate_after_its_first_frame(edge):
    job = (await call(edge, "POST", "jobs", FRAMES_JOB))["id"]
    anna = await awake(edge)
    task = await anna.gets_task()
    assert "eta" not in await call(edge, "GET", f"jobs/{job}")
    await anna.completes(task)
    assert "eta" not in await call(edge, "GET", f"jobs/{job}")  # nobody is on it
    await anna.gets_task()
    eta = (await call(edge, "GET", f"jobs/{job}"))["eta"]
    assert eta["earliest"] <= eta["likely"] <= eta["latest"]
    stop = {"status": "pause-requested", "reason": ""}
    await call(edge, "POST", f"jobs/{job}/setstatus", stop, 204)
    assert "eta" not in await call(edge, "GET", f"jobs/{job}")


async def test_jobs_are_found_by_their_owner_and_by_any_text(edge):
    await submitted(edge, name="shot 1", metadata=ANNA)
    await submitted(edge, name="shot 2", metadata=BOB)
    nobodys = await submitted(edge, name="100%")
    assert await pages(edge, "jobs?owner=anna", "jobs") == [["shot 1"]]
    assert await pages(edge, "jobs?owner=ann", "jobs") == [[]]
    both = await pages(edge, "jobs?owner=anna&owner=Bob&sort=-owner&limit=1", "jobs")
    assert both == [["shot 2"], ["shot 1"]]
    assert await pages(edge, "jobs?text=ANN", "jobs") == [["shot 1"]]
    assert await pages(edge, "jobs?text=hot&sort=name", "jobs") == [["shot 1", "shot 2"]]
    assert await pages(edge, f"jobs?text={nobodys[:13]}", "jobs") == [["100%"]]
    assert await pages(edge, "jobs?text=sleep-test&sort=owner&limit=2", "jobs") == [
        ["100%", "shot 1"],
        ["shot 2"],
    ]


@pytest.mark.parametrize("key", ["status", "type", "owner", "started"])
async def test_pages_in_every_order_have_every_job_once(edge, key):
    names = [await submitted(edge, name=f"job {n}", metadata=(ANNA, BOB)[n % 2]) for n in range(5)]
    for sort in (key, f"-{key}"):
        found = await pages(edge, f"jobs?sort={sort}&limit=2", "jobs")
        assert sorted(name for page in found for name in page) == [
            f"job {n}" for n in range(len(names))
        ]


async def test_what_a_job_waits_for_is_named_in_the_list(decided):
    job = (await call(decided, "POST", "jobs", JOB | {"type": "decided", "settings": {}}))["id"]
    await submitted(decided, name="other")
    assert await pages(decided, "jobs?approvals=true", "jobs") == [["job"]]
    assert await pages(decided, "jobs?approvals=false", "jobs") == [["other"]]
    shown = (await call(decided, "GET", "jobs?approvals=true"))["jobs"][0]
    (waits,) = shown["waiting_approvals"]
    assert waits["name"] == "first"  # the second can't be given yet
    await call(decided, "POST", f"tasks/{waits['id']}/approve", {}, 204)
    (waits,) = (await call(decided, "GET", f"jobs/{job}"))["waiting_approvals"]
    assert waits["name"] == "second"


async def test_tasks_are_counted_by_status_whatever_status_is_asked_for(edge):
    job = await submitted(edge, settings=JOB["settings"] | {"sleep_repeats": 3})
    found = await call(edge, "GET", f"jobs/{job}/tasks?limit=1&count=true&status=active")
    assert (found["total"], found["counts"]) == (0, {"queued": 4})
    found = await call(edge, "GET", f"jobs/{job}/tasks?count=true&name=echo")
    assert (found["total"], found["counts"]) == (1, {"queued": 1})
    assert "counts" not in await call(edge, "GET", f"jobs/{job}/tasks")


async def test_failed_tasks_of_jobs_are_queued_again_and_the_others_stay(edge):
    job, other = await submitted(edge), await submitted(edge)
    first, second = (await call(edge, "GET", f"jobs/{job}/tasks"))["tasks"]
    for task, status in ((first, "failed"), (second, "completed")):
        change = {"status": status, "reason": "by hand"}
        await call(edge, "POST", f"tasks/{task['id']}/setstatus", change, 204)
    body = {"ids": [job, other, NOBODY], "requeue_failed": {"reason": "again"}}
    result = await call(edge, "POST", "jobs/bulk", body)
    assert [each["code"] for each in result["outcomes"]] == [204, 422, 404]
    told = {each["message"]: each["count"] for each in result["reasons"]}
    assert told == {"no task of the job has failed": 1, f"there is no job {NOBODY}": 1}
    tasks = (await call(edge, "GET", f"jobs/{job}/tasks"))["tasks"]
    assert [task["status"] for task in tasks] == ["queued", "completed"]
    await call(edge, "POST", f"jobs/{job}/requeue-failed", {}, 422)


async def test_the_most_frequent_reason_comes_first(edge):
    tasks = [
        task["id"]
        for _ in range(3)
        for task in (await call(edge, "GET", f"jobs/{await submitted(edge)}/tasks"))["tasks"]
    ]
    body = {"ids": [NOBODY, *tasks], "setstatus": {"status": "queued", "reason": ""}}
    result = await call(edge, "POST", "tasks/bulk", body)
    assert [each["count"] for each in result["reasons"]] == [6, 1]
    assert "the task is queued" in result["reasons"][0]["message"]
