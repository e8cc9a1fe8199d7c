"""Operators see the actors of a Manager, what went wrong among them, and what is parked."""

from functools import partial

import attrs

from flamenco.manager import supervision
from flamenco.manager.status import Refresh, Status
from tests.manager.faults import Poison
from tests.patience import until
from tests.web.conftest import JOB, call, edge_at
from tests.web.test_parked import until_parked
from tests.web.test_unreadable_rows import spoil
from tests.web.test_worker_calls import caller


async def shown(edge, query: str = "") -> dict:
    return await call(edge, "GET", f"manager/actors{query}")


async def test_the_tree_of_actors_is_shown_with_their_figures(edge):
    job, anna = (await call(edge, "POST", "jobs", JOB))["id"], await caller(edge)
    found = await shown(edge)
    paths = [each["path"] for each in found["actors"]]
    assert {"/scheduler", "/jobs", f"/jobs/{job}", f"/workers/{anna.id}"} <= {*paths}
    assert paths.index("/jobs") < paths.index(f"/jobs/{job}")
    assert found["total"] == len(paths)
    jobs = next(each for each in found["actors"] if each["path"] == "/jobs")
    assert (jobs["kind"], jobs["state"], jobs["restarts"]) == ("Jobs", "running", 0)
    assert jobs["handled"] > 0
    assert (found["crashes"], found["failed_commits"], found["unhandled"]) == (0, 0, 0)
    assert set(found["dead_letters"]) >= {"stopped", "full"}


async def test_a_part_of_the_tree_is_shown_and_no_more_than_is_wanted(edge):
    jobs = [(await call(edge, "POST", "jobs", JOB))["id"] for _ in range(3)]
    found = await shown(edge, "?under=/jobs")
    assert {each["path"] for each in found["actors"]} == {"/jobs", *(f"/jobs/{j}" for j in jobs)}
    found = await shown(edge, "?under=jobs/&limit=2")
    assert (len(found["actors"]), found["total"]) == (2, 4)
    assert (await shown(edge, "?under=/job"))["total"] == 0
    await call(edge, "GET", "manager/actors?limit=0", None, 400)


async def test_crashes_and_what_is_parked_are_told(tmp_path):
    async with edge_at(tmp_path) as edge:
        job, anna = (await call(edge, "POST", "jobs", JOB))["id"], await caller(edge)
        spoil(edge, "UPDATE jobs SET settings = '{'")
        spoil(edge, "UPDATE workers SET specs = '{'")
    async with edge_at(tmp_path) as edge:
        parked = {"job": await until_parked(edge, f"jobs/{job}")}
        parked["worker"] = await until_parked(edge, f"worker-mgt/workers/{anna.id}")

        async def told() -> dict | None:
            found = await shown(edge)
            return found if found["crashes"] >= 2 else None

        found = await until(told)
    assert found["parked_jobs"] == {job: parked["job"]}
    assert found["parked_workers"] == {anna.id: parked["worker"]}


async def test_a_connection_is_made_as_soon_as_it_is_configured_and_shown(edge):
    off = (await call(edge, "GET", "manager/connections"))["mqtt"]
    assert (off["state"], off["sent"], off["lost"], "to" in off) == ("off", 0, 0, False)
    client = {"enabled": True, "broker": "mqtt://127.0.0.1:1", "password": "hush"}
    await call(edge, "PUT", "configuration/file", {"mqtt": {"client": client}}, 204)

    async def broken():
        found = (await call(edge, "GET", "manager/connections"))["mqtt"]
        return found if found["state"] == "broken" else None

    found = await until(broken)
    assert (found["to"], "reason" in found) == ("127.0.0.1:1", True)


async def test_a_part_of_the_manager_that_keeps_crashing_is_shown_and_tried_again(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(supervision, "FARM", attrs.evolve(supervision.FARM, max_restarts=1))
    poison = Poison()
    async with edge_at(tmp_path, around=poison) as edge:
        assert "parked" not in await call(edge, "GET", "status")
        again = ("POST", "manager/actors/try-again")
        await call(edge, *again, {"path": "/nobody"}, 404)
        refused = await call(edge, *again, {"path": "/status"}, 422)
        assert refused["message"] == "/status is not parked"
        poison.add(Status, "status", Refresh)
        edge.farm.status.tell(Refresh())

        async def parked():
            return (await call(edge, "GET", "status")).get("parked")

        (part,) = await until(parked)
        assert (part["path"], part["since"] < part["tried_again_at"]) == ("/status", True)
        assert "it kept crashing, at last with Poisoned('Refresh is poison')" in part["reason"]
        found = await shown(edge, "?under=/status")
        assert found["actors"][0]["state"] == "parked"
        assert [each["reason"] for each in found["parked"]] == [part["reason"]]
        assert (await call(edge, "GET", "status"))["status"] == "unknown"
        poison.clear()
        await call(edge, *again, {"path": "/status"}, 204)
        await until(partial(parked_no_more, edge))


async def parked_no_more(edge) -> bool:
    return "parked" not in await call(edge, "GET", "status")
