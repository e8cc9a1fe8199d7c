"""Unreadable rows of the database are in the lists, with the reason, among all the others."""

import sqlite3
from contextlib import closing

import pytest

from flamenco.config.manager import DATABASE_NAME
from tests.web.conftest import JOB, call
from tests.web.test_worker_calls import SECRET, SIGN_ON, caller


def spoil(edge, statement: str) -> None:
    """Change a cell behind the Manager's back."""
    path = edge.storage / DATABASE_NAME
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert connection.execute(statement).rowcount == 1


@pytest.fixture
async def job(edge):
    """The second of three jobs."""
    ids = [(await call(edge, "POST", "jobs", {**JOB, "name": f"job {n}"}))["id"] for n in "123"]
    return ids[1]


@pytest.mark.parametrize("cell", ["settings = '{'", "status = 'banana'", "priority = 'high'"])
async def test_a_job_that_cannot_be_read_is_listed_as_parked_and_its_neighbours_as_ever(
    edge, job, cell
):
    before = {each["id"]: each for each in (await call(edge, "GET", "jobs"))["jobs"]}
    spoil(edge, f"UPDATE jobs SET {cell} WHERE id = '{job}'")  # noqa: S608
    after = {each["id"]: each for each in (await call(edge, "GET", "jobs"))["jobs"]}
    parked = after.pop(job)
    assert after == {name: shown for name, shown in before.items() if name != job}
    reason = parked["parked"]["reason"]
    assert reason.startswith(f"table jobs, row {job}, column {cell.split()[0]} can't be read: ")
    assert (parked["name"], parked["activity"]) == ("job 2", reason)
    assert parked["created"] == before[job]["created"]
    assert await call(edge, "GET", f"jobs/{job}") == parked
    why = await call(edge, "GET", f"jobs/{job}/why-waiting")
    assert why == {"reason": f"it is parked: {reason}"}
    await call(edge, "GET", "status")


async def test_a_task_that_cannot_be_read_is_shown_with_what_is_left_of_it(edge, job):
    task, other = (await call(edge, "GET", f"jobs/{job}/tasks"))["tasks"]
    assert "parked" not in task
    path = f"tasks/{task['id']}"
    spoil(edge, f"UPDATE commands SET commands = '[' WHERE task_id = '{task['id']}'")  # noqa: S608
    shown = await call(edge, "GET", path)
    assert (shown["name"], shown["commands"], shown["status"]) == (task["name"], [], "queued")
    assert f"table commands, row {task['id']}, column commands" in shown["parked"]["reason"]
    spoil(edge, f"UPDATE tasks SET failed_by = NULL WHERE id = '{task['id']}'")  # noqa: S608
    listed, untouched = (await call(edge, "GET", f"jobs/{job}/tasks"))["tasks"]
    assert untouched == other
    assert listed == {**task, "parked": listed["parked"]}
    assert "column failed_by" in listed["parked"]["reason"]
    shown = await call(edge, "GET", path)
    assert shown["activity"] == shown["parked"]["reason"] == listed["parked"]["reason"]


async def test_a_worker_that_cannot_be_read_is_listed_as_parked_and_can_still_prove_itself(edge):
    anna, bert = await caller(edge), await caller(edge, name="bert")
    await bert.signs_on()  # its actor has read the row
    spoil(edge, f"UPDATE workers SET specs = '{{' WHERE id = '{bert.id}'")  # noqa: S608
    listed = {
        each["id"]: each for each in (await call(edge, "GET", "worker-mgt/workers"))["workers"]
    }
    assert "parked" not in listed[anna.id]
    parked = listed[bert.id]["parked"]
    assert parked["reason"].startswith(f"table workers, row {bert.id}, column specs can't be read")
    assert (await bert.shown())["parked"] == parked
    assert (await bert.shown())["name"] == "bert"
    await bert.says("POST", "sign-on", SIGN_ON | {"name": "bert"})


@pytest.mark.parametrize("stored", ["''", "'no hash'", "NULL", "x'ff'", "'zz$ß'"])
async def test_a_secret_that_cannot_be_read_is_nobodys(edge, stored):
    bert = await caller(edge)
    spoil(edge, f"UPDATE workers SET secret_hash = {stored} WHERE id = '{bert.id}'")  # noqa: S608
    sign_on = SIGN_ON | {"name": "bert"}
    await call(edge, "POST", "worker/sign-on", sign_on, 403, (bert.id, SECRET))


async def test_a_tag_that_cannot_be_read_is_shown_and_mended_by_a_change(edge):
    made = [await call(edge, "POST", "worker-mgt/tags", {"name": name}) for name in ("cpu", "gpu")]
    spoil(edge, "UPDATE tags SET description = x'ff' WHERE name = 'gpu'")
    tags = (await call(edge, "GET", "worker-mgt/tags"))["tags"]
    assert tags[0] == made[0]
    assert "column description can't be read" in tags[1]["description"]
    change = {"name": "gpu", "description": "fast"}
    await call(edge, "PUT", f"worker-mgt/tag/{made[1]['id']}", change, 204)
    assert (await call(edge, "GET", "worker-mgt/tags"))["tags"][1] == {**made[1], **change}
