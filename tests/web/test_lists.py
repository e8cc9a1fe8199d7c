"""Lists of jobs, tasks and workers over the API: filtered, in order, in pages."""

import pytest

from tests.web.test_requests import call, canceled, submitted, worker

NOBODY = "00000000-0000-0000-0000-000000000000"


async def pages(edge, path: str, rows: str) -> list[list[str]]:
    """The names on each page."""
    found, after = [], ""
    while True:
        page = await call(edge, "GET", f"{path}&after={after}" if after else path)
        found.append([row["name"] for row in page[rows]])
        after = page.get("next")
        if after is None:
            return found


async def test_without_parameters_a_list_has_nothing_that_flamenco_3_does_not_know(edge):
    job = await submitted(edge)
    await worker(edge)
    for path, rows in (
        ("jobs", "jobs"),
        (f"jobs/{job}/tasks", "tasks"),
        ("worker-mgt/workers", "workers"),
    ):
        assert set(await call(edge, "GET", path)) == {rows}


async def test_jobs_come_in_pages_and_the_last_one_ends_the_list(edge):
    for name in "cabed":
        await submitted(edge, name=name)
    first = await call(edge, "GET", "jobs?sort=name&limit=2&count=true")
    assert first["total"] == 5
    assert await pages(edge, "jobs?sort=name&limit=2", "jobs") == [["a", "b"], ["c", "d"], ["e"]]
    assert await pages(edge, "jobs?limit=5", "jobs") == [list("debac")]


async def test_a_new_job_moves_no_page(edge):
    for name in "bd":
        await submitted(edge, name=name)
    first = await call(edge, "GET", "jobs?sort=name&limit=1")
    await submitted(edge, name="a")
    second = await call(edge, "GET", f"jobs?sort=name&limit=1&after={first['next']}")
    assert [job["name"] for job in second["jobs"]] == ["d"]


async def test_jobs_are_filtered_by_what_is_given_several_times_too(edge):
    await canceled(edge)
    await submitted(edge, name="waits")
    assert await pages(edge, "jobs?status=queued", "jobs") == [["waits"]]
    assert await pages(edge, "jobs?status=queued&status=canceled&sort=name", "jobs") == [
        ["job", "waits"]
    ]
    assert await pages(edge, "jobs?name=WAIT&created_after=2001-01-01T00:00:00Z", "jobs") == [
        ["waits"]
    ]
    assert await pages(edge, "jobs?created_before=2001-01-01T00:00:00Z", "jobs") == [[]]
    assert await pages(edge, "jobs?created_before=0001-01-01T00:00:00%2B01:00", "jobs") == [[]]


async def test_tasks_and_workers_are_filtered_and_come_in_pages(edge):
    job = await submitted(edge)
    path = f"jobs/{job}/tasks"
    assert await pages(edge, f"{path}?limit=1&sort=-index_in_job", "tasks") == [["sleep"], ["echo"]]
    assert await pages(edge, f"{path}?status=queued&name=ech", "tasks") == [["echo"]]
    assert (await call(edge, "GET", f"{path}?limit=1&count=true"))["total"] == 2
    assert await pages(edge, f"{path}?limit=1&skip=1", "tasks") == [["sleep"]]
    assert await pages(edge, f"{path}?text=SLE&sort=worker", "tasks") == [["sleep"]]
    await worker(edge)
    path = "worker-mgt/workers"
    assert await pages(edge, f"{path}?limit=1&sort=-last_seen", "workers") == [["anna"]]
    assert await pages(edge, f"{path}?type=misc&status=offline", "workers") == [["anna"]]
    assert await pages(edge, f"{path}?type=blender", "workers") == [[]]


async def test_the_steps_of_a_job_tell_what_needs_what_and_are_a_filter_of_its_tasks(edge):
    frames = {"frames": "1-12", "render_output_path": "/farm/######", "fps": 24.0}
    job = await submitted(edge, type="test-frames", settings=frames)
    found = await call(edge, "GET", f"jobs/{job}/steps")
    render, video = found["steps"]
    assert (render["name"], render["counts"]) == ("render-#", {"queued": 12})
    assert (video["type"], video["counts"]) == ("ffmpeg", {"queued": 1})
    assert found["links"] == [{"before": 0, "after": 1}]
    of_step = f"jobs/{job}/tasks?step=render-%23&limit=1&count=true"
    assert (await call(edge, "GET", of_step))["total"] == 12
    of_other = f"jobs/{job}/tasks?step=render&limit=1&count=true"
    assert (await call(edge, "GET", of_other))["total"] == 0
    await call(edge, "GET", f"jobs/{NOBODY}/steps", status=404)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (
            "jobs?sort=size",
            "sort: expected -created or -name or -owner or -priority or -started or -status",
        ),
        ("jobs?status=queued&status=purple", "status: expected "),
        ("jobs?status=purple", "active"),
        ("jobs?limit=0", "limit: expected integer from 1 to 1000, got '0'"),
        ("jobs?limit=1001", "limit"),
        ("jobs?limit=many", "limit"),
        ("jobs?created_after=yesterday", "such as 2026-11-27T08:30:00Z, got 'yesterday'"),
        (
            "jobs?updated_before=2026-01-01T00:00:00",
            "expected a time with its zone",
        ),
        ("jobs?after=nonsense&limit=1", "after: expected the `next` of a page"),
        ("jobs?after=%F0%9F%90%B5", "after: expected the `next` of a page"),
        ("jobs?archived=perhaps", "archived: expected boolean"),
        (f"jobs/{NOBODY}/tasks?sort=priority", "index_in_job"),
        ("worker-mgt/workers?sort=created", "last_seen"),
        ("worker-mgt/workers?status=dead", "asleep"),
    ],
)
async def test_a_query_string_that_means_nothing_is_refused_with_what_is_allowed(
    edge, path, sentence
):
    error = await call(edge, "GET", path, status=400)
    assert sentence in error["message"]


async def test_a_place_in_one_order_is_none_in_another(edge):
    await submitted(edge)
    await submitted(edge)
    after = (await call(edge, "GET", "jobs?limit=1"))["next"]
    error = await call(edge, "GET", f"jobs?limit=1&sort=name&after={after}", status=400)
    assert "sorted by name" in error["message"]


async def test_the_tasks_of_a_job_that_is_not_there_are_not_found_whatever_is_asked(edge):
    await call(edge, "GET", f"jobs/{NOBODY}/tasks?limit=3", status=404)
