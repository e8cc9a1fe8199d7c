"""A dry run tells the tasks that a job would have, and stores nothing."""

import pytest

from tests.manager.test_frames import RENDERING
from tests.web.conftest import JOB, call
from tests.web.test_frames import CHUNK_JOB
from tests.web.test_worker_calls import caller


async def test_a_dry_run_tells_what_the_job_then_has(edge):
    told = await call(edge, "POST", "jobs/dry-run", CHUNK_JOB)
    assert (await call(edge, "GET", "jobs"))["jobs"] == []
    job = await call(edge, "POST", "jobs", CHUNK_JOB)
    tasks = (await call(edge, "GET", f"jobs/{job['id']}/tasks"))["tasks"]
    named = ("index_in_job", "name", "task_type", "priority", "steps_total")
    assert [[each[name] for name in named] for each in told["tasks"]] == [
        [each[name] for name in named] for each in tasks
    ]
    assert (told["name"], told["priority"]) == (job["name"], job["priority"])
    assert (told["total"], told["frames"]) == (len(tasks), job["frames"])
    ids = {each["id"]: each["index_in_job"] for each in tasks}
    for each, task in zip(told["tasks"], tasks, strict=True):
        stored = await call(edge, "GET", f"tasks/{task['id']}")
        assert each["depends_on"] == [ids[needed] for needed in stored["depends_on"]]
        commands = list(dict.fromkeys(each["name"] for each in stored["commands"]))
        assert each["commands"] == commands
    assert told["settings"] == job["settings"]
    assert told["tasks"][0]["frames"] == "1-3"


async def test_it_tells_which_unfinished_job_writes_the_same_frames(edge):
    first = await call(edge, "POST", "jobs", CHUNK_JOB)

    async def told(frames):
        job = CHUNK_JOB | {"settings": CHUNK_JOB["settings"] | {"frames": frames}}
        warnings = (await call(edge, "POST", "jobs/dry-run", job))["warnings"]
        return [each for each in warnings if "which is not finished" in each]

    same = [f"job {first['name']!r}, which is not finished, writes the same files"]
    assert await told("3-4") == same
    assert await told("4-9") == []
    assert same[0] in (await call(edge, "POST", "jobs", CHUNK_JOB))["warnings"]
    for job in (await call(edge, "GET", "jobs"))["jobs"]:
        canceled = {"status": "cancel-requested", "reason": ""}
        await call(edge, "POST", f"jobs/{job['id']}/setstatus", canceled, 204)
    assert await told("3-4") == []


async def test_it_tells_of_equipment_that_no_worker_has(edge):
    await (await caller(edge)).signs_on(supported_task_types=["blender"])
    asked = CHUNK_JOB | {"requirements": {"gpu_kind": "any"}}
    told = (await call(edge, "POST", "jobs/dry-run", asked))["warnings"]
    assert "no worker has what tasks of type 'blender' need: a GPU" in told
    plain = (await call(edge, "POST", "jobs/dry-run", CHUNK_JOB))["warnings"]
    assert not any("no worker has" in each for each in plain)


async def test_the_tasks_come_in_pages(edge):
    many = RENDERING | {"frames": "1-25", "chunk_size": 1}
    job, found, after = CHUNK_JOB | {"settings": many}, [], 0
    while after is not None:
        page = await call(edge, "POST", f"jobs/dry-run?limit=10&after={after}", job)
        assert len(page["tasks"]) <= 10
        found += page["tasks"]
        after = page.get("next")
    assert [each["index_in_job"] for each in found] == list(range(1, page["total"] + 1))
    assert page["task_types"]["blender"] == 25
    assert sum(page["task_types"].values()) == page["total"]
    beyond = await call(edge, "POST", "jobs/dry-run?after=1000", job)
    assert beyond["tasks"] == []


async def test_of_a_task_that_needs_very_many_others_only_the_first_are_named(edge):
    many = RENDERING | {"frames": "1-150", "chunk_size": 1}
    page = await call(edge, "POST", "jobs/dry-run?limit=1000", CHUNK_JOB | {"settings": many})
    last = page["tasks"][-1]
    assert last["depends_on"] == list(range(1, 101))
    assert last["more_dependencies"] == 50


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"type": "nonsense"}, 400),
        ({"settings": {"sleep_repeats": "x"}}, 400),
        ({"initial_status": "active"}, 400),
        ({"type_etag": "old"}, 412),
    ],
)
async def test_what_would_be_refused_is(edge, changed, status):
    await call(edge, "POST", "jobs/dry-run", JOB | changed, status)
