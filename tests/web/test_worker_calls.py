"""Answers to workers that poll, call by call, through a real socket."""

import gc
import hashlib

import attrs
import pytest
import trio

from flamenco import protocol
from tests.patience import until
from tests.web.conftest import JOB, USUAL_CONFIG, Edge, call, edge_at
from tests.web.test_edge import session

NOBODY = "00000000-0000-0000-0000-000000000000"
SECRET = "x" * 64
REGISTRATION = {"secret": SECRET, "platform": "linux", "supported_task_types": ["misc"]}
SIGN_ON = {"supported_task_types": [" Misc"], "software_version": "3.9", "can_restart": True}


@attrs.frozen
class Caller:
    """A worker that calls when the test says so."""

    edge: Edge
    id: str
    name: str

    async def says(self, method: str, path: str, body=None, status: int = 200):
        """The answer to a call, which has to have this status."""
        login = (self.id, SECRET)
        return await call(self.edge, method, f"worker/{path}", body, status, login)

    async def signs_on(self, status: str = "awake", **changes) -> None:
        answer = await self.says("POST", "sign-on", SIGN_ON | {"name": self.name} | changes)
        assert answer == {"status_requested": status}
        await self.went_to(status)

    async def went_to(self, status: str) -> None:
        await self.says("POST", "state-changed", {"status": status}, 204)

    async def gets_task(self) -> dict:
        return await self.says("POST", "task")

    async def gets_nothing(self) -> None:
        await self.says("POST", "task", None, 204)

    async def updates(self, task: dict, status: int = 204, **update) -> None:
        await self.says("POST", f"task/{task['uuid']}", update, status)

    async def completes(self, task: dict, status: int = 204) -> None:
        await self.updates(task, status, taskStatus="completed", activity="Completed")

    async def may_run(self, task: dict) -> dict:
        return await self.says("GET", f"task/{task['uuid']}/may-i-run")

    async def shown(self) -> dict:
        return await call(self.edge, "GET", f"worker-mgt/workers/{self.id}")

    async def is_asked(self, status: str, *, lazy: bool = False, answer: int = 204) -> None:
        body = {"status": status, "is_lazy": lazy}
        path = f"worker-mgt/workers/{self.id}/setstatus"
        await call(self.edge, "POST", path, body, answer)


async def caller(edge, name: str = "anna", **changes) -> Caller:
    """A worker that has registered, and is not there yet."""
    body = REGISTRATION | {"name": name} | changes
    worker = await call(edge, "POST", "worker/register-worker", body)
    assert worker["status"] == ""
    return Caller(edge, worker["uuid"], name)


async def awake(edge, name: str = "anna", **changes) -> Caller:
    worker = await caller(edge, name, **changes)
    await worker.signs_on()
    return worker


async def submitted(edge, **changes) -> str:
    return (await call(edge, "POST", "jobs", JOB | changes))["id"]


async def task_of(edge, task: dict) -> dict:
    return await call(edge, "GET", f"tasks/{task['uuid']}")


async def until_task(edge, task: dict, status: str) -> None:
    async def reached() -> bool:
        return (await task_of(edge, task))["status"] == status

    await until(reached)


# Tasks


async def test_a_task_is_given_with_all_that_the_worker_needs_and_variables_replaced(edge):
    windows = await awake(edge, platform="windows")
    settings = {"message": "run {blender}", "sleep_repeats": 0}
    job = await submitted(edge, priority=60, settings=settings)
    task = await windows.gets_task()
    assert task == {
        "uuid": task["uuid"],
        "job": job,
        "name": "echo",
        "status": "active",
        "priority": 50,
        "job_priority": 60,
        "job_type": "echo-sleep-test",
        "task_type": "misc",
        "commands": [
            {"name": "echo", "parameters": {"message": "run blender.exe"}, "total_step_count": 0}
        ],
        "steps_completed": 0,
        "steps_total": 1,
    }


async def test_updates_tell_activity_log_and_steps_and_a_failure_is_blamed(edge):
    anna = await awake(edge)
    for name in ("bert", "carl"):
        await (await caller(edge, name)).signs_on()
    await submitted(edge)
    task = await anna.gets_task()
    await anna.updates(task, taskStatus="active", activity="Started", log="hello\n")
    await anna.updates(task, steps_completed=99)
    shown = await task_of(edge, task)
    assert (shown["activity"], shown["steps_completed"]) == ("Started", 1)
    assert shown["worker"]["name"] == "anna"
    await anna.updates(task, taskStatus="failed", activity="Failed: no", log="Failed: no\n")
    shown = await task_of(edge, task)
    assert shown["status"] == "soft-failed"
    assert [each["name"] for each in shown["failed_by_workers"]] == ["anna"]
    log = (await edge.http.get(f"/api/v3/tasks/{task['uuid']}/logtail")).text
    assert "hello\nFailed: no\n" in log
    assert f"Task assigned to worker anna ({anna.id})" in log
    await anna.gets_nothing()


async def test_a_worker_that_lost_its_task_gets_it_again(edge):
    anna = await awake(edge)
    await submitted(edge)
    task = await anna.gets_task()
    assert await anna.gets_task() == task
    await anna.signs_on()
    assert await anna.gets_task() == task
    await anna.completes(task)


async def test_an_update_without_a_lease_does_not_count(edge):
    anna, bert = await awake(edge), await awake(edge, "bert")
    job = await submitted(edge)
    task = await anna.gets_task()
    await bert.completes(task, 409)
    await bert.completes({"uuid": NOBODY}, 404)
    await bert.completes({"uuid": "nobody"}, 400)
    for status in ("soft-failed", "canceled", "paused"):
        await anna.updates(task, 400, taskStatus=status)
    change = {"status": "cancel-requested", "reason": "enough"}
    await call(edge, "POST", f"jobs/{job}/setstatus", change, 204)
    await anna.completes(task, 409)
    assert (await task_of(edge, task))["status"] == "canceled"
    assert (await call(edge, "GET", "status"))["refused_reports"] == 3


async def test_nobody_waits_for_the_next_poll_while_another_worker_is_idle(edge):
    polls = await awake(edge)
    await polls.gets_nothing()
    path = "jobs/{}/why-waiting"
    first = await submitted(edge)
    reason = (await call(edge, "GET", path.format(first)))["reason"]
    assert reason == "anna could run it; it is about to ask for a task."
    asks = await awake(edge, "bert")
    task = await asks.gets_task()
    assert task["job"] == first
    await asks.completes(task)


async def test_two_that_ask_with_the_same_credentials_do_not_get_the_same_task(edge):
    anna = await awake(edge)
    await submitted(edge)
    answers = []

    async def ask() -> None:
        answer = await edge.http.post("/api/v3/worker/task", auth=(anna.id, SECRET))
        answers.append(answer.status_code)

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(ask)
    assert 200 in answers
    assert set(answers) <= {200, 204}


# Status


async def test_a_lazy_request_waits_for_the_next_fetch_and_an_immediate_one_stops_the_task(edge):
    anna = await awake(edge)
    await submitted(edge)
    task = await anna.gets_task()
    fine = {"mayKeepRunning": True, "reason": "", "statusChangeRequested": False}
    await anna.is_asked("asleep", lazy=True)
    assert await anna.may_run(task) == fine
    await anna.is_asked("asleep")
    stop = await anna.may_run(task)
    assert (stop["mayKeepRunning"], stop["statusChangeRequested"]) == (False, True)
    asleep = {"status_requested": "asleep"}
    assert await anna.says("POST", "task", None, 423) == asleep
    assert await anna.says("GET", "state") == asleep
    assert (await anna.shown())["status_change"] == {"status": "asleep", "is_lazy": False}
    await anna.went_to("asleep")
    await until_task(edge, task, "queued")
    await anna.says("POST", "task", None, 409)
    await anna.says("GET", "state", None, 204)
    assert "status_change" not in await anna.shown()
    await anna.is_asked("awake")
    assert await anna.says("GET", "state") == {"status_requested": "awake"}
    await anna.went_to("awake")
    await anna.completes(await anna.gets_task())


async def test_a_request_that_comes_while_it_asks_is_its_answer(edge):
    anna = await awake(edge)
    answers = []

    async def ask_again_and_again() -> None:
        while 423 not in answers:
            answer = await edge.http.post("/api/v3/worker/task", auth=(anna.id, SECRET))
            answers.append(answer.status_code)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask_again_and_again)
        await anna.is_asked("asleep")
    assert set(answers) <= {204, 423}


async def test_why_a_task_may_not_go_on_is_told(edge):
    anna, bert = await awake(edge), await awake(edge, "bert")
    job = await submitted(edge)
    task = await anna.gets_task()
    assert (await bert.may_run(task))["reason"] == "the task is not assigned to this worker"
    await bert.is_asked("asleep")
    gone = {"mayKeepRunning": False, "reason": "Task not found", "statusChangeRequested": False}
    assert await bert.may_run({"uuid": NOBODY}) == gone
    change = {"status": "cancel-requested", "reason": "enough"}
    await call(edge, "POST", f"jobs/{job}/setstatus", change, 204)
    assert (await anna.may_run(task))["reason"] == "the task is canceled"


async def test_signing_off_returns_the_task_at_once_and_its_status_is_remembered(edge):
    anna = await awake(edge)
    await submitted(edge)
    task = await anna.gets_task()
    await anna.says("POST", "sign-off", None, 204)
    await until_task(edge, task, "queued")
    await anna.completes(task, 409)
    shown = await anna.shown()
    assert (shown["status"], shown["status_change"]["status"]) == ("offline", "awake")
    await anna.is_asked("asleep")
    await anna.signs_on("asleep")
    assert "status_change" not in await anna.shown()


async def test_a_restart_is_asked_for_until_the_worker_signs_off(edge):
    stays = await caller(edge, "stays")
    await stays.signs_on(can_restart=False)
    await stays.is_asked("restart", answer=422)
    anna = await awake(edge)
    await anna.is_asked("restart", lazy=True)
    assert await anna.says("POST", "task", None, 423) == {"status_requested": "restart"}
    await anna.says("POST", "sign-off", None, 204)
    shown = await anna.shown()
    assert shown["status"] == "offline"
    assert "status_change" not in shown
    await anna.signs_on()


async def test_one_that_was_given_up_and_calls_again_is_asked_to_come_back(tmp_path):
    async with edge_at(tmp_path, attrs.evolve(USUAL_CONFIG, worker_timeout=0.2)) as edge:
        anna = await awake(edge)

        async def lost() -> bool:
            return (await anna.shown())["status"] == "error"

        await until(lost)
        assert await anna.says("POST", "task", None, 423) == {"status_requested": "awake"}
        assert await anna.says("GET", "state") == {"status_requested": "awake"}

        async def back() -> bool:  # it may be given up again before it asks
            await anna.went_to("awake")
            answer = await edge.http.post("/api/v3/worker/task", auth=(anna.id, SECRET))
            return answer.status_code == 204

        await until(back)


# trio-websocket leaves the socket of a closed connection to the garbage collector.
@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
async def test_a_worker_may_change_from_polling_to_a_session_and_back(edge):
    anna = await awake(edge)
    async with session(edge, anna.id, SECRET) as socket:
        hello = protocol.Hello(name="anna", software_version="4", task_types=("misc",))
        await socket.send_message(protocol.encode(hello))
        welcome, _ = protocol.decode(await socket.get_message())
        assert welcome.status_requested == "awake"
        await socket.send_message(protocol.encode(protocol.StateChanged("awake"), 1))
        await socket.get_message()
        refused = await anna.says("POST", "task", None, 409)
        assert "session" in refused["message"]
        await submitted(edge)
        assign, _ = protocol.decode(await socket.get_message())
        await anna.signs_on()
    assert (await anna.gets_task())["uuid"] == assign.task_id
    gc.collect()


# Who may


async def test_a_secret_costs_no_slow_hash_and_a_deleted_worker_is_forgotten(edge, monkeypatch):
    anna, hashed = await caller(edge), []
    scrypt = hashlib.scrypt
    counted = lambda *args, **options: hashed.append(1) or scrypt(*args, **options)  # noqa: E731
    monkeypatch.setattr(hashlib, "scrypt", counted)
    await anna.signs_on()
    await anna.gets_nothing()
    assert not hashed
    await call(edge, "DELETE", f"worker-mgt/workers/{anna.id}", None, 204)

    async def forgotten() -> bool:
        answer = await edge.http.post("/api/v3/worker/task", auth=(anna.id, SECRET))
        return answer.status_code == 403

    await until(forgotten)


async def test_only_who_knows_the_registration_secret_may_register(tmp_path):
    config = attrs.evolve(USUAL_CONFIG, registration_secret="sésame")
    async with edge_at(tmp_path, config) as edge:
        body = REGISTRATION | {"name": "anna"}
        for changes in ({}, {"registration_secret": "wrong"}):
            error = await call(edge, "POST", "worker/register-worker", body | changes, 403)
            assert "registration_secret" in error["message"]
        await awake(edge, registration_secret="sésame")


async def test_capabilities_are_told_at_the_registration_or_when_signing_on(edge):
    anna = await awake(edge, capabilities=["Fast-Disk"])
    assert (await anna.shown())["specs"]["capabilities"] == ["fast-disk"]
    await anna.signs_on(capabilities=["license"])
    assert (await anna.shown())["specs"]["capabilities"] == ["license"]
    needs = {"capabilities": ["license"]}
    job = await submitted(edge, requirements=needs)
    assert (await anna.gets_task())["job"] == job


# Blocklisting and approval


async def test_a_worker_asks_for_no_more_tasks_of_a_type_in_a_job(edge):
    anna, bert = await awake(edge), await awake(edge, "bert")
    job = await submitted(edge)
    task = await anna.gets_task()
    path = f"task/{task['uuid']}/request-blocklisting"
    await anna.says("POST", path, {}, 400)
    await anna.says("POST", path, {"reason": "there is no Blender here"}, 204)
    await anna.says("POST", path, {"reason": "again"}, 409)
    entry = (await call(edge, "GET", f"jobs/{job}/blocklist"))[0]
    assert (entry["worker_id"], entry["task_type"]) == (anna.id, "misc")
    assert entry["reason"] == "there is no Blender here"
    await anna.gets_nothing()
    assert (await bert.gets_task())["uuid"] == task["uuid"]
    await call(edge, "DELETE", f"jobs/{job}/blocklist", [entry], 204)
    assert await call(edge, "GET", f"jobs/{job}/blocklist") == []


@pytest.mark.parametrize("name", ["evil\r\nname", "\x1b]0;owned\x07name", "\r\n"])
async def test_a_worker_that_signs_on_gets_no_name_that_steers_a_terminal(edge, name):
    anna = await caller(edge)
    await anna.signs_on(name=name)
    shown = (await anna.shown())["name"]
    assert shown.isprintable()
    assert shown
