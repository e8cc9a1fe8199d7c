"""Requests of people to jobs, tasks, workers and tags, through a real socket."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import trio

from tests.patience import until
from tests.web.conftest import JOB, call

DECIDED = '''
"""Two decisions, one after the other, and a task beside them."""

from flamenco.jobtypes.authoring import Author, JobToCompile, JobType

JOB_TYPE = JobType(label="Decided", settings=[])


def compile_job(job: JobToCompile, author: Author) -> None:
    first = author.task("first", "approval")
    author.task("second", "approval", after=[first])
    author.task("third", "misc").command("echo", {"message": "hi"})
'''
NOBODY = "00000000-0000-0000-0000-000000000000"


async def submitted(edge, **changes) -> str:
    return (await call(edge, "POST", "jobs", {**JOB, **changes}))["id"]


async def canceled(edge) -> str:
    job = await submitted(edge)
    change = {"status": "cancel-requested", "reason": "stop"}
    await call(edge, "POST", f"jobs/{job}/setstatus", change, 204)
    return job


async def worker(edge) -> str:
    body = {"name": "anna", "secret": "x", "platform": "linux", "supported_task_types": ["misc"]}
    return (await call(edge, "POST", "worker/register-worker", body))["uuid"]


async def until_answered(edge, method: str, path: str, status: int) -> None:
    """Send a request until it is answered with this status."""

    async def answered() -> bool:
        return (await edge.http.request(method, f"/api/v3/{path}")).status_code == status

    await until(answered)


async def test_a_tag_is_made_changed_given_and_deleted(edge):
    tag = await call(edge, "POST", "worker-mgt/tags", {"name": "gpu", "description": "fast"})
    await call(edge, "PUT", f"worker-mgt/tag/{tag['id']}", {"name": "cuda"}, 204)
    changed = {"id": tag["id"], "name": "cuda", "description": "fast"}
    assert await call(edge, "GET", f"worker-mgt/tag/{tag['id']}") == changed
    assert await call(edge, "GET", "worker-mgt/tags") == {"tags": [changed]}
    anna, job = await worker(edge), await submitted(edge)
    given = {"tag_ids": [tag["id"], NOBODY]}
    await call(edge, "POST", f"worker-mgt/workers/{anna}/settags", given, 204)
    assert (await call(edge, "GET", f"worker-mgt/workers/{anna}"))["tags"] == [changed]
    listed = (await call(edge, "GET", "worker-mgt/workers"))["workers"]
    assert listed[0]["tag_ids"] == [tag["id"]]
    await call(edge, "POST", f"jobs/{job}/settag", {"name": "cuda"}, 204)
    assert (await call(edge, "GET", f"jobs/{job}"))["worker_tag"] == tag["id"]
    await call(edge, "DELETE", f"worker-mgt/tag/{tag['id']}", None, 204)
    assert await call(edge, "GET", "worker-mgt/tags") == {"tags": []}

    async def tagless() -> bool:
        return "worker_tag" not in await call(edge, "GET", f"jobs/{job}")

    await until(tagless)


@pytest.mark.parametrize(
    ("asked", "becomes"),
    [("cancel-requested", "canceled"), ("pause-requested", "paused"), ("requeueing", "queued")],
)
async def test_why_a_job_was_changed_is_told_when_it_has_got_there(edge, asked, becomes):
    job = await canceled(edge) if asked == "requeueing" else await submitted(edge)
    change = {"status": asked, "reason": "wrong camera"}
    await call(edge, "POST", f"jobs/{job}/setstatus", change, 204)
    told = await call(edge, "GET", f"jobs/{job}")
    assert (told["status"], told["activity"]) == (becomes, f"{becomes}: wrong camera")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "word"),
    [
        ("POST", "worker-mgt/tags", {"name": " "}, 400, "name"),
        ("PUT", f"worker-mgt/tag/{NOBODY}", {"name": "x"}, 404, "no tag"),
        ("DELETE", f"worker-mgt/tag/{NOBODY}", None, 404, "no tag"),
        ("DELETE", f"worker-mgt/workers/{NOBODY}", None, 404, "no worker"),
        ("DELETE", f"jobs/{NOBODY}", None, 404, "no job"),
        ("GET", f"jobs/{NOBODY}/why-waiting", None, 404, "no job"),
        ("GET", f"jobs/{NOBODY}/what-would-delete-do", None, 404, "no job"),
        ("GET", f"tasks/{NOBODY}/attempts", None, 404, "no task"),
        ("DELETE", "jobs/mass-delete", {}, 400, "last_updated_max"),
        ("DELETE", "jobs/mass-delete", {"last_updated_max": "2026-01-01T00:00:00"}, 400, "zone"),
        ("DELETE", "jobs/mass-delete", {"last_updated_max": "2001-01-01T00:00:00Z"}, 416, "no job"),
        ("POST", "jobs", {**JOB, "worker_tag": NOBODY}, 400, "no tag"),
        ("POST", "jobs", {**JOB, "requirements": {"cores": -1}}, 400, "cores"),
        (
            "POST",
            "jobs",
            {**JOB, "requirements": {"software": [{"name": "Blender", "version": "new"}]}},
            400,
            "specifier",
        ),
    ],
)
async def test_bad_input_is_answered_with_a_sentence(edge, method, path, body, status, word):
    assert word in (await call(edge, method, path, body, status))["message"]


async def test_what_a_job_needs_is_stored_and_tells_why_it_waits(edge):
    needs = {
        "memory_mib": 65536,
        "software": [{"name": "Blender", "version": ">=4.2"}],
        "task_types": {"misc": {"cores": 64}},
    }
    job = await submitted(edge, requirements=needs, keep=True)
    stored = await call(edge, "GET", f"jobs/{job}")
    assert stored["keep"] is True
    assert stored["requirements"]["memory_mib"] == 65536
    assert stored["requirements"]["task_types"]["misc"]["cores"] == 64
    why = await call(edge, "GET", f"jobs/{job}/why-waiting")
    assert why == {"reason": "There is no worker yet."}
    login = (await worker(edge), "x")
    anna = {"name": "anna", "supported_task_types": ["misc"], "software_version": "3.9"}
    answer = await edge.http.post("/api/v3/worker/sign-on", json=anna, auth=login)
    assert answer.status_code == 200

    async def names_what_is_missing() -> bool:
        why = await call(edge, "GET", f"jobs/{job}/why-waiting")
        return "64 GiB of memory" in why["reason"]

    await until(names_what_is_missing)


async def test_a_sleep_schedule_is_set_and_shown(edge):
    anna = await worker(edge)
    path = f"worker-mgt/workers/{anna}/sleep-schedule"
    assert await call(edge, "GET", path, None, 204) is None
    wanted = {
        "is_active": True,
        "days_of_week": "Monday tue",
        "start_time": "22:00",
        "end_time": "06:00",
        "timezone": "Europe/Berlin",
    }
    await call(edge, "POST", path, wanted, 204)
    shown = await call(edge, "GET", path)
    change = datetime.fromisoformat(shown["next_change"]).astimezone(ZoneInfo("Europe/Berlin"))
    assert f"{change:%a %H:%M}" in ("Mon 22:00", "Tue 06:00", "Tue 22:00", "Wed 06:00")
    assert shown == {**wanted, "days_of_week": "mo tu", "next_change": shown["next_change"]}
    for wrong in ({"start_time": "25:00"}, {"timezone": "Nowhere/Land"}, {"days_of_week": "xx"}):
        assert (await call(edge, "POST", path, {**wanted, **wrong}, 400))["message"]
    assert await call(edge, "GET", path) == shown
    await call(edge, "POST", path, {**shown, "is_active": False}, 204)
    assert "next_change" not in await call(edge, "GET", path)


async def test_finished_jobs_are_archived_kept_and_deleted(edge):
    job, running = await canceled(edge), await submitted(edge)
    await call(edge, "POST", f"jobs/{job}/setkeep", {"keep": True}, 204)
    await call(edge, "POST", f"jobs/{running}/setarchived", {"archived": True}, 422)
    await call(edge, "POST", f"jobs/{job}/setarchived", {"archived": True}, 204)
    listed = [each["id"] for each in (await call(edge, "GET", "jobs"))["jobs"]]
    assert listed == [running]
    (archived,) = (await call(edge, "GET", "jobs?archived=true"))["jobs"]
    assert archived["id"] == job
    assert archived["archived_at"]
    info = await call(edge, "GET", f"jobs/{job}/what-would-delete-do")
    assert info == {"shaman_checkout": False}
    await call(edge, "DELETE", f"jobs/{job}", None, 204)
    await until_answered(edge, "GET", f"jobs/{job}", 404)
    stored = await call(edge, "GET", f"jobs/{running}")
    await call(edge, "DELETE", "jobs/mass-delete", {"last_updated_max": stored["updated"]}, 204)
    await until_answered(edge, "GET", f"jobs/{running}", 404)


async def test_tasks_are_decided_by_hand_and_tell_their_story(edge):
    job = await submitted(edge)
    first, second = (await call(edge, "GET", f"jobs/{job}/tasks"))["tasks"]
    why = await call(edge, "GET", f"tasks/{second['id']}/why-waiting")
    assert why == {"reason": "It waits for echo (queued)."}
    path = f"tasks/{first['id']}/setstatus"
    await call(edge, "POST", path, {"status": "completed", "reason": ""}, 422)
    await call(edge, "POST", path, {"status": "completed", "reason": "by hand"}, 204)
    assert (await call(edge, "GET", f"tasks/{first['id']}"))["status"] == "completed"
    assert await call(edge, "GET", f"tasks/{first['id']}/attempts") == {"attempts": []}
    assert "by hand" in (await edge.http.get(f"/api/v3/tasks/{first['id']}/logtail")).text
    log = await call(edge, "GET", f"tasks/{first['id']}/log")
    assert "by hand" in (await edge.http.get(log["url"])).text


@pytest.mark.parametrize("length", [3_000, 300_000])
async def test_of_a_line_that_is_longer_than_the_tail_of_a_log_the_end_is_shown(edge, length):
    task = (await call(edge, "GET", f"jobs/{await submitted(edge)}/tasks"))["tasks"][0]["id"]
    for status, reason in (("canceled", "first"), ("queued", "." * length + "end")):
        change = {"status": status, "reason": reason}
        await call(edge, "POST", f"tasks/{task}/setstatus", change, 204)
    tail = await edge.http.get(f"/api/v3/tasks/{task}/logtail")
    assert (tail.status_code, tail.text) == (200, "." * 2044 + "end\n")


async def test_a_deleted_worker_is_not_listed(edge):
    anna = await worker(edge)
    await until_answered(edge, "DELETE", f"worker-mgt/workers/{anna}", 204)
    assert await call(edge, "GET", "worker-mgt/workers") == {"workers": []}


async def test_who_asks_something_of_a_worker_that_is_being_deleted_hears_that_it_is_gone(edge):
    codes = []

    async def ask(method: str, path: str, body: dict | None = None) -> None:
        answer = await edge.http.request(method, f"/api/v3/worker-mgt/workers/{path}", json=body)
        codes.append(answer.status_code)

    for _ in range(10):
        anna = await worker(edge)
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(ask, "DELETE", anna)
                nursery.start_soon(ask, "POST", f"{anna}/settags", {"tag_ids": []})
    assert set(codes) == {204, 404}


async def test_the_blocklist_is_a_list_and_needs_entries_to_take_away(edge):
    job = await submitted(edge)
    assert await call(edge, "GET", f"jobs/{job}/blocklist") == []
    await call(edge, "DELETE", f"jobs/{job}/blocklist", [], 400)
    entry = {"worker_id": NOBODY, "task_type": "blender"}
    await call(edge, "DELETE", f"jobs/{job}/blocklist", [entry], 404)


async def test_the_status_counts_refused_reports(edge):
    assert (await call(edge, "GET", "status"))["refused_reports"] == 0


async def test_what_waits_for_approval_is_approved_or_rejected(edge):
    (edge.storage / "scripts").mkdir()
    (edge.storage / "scripts" / "decided.py").write_text(DECIDED)
    for verb, status in (("approve", "completed"), ("reject", "failed")):
        job = await submitted(edge, type="decided", settings={})
        first, second, misc = (await call(edge, "GET", f"jobs/{job}/tasks"))["tasks"]
        body = {"reason": "the light is right"}
        error = await call(edge, "POST", f"tasks/{misc['id']}/{verb}", body, 422)
        assert "approval" in error["message"]
        error = await call(edge, "POST", f"tasks/{second['id']}/{verb}", body, 422)
        assert "It waits for first" in error["message"]
        await call(edge, "POST", f"tasks/{first['id']}/{verb}", body, 204)
        shown = await call(edge, "GET", f"tasks/{first['id']}")
        assert (shown["status"], shown["activity"]) == (status, "the light is right")
        await call(edge, "POST", f"tasks/{first['id']}/{verb}", None, 422)
    job = await submitted(edge, type="decided", settings={})
    first, second, _ = (await call(edge, "GET", f"jobs/{job}/tasks"))["tasks"]
    for task in (first, second):
        await call(edge, "POST", f"tasks/{task['id']}/approve", None, 204)
        assert (await call(edge, "GET", f"tasks/{task['id']}"))["activity"] == "Approved"
    await call(edge, "POST", f"tasks/{NOBODY}/approve", None, 404)
    await call(edge, "POST", f"tasks/{first['id']}/approve", {"reason": 3}, 400)
