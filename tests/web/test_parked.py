"""Parked objects show the reason, refuse requests, are tried again, and can be deleted."""

import re
import uuid

import pytest
import trio
import trio_websocket

from flamenco import protocol
from tests.patience import PATIENCE, until
from tests.web.conftest import API, JOB, call, edge_at
from tests.web.test_edge import registered, session
from tests.web.test_unreadable_rows import spoil
from tests.web.test_worker_calls import SECRET, SIGN_ON, caller


@pytest.fixture
async def jobs(tmp_path):
    """Two jobs, of which a Manager that starts anew can't read the second."""
    async with edge_at(tmp_path) as edge:
        ids = [(await call(edge, "POST", "jobs", {**JOB, "name": n}))["id"] for n in ("one", "two")]
        spoil(edge, f"UPDATE jobs SET settings = '{{' WHERE id = '{ids[1]}'")  # noqa: S608
    return ids


@pytest.fixture
async def edge(tmp_path, jobs):
    async with edge_at(tmp_path) as edge:
        yield edge


async def until_parked(edge, path: str) -> dict:
    """Why it is parked, once somebody has tried to work with it."""

    async def parked():
        found = (await call(edge, "GET", path)).get("parked", {})
        return found if "since" in found else None

    return await until(parked)


async def test_a_parked_job_is_listed_with_reason_and_time_and_the_other_job_goes_on(edge, jobs):
    good, bad = jobs
    parked = await until_parked(edge, f"jobs/{bad}")
    assert re.match(f"table jobs, row {bad}, column settings can't be read", parked["reason"])
    listed = {each["id"]: each for each in (await call(edge, "GET", "jobs"))["jobs"]}
    assert listed[bad]["parked"] == parked
    assert "parked" not in listed[good]
    await call(edge, "POST", f"jobs/{good}/setpriority", {"priority": 9}, 204)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("setstatus", {"status": "cancel-requested", "reason": "enough"}),
        ("setpriority", {"priority": 9}),
        ("settag", {"name": ""}),
        ("setkeep", {"keep": True}),
        ("setarchived", {"archived": True}),
    ],
)
async def test_requests_for_a_parked_job_are_refused_with_the_reason(edge, jobs, path, body):
    bad = jobs[1]
    parked = await until_parked(edge, f"jobs/{bad}")
    answer = await call(edge, "POST", f"jobs/{bad}/{path}", body, 409)
    assert parked["reason"] in answer["message"]
    task = (await call(edge, "GET", f"jobs/{bad}/tasks"))["tasks"][0]
    change = {"status": "canceled", "reason": "enough"}
    await call(edge, "POST", f"tasks/{task['id']}/setstatus", change, 409)
    why = await call(edge, "GET", f"tasks/{task['id']}/why-waiting")
    assert why["reason"] == f"its job is parked: {parked['reason']}"


async def test_a_job_that_was_mended_begins_anew_when_it_is_tried_again(edge, jobs):
    bad = jobs[1]
    await until_parked(edge, f"jobs/{bad}")
    spoil(edge, f"UPDATE jobs SET settings = '{{}}' WHERE id = '{bad}'")  # noqa: S608
    await call(edge, "POST", f"jobs/{bad}/try-again", None, 204)
    await call(edge, "POST", f"jobs/{bad}/setpriority", {"priority": 9}, 204)
    shown = await call(edge, "GET", f"jobs/{bad}")
    assert (shown["priority"], "parked" in shown) == (9, False)
    answer = await call(edge, "POST", f"jobs/{bad}/try-again", None, 422)
    assert "parked" in answer["message"]


async def test_many_jobs_are_tried_again_at_once(edge, jobs):
    await until_parked(edge, f"jobs/{jobs[1]}")
    spoil(edge, f"UPDATE jobs SET settings = '{{}}' WHERE id = '{jobs[1]}'")  # noqa: S608
    result = await call(edge, "POST", "jobs/bulk", {"ids": jobs, "try_again": {}})
    assert [each["code"] for each in result["outcomes"]] == [422, 204]


async def test_a_parked_job_is_deleted_though_it_cannot_be_read(edge, jobs):
    bad = jobs[1]
    await until_parked(edge, f"jobs/{bad}")
    await call(edge, "DELETE", f"jobs/{bad}", None, 204)

    async def gone():
        return (await edge.http.get(f"{API}/jobs/{bad}")).status_code == 404

    await until(gone)
    assert [each["id"] for each in (await call(edge, "GET", "jobs"))["jobs"]] == jobs[:1]


async def test_a_parked_worker_is_refused_tried_again_and_deleted(tmp_path):
    async with edge_at(tmp_path) as edge:
        bert = (await caller(edge, name="bert")).id
        spoil(edge, f"UPDATE workers SET specs = '{{' WHERE id = '{bert}'")  # noqa: S608
    path = f"worker-mgt/workers/{bert}"
    async with edge_at(tmp_path) as edge:
        parked = await until_parked(edge, path)
        assert "column specs can't be read" in parked["reason"]
        sign_on, login = SIGN_ON | {"name": "bert"}, (bert, SECRET)
        answer = await call(edge, "POST", "worker/sign-on", sign_on, 409, login)
        assert parked["reason"] in answer["message"]
        asked = {"status": "asleep", "is_lazy": False}
        await call(edge, "POST", f"{path}/setstatus", asked, 409)
        spoil(edge, f"UPDATE workers SET specs = '{{}}' WHERE id = '{bert}'")  # noqa: S608
        await call(edge, "POST", f"{path}/try-again", None, 204)

        async def signs_on():
            answer = await edge.http.post(f"{API}/worker/sign-on", json=sign_on, auth=login)
            return answer.status_code == 200

        await until(signs_on)
        assert "parked" not in await call(edge, "GET", path)
        await call(edge, "POST", f"{path}/try-again", None, 422)
        await call(edge, "DELETE", path, None, 204)


async def test_a_worker_whose_actor_is_away_for_the_moment_is_not_told_to_be_gone(tmp_path):
    async with edge_at(tmp_path) as edge:
        anna, away = await registered(edge), str(uuid.uuid4())
        spoil(edge, f"UPDATE workers SET id = '{away}' WHERE id = '{anna}'")  # noqa: S608
        await call(edge, "DELETE", f"worker-mgt/workers/{away}", None, 503)
        await call(edge, "DELETE", f"worker-mgt/workers/{uuid.uuid4()}", None, 404)


@pytest.mark.usefixtures("leftovers")
@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
async def test_the_session_of_a_parked_worker_ends_and_says_so(tmp_path):
    async with edge_at(tmp_path) as edge:
        anna = await registered(edge)
        spoil(edge, f"UPDATE workers SET specs = '{{' WHERE id = '{anna}'")  # noqa: S608
    async with edge_at(tmp_path) as edge, session(edge, anna) as socket:
        hello = protocol.Hello(name="anna", software_version="1", task_types=("misc",))
        await socket.send_message(protocol.encode(hello))
        with pytest.raises(trio_websocket.ConnectionClosed) as closed, trio.fail_after(PATIENCE):
            await socket.get_message()
    assert closed.value.reason.code == 1008
    assert closed.value.reason.reason.startswith(f"worker {anna} is parked: table workers")
