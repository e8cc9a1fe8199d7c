"""The history of a job says what was asked for, what changed, when, and by whom."""

import pytest

from flamenco.model.happenings import author
from tests.web.conftest import JOB, call, edge_at
from tests.web.test_requests import NOBODY, canceled, submitted


async def entries(edge, job: str) -> list[tuple[str, str, str]]:
    found = await call(edge, "GET", f"jobs/{job}/history")
    return [(each["kind"], each["what"], each["by"]) for each in found["entries"]]


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140", "page"),
        ("Flamenco/4.0 (CLI)", "CLI"),
        ("Flamenco/4.0 (Blender add-on)", "add-on"),
        ("curl/8.0", "API"),
        ("", "API"),
    ],
)
def test_who_asks_is_told_by_the_program(agent, name):
    assert author(agent) == name


async def test_what_was_asked_for_and_what_came_of_it_is_there_the_newest_first(edge):
    job = await canceled(edge)
    assert await entries(edge, job) == [
        ("status", "canceled", "Manager"),
        ("request", "setstatus", "API"),
        ("request", "submit", "API"),
    ]
    told = (await call(edge, "GET", f"jobs/{job}/history"))["entries"]
    assert told[1]["detail"] == "cancel-requested: stop"
    assert [each["at"] for each in told] == sorted((each["at"] for each in told), reverse=True)
    await call(edge, "GET", f"jobs/{NOBODY}/history", None, 404)


async def test_every_request_is_told_with_who_made_it(edge):
    job = await submitted(edge)
    edge.http.headers["User-Agent"] = "Mozilla/5.0"
    for path, body in (
        ("setpriority", {"priority": 7}),
        ("setkeep", {"keep": True}),
        ("settag", {}),
        ("setstatus", {"status": "cancel-requested", "reason": ""}),
        ("setarchived", {"archived": True}),
    ):
        await call(edge, "POST", f"jobs/{job}/{path}", body, 204)
    asked = [each for each in await entries(edge, job) if each[0] == "request"]
    names = ["setarchived", "setstatus", "settag", "setkeep", "setpriority"]
    assert asked == [*[("request", name, "page") for name in names], ("request", "submit", "API")]


async def test_a_request_that_is_refused_is_not_part_of_the_history(edge):
    job = await submitted(edge)
    before = await entries(edge, job)
    await call(edge, "POST", f"jobs/{job}/setarchived", {"archived": True}, 422)
    assert await entries(edge, job) == before


async def test_the_same_request_for_many_tasks_is_one_entry_with_a_count(edge):
    job = await submitted(edge, settings=JOB["settings"] | {"sleep_repeats": 3})
    first, *_ = (await call(edge, "GET", f"jobs/{job}/tasks"))["tasks"]
    change = {"status": "completed", "reason": "not needed"}
    await call(edge, "POST", f"tasks/{first['id']}/setstatus", change, 204)  # the job begins
    body = {"job": job, "filter": {"status": ["queued"]}, "setstatus": change}
    assert (await call(edge, "POST", "tasks/bulk", body))["done"] == 3
    told = (await call(edge, "GET", f"jobs/{job}/history"))["entries"]
    asked = [each for each in told if each["what"] == "task-setstatus"]
    assert [each["count"] for each in asked] == [3, 1]
    assert {each["detail"] for each in asked} == {"completed: not needed"}


async def test_a_history_outlives_a_restart_and_goes_with_its_job(tmp_path):
    async with edge_at(tmp_path) as edge:
        job = await canceled(edge)
        before = await entries(edge, job)
    async with edge_at(tmp_path) as edge:
        assert await entries(edge, job) == before
        await call(edge, "DELETE", f"jobs/{job}", None, 204)
