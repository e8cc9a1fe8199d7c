"""The Worker against a Manager that has no sessions, such as Flamenco 3's."""

import signal

import pytest
import trio

from flamenco.config.worker import WorkerConfig
from tests.patience import PATIENCE
from tests.servers import serve
from tests.worker.fake_manager import FakeManager
from tests.worker.http_manager import fetched, open_http_manager
from tests.worker.running import gate, kill, running_worker, worker_process
from tests.worker.test_network import outbox_holds
from worker.credentials import read_credentials

ECHO = ("echo", {"message": "hello"})
FOR_EVER = ("sleep", {"duration_in_seconds": 3600})


@pytest.fixture(autouse=True)
def pace(monkeypatch):
    """All intervals of the reference, a hundred times shorter; no log is sent before its time."""
    monkeypatch.setattr("worker.tasklog.CHUNK_SECONDS", PATIENCE)
    for name in ("FIRST_FETCH", "NO_TASK", "AFTER_TASK", "REFUSED", "MAY_I_RUN", "STATE"):
        place = f"worker.polling.{name}_SECONDS"
        seconds = {"FIRST_FETCH": 3, "NO_TASK": 20, "AFTER_TASK": 2, "REFUSED": 60}.get(name, 10)
        monkeypatch.setattr(place, seconds / 100)
    monkeypatch.setattr("worker.polling.backoff", lambda _: 0.05)
    monkeypatch.setattr("worker.session.backoff", lambda *_: 0.05)


@pytest.fixture
async def manager():
    async with open_http_manager() as manager:
        yield manager


async def awake(manager):
    """See the Worker sign on and go awake."""
    assert (await manager.told())[0] == "sign-on"
    assert await manager.told() == ("state-changed", {"status": "awake"})


async def test_a_task_is_fetched_run_and_reported_in_order(manager, config):
    manager.tasks.append(fetched(ECHO, ECHO))
    async with running_worker(config):
        place, signed_on = await manager.told()
        assert place == "sign-on"
        assert signed_on["name"] == "render-01"
        assert signed_on["supported_task_types"] == ["blender", "ffmpeg", "file-management", "misc"]
        assert signed_on["can_restart"] is True
        assert await manager.told() == ("state-changed", {"status": "awake"})
        told = [await manager.told() for _ in range(4)]
    assert {place for place, _ in told} == {"task/task-1"}
    assert [body for _, body in told] == [
        {"taskStatus": "active", "activity": "Started"},
        {"steps_completed": 1},
        {"steps_completed": 2},
        {"taskStatus": "completed", "activity": "Completed", "log": 'echo: "hello"\n' * 2},
    ]


async def test_the_next_task_follows_and_none_is_waited_for(manager, config):
    manager.tasks += [fetched(ECHO), fetched(ECHO, task_id="task-2")]
    async with running_worker(config):
        await manager.updates("completed")
        await manager.updates("completed")
        manager.tasks.append(fetched(ECHO, task_id="task-3"))
        await manager.updates("completed")


async def test_a_worker_that_is_asleep_asks_until_it_is_woken(manager, config):
    manager.wanted = "asleep"
    manager.tasks.append(fetched(ECHO))
    async with running_worker(config):
        await manager.told()
        assert await manager.told() == ("state-changed", {"status": "asleep"})
        manager.wanted = "awake"
        assert await manager.told() == ("state-changed", {"status": "awake"})
        await manager.updates("completed")


async def test_a_lazy_request_waits_for_the_task(manager, config, tmp_path):
    async with running_worker(config), gate(tmp_path) as (command, open_gate):
        manager.tasks.append(fetched(command))
        await manager.updates("active")
        manager.wanted, manager.is_lazy = "asleep", True
        await manager.has_been_asked("may-i-run")
        await open_gate()
        await manager.updates("completed")
        assert await manager.told() == ("state-changed", {"status": "asleep"})


async def test_a_request_that_is_not_lazy_hands_the_task_back(manager, config):
    manager.tasks.append(fetched(ECHO, FOR_EVER))
    async with running_worker(config):
        await manager.updates("active")
        manager.wanted, manager.is_lazy = "asleep", False
        *_, handed_back = await manager.updates("queued")
        assert await manager.told() == ("state-changed", {"status": "asleep"})
    assert handed_back["log"] == 'echo: "hello"\n'


async def test_a_task_that_may_not_go_on_stops_without_a_word(manager, config):
    manager.tasks.append(fetched(FOR_EVER))
    async with running_worker(config):
        await manager.updates("active")
        manager.is_stopped = "the job was canceled"
        manager.tasks.append(fetched(ECHO, task_id="task-2"))
        assert (await manager.told())[0] == "task/task-2"


async def test_a_refused_update_stops_the_task(manager, config):
    manager.tasks += [fetched(FOR_EVER), fetched(ECHO, task_id="task-2")]
    manager.failing["task/task-1"] = 409
    async with running_worker(config):
        await awake(manager)
        assert (await manager.told())[0] == "task/task-2"


async def test_an_update_that_is_answered_with_an_error_is_not_said_again(manager, config):
    manager.tasks += [fetched(ECHO), fetched(ECHO, task_id="task-2")]
    manager.failing["task/task-1"] = 500
    async with running_worker(config):
        await awake(manager)
        assert (await manager.told())[0] == "task/task-2"
    assert manager.asked.count("task/task-1") == 3


async def test_nothing_is_lost_while_the_manager_is_away(config, tmp_path):
    async with trio.open_nursery() as life:
        async with open_http_manager() as manager:
            await life.start(keep_running, config, manager)
            path = tmp_path / "gate"
            async with gate(tmp_path) as (command, open_gate):
                manager.tasks.append(fetched(ECHO, command, ECHO))
                seen = await manager.updates("active")
                await manager.told()  # the first step
        await open_gate()  # while nobody is there
        async with open_http_manager(manager.port, again=manager):
            seen += await manager.updates("completed")
        life.cancel_scope.cancel()
    assert [body.get("steps_completed") for body in seen] == [None, 2, 3, None]
    assert path.exists()
    assert len(manager.registrations) == 1


async def keep_running(config, manager, *, task_status):
    known = WorkerConfig(name=config.name, home=config.home, manager_url=manager.url)
    async with running_worker(known):
        task_status.started()
        await trio.sleep_forever()


@pytest.mark.parametrize("code", [421, 502])
async def test_who_is_not_the_manager_or_a_proxy_without_one_is_asked_again(manager, config, code):
    manager.tasks.append(fetched(ECHO))
    manager.failing["task/task-1"] = code
    async with running_worker(config):
        await awake(manager)
        await manager.has_been_asked("task/task-1", times=3)
        del manager.failing["task/task-1"]
        updates = await manager.updates("completed")
    assert updates[0]["taskStatus"] == "active"
    assert len(updates) == 3


async def test_a_worker_that_is_forgotten_registers_again(manager, config):
    async with running_worker(config):
        await awake(manager)
        manager.known.clear()
        await awake(manager)
    assert read_credentials(config.home).worker_id == "worker-2"


async def test_a_worker_that_was_taken_for_lost_signs_on_anew(manager, config):
    async with running_worker(config):
        await awake(manager)
        manager.status = "error"
        await awake(manager)


@pytest.mark.parametrize(("status", "code"), [("offline", 0), ("restart", 43)])
async def test_a_worker_that_is_asked_to_leave_signs_off(manager, config, status, code):
    async with running_worker(config) as worker:
        await awake(manager)
        manager.wanted = status
        assert (await manager.told())[0] == "sign-off"
        assert await worker.exits() == code


async def test_who_cannot_run_a_task_says_so_even_if_it_cannot_ask_for_no_more(manager, config):
    manager.tasks.append(fetched(("exec", {"exe": "no-such-program"})))
    async with running_worker(config):
        updates = await manager.updates("failed")
    assert "task/task-1/request-blocklisting" in manager.asked
    assert updates[-1]["activity"] == "Failed: 'no-such-program' is not on this machine."
    assert sum("is not on this machine" in body.get("log", "") for body in updates) == 1


async def test_who_cannot_run_a_task_asks_for_no_more_of_its_type(manager, config):
    manager.knows_wishes = True
    manager.tasks.append(fetched(("exec", {"exe": "no-such-program"})))
    async with running_worker(config):
        await manager.updates("active")
        (place, told), (wish_place, wish) = [await manager.told() for _ in range(2)]
    assert place == "task/task-1"
    assert "taskStatus" not in told  # to be blocklisted hands it back
    assert "is not on this machine" in told["log"]
    assert wish_place == "task/task-1/request-blocklisting"
    assert wish == {"reason": "'no-such-program' is not on this machine."}


async def test_a_manager_that_got_sessions_is_asked_for_one(config):
    async with trio.open_nursery() as life:
        async with open_http_manager() as old:
            await life.start(keep_running, config, old)
            await awake(old)
        new = FakeManager(old.port)
        new.known = old.known
        (listener,) = await trio.open_tcp_listeners(old.port, host="127.0.0.1")
        life.start_soon(serve, new.serve, listener)
        await (await new.session()).wake()
        life.cancel_scope.cancel()


# The process

PACE = """
import worker.polling as polling
for name in ("FIRST_FETCH", "NO_TASK", "AFTER_TASK", "REFUSED", "MAY_I_RUN", "STATE"):
    setattr(polling, f"{name}_SECONDS", 0.1)
"""


@pytest.mark.slow
async def test_sigterm_hands_the_task_back_and_signs_off(manager, config):
    manager.tasks.append(fetched(FOR_EVER))
    async with worker_process(config, PACE) as child:
        await manager.updates("active")
        child.send_signal(signal.SIGTERM)
        await manager.updates("queued")
        assert (await manager.told())[0] == "sign-off"
        with trio.fail_after(PATIENCE):
            assert await child.wait() == 1


@pytest.mark.slow
async def test_a_worker_that_was_killed_tells_what_it_had_not_said(manager, config, tmp_path):
    manager.tasks.append(fetched(ECHO))
    manager.failing["task/task-1"] = 503
    async with worker_process(config, PACE) as child:
        await awake(manager)
        await manager.has_been_asked("task/task-1", times=2)
        await outbox_holds(config, "completed")
        kill(child)
        await child.wait()
    manager.failing.clear()
    async with worker_process(config, PACE):
        await manager.told()
        updates = await manager.updates("completed")
    assert updates[0]["taskStatus"] == "active"
