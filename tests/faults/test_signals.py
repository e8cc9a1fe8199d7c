"""Signals, and the ways in which a Worker leaves: its task is done all the same."""

import json
import signal

import pytest

from tests.faults.farm import appears, ends, open_farm, shell, task
from tests.patience import until
from worker.service import STOP_SECONDS

pytestmark = pytest.mark.slow


def waiting(folder, kind="misc"):
    """A task that says its pid in a file, and ends when the test lets it."""
    say_pid = f"echo $$ > {folder}/pid.tmp; mv {folder}/pid.tmp {folder}/pid"
    return task(
        "task", shell(f"{say_pid}; while [ ! -e {folder}/go ]; do sleep 0.05; done"), kind=kind
    )


async def started(folder):
    """Wait until the task runs; the pid of its program."""
    pid = int(await appears(folder / "pid"))
    (folder / "pid").unlink()
    return pid


async def test_signals_put_a_worker_to_sleep_and_wake_it(tmp_path):
    async with open_farm(tmp_path) as farm:
        anna = await farm.worker("anna")
        await farm.until_worker("anna", "awake")
        anna.send(signal.SIGUSR1)
        await farm.until_worker("anna", "asleep")
        job = await farm.submit(task("hello", ("echo", {"message": "hello"})))
        assert (await farm.task(job))["status"] == "queued"
        anna.send(signal.SIGUSR2)
        assert await farm.finished(job) == "completed"


async def test_who_is_put_to_sleep_in_a_task_hands_it_back_and_does_it_when_awake(tmp_path):
    async with open_farm(tmp_path) as farm:
        anna = await farm.worker("anna")
        job = await farm.submit(waiting(tmp_path))
        first = await started(tmp_path)
        anna.send(signal.SIGUSR1)
        await ends(first)
        await farm.until_worker("anna", "asleep")
        assert (await farm.task(job))["status"] == "queued"
        anna.send(signal.SIGUSR2)
        await started(tmp_path)
        (tmp_path / "go").touch()
        assert await farm.finished(job) == "completed"
        assert [each["ending"] for each in await farm.attempts(job)] == ["returned", "completed"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_stopped_worker_hands_its_task_back_at_once_and_signs_off(tmp_path, number):
    async with open_farm(tmp_path) as farm:
        anna = await farm.worker("anna")
        job = await farm.submit(waiting(tmp_path))
        first = await started(tmp_path)
        bert = await farm.worker("bert")
        await farm.until_worker("bert", "awake")
        anna.send(number)
        await started(tmp_path)  # at once, not after a timeout of a minute
        assert await anna.exits(seconds=STOP_SECONDS) == 1
        await ends(first)
        await farm.until_worker("anna", "offline")
        (tmp_path / "go").touch()
        assert await farm.finished(job) == "completed"
        bert.send(number)
        assert await bert.exits() == 1
        assert farm.task_log(job).count("going to run") == 2


async def test_a_stopped_worker_whose_manager_is_gone_ends_in_time_and_tells_later(tmp_path):
    async with open_farm(tmp_path) as farm:
        anna = await farm.worker("anna")
        job = await farm.submit(waiting(tmp_path))
        await started(tmp_path)
        await farm.manager.kill()
        anna.send(signal.SIGTERM)
        assert await anna.exits(seconds=STOP_SECONDS) == 1
        await farm.start_manager()
        await farm.worker("anna")
        await started(tmp_path)
        (tmp_path / "go").touch()
        assert await farm.finished(job) == "completed"


async def test_a_second_signal_ends_a_worker_now(tmp_path):
    async with open_farm(tmp_path) as farm:
        anna = await farm.worker("anna")
        await farm.submit(waiting(tmp_path))
        program = await started(tmp_path)
        await farm.manager.kill()  # so that nobody acknowledges the sign-off
        anna.send(signal.SIGTERM)
        await until(lambda: anna.said("a second signal stops at once"))
        anna.send(signal.SIGTERM)
        assert await anna.exits() == 1
        assert anna.said("Stopping now")
        await ends(program)


async def test_a_status_is_remembered_and_a_restart_has_an_exit_code_of_its_own(tmp_path):
    async with open_farm(tmp_path) as farm:
        anna = await farm.worker("anna", restart_exit_code=3)
        await farm.until_worker("anna", "awake")
        await farm.request("anna", "asleep")
        await farm.until_worker("anna", "asleep")
        await anna.stop()
        await farm.until_worker("anna", "offline")
        anna = await farm.worker("anna", restart_exit_code=3)
        await farm.until_worker("anna", "asleep")
        await farm.request("anna", "restart")
        assert await anna.exits() == 3
        await farm.until_worker("anna", "offline")


async def test_who_stays_for_one_task_or_a_time_finishes_it_first(tmp_path):
    once, stay = folders = [tmp_path / "once", tmp_path / "stay"]
    async with open_farm(tmp_path) as farm:
        for folder in folders:
            folder.mkdir()
        jobs = [await farm.submit(waiting(folder, folder.name)) for folder in folders]
        anna = await farm.worker("anna", "--once", task_types=("once",))
        bert = await farm.worker("bert", "--stay", "8s", task_types=("stay",))
        await started(once)
        await started(stay)
        await until(lambda: bert.said("This Worker's time is over"))
        for folder in folders:
            (folder / "go").touch()
        assert [await worker.exits() for worker in (anna, bert)] == [0, 0]
        assert [await farm.finished(job) for job in jobs] == ["completed", "completed"]
        assert [len(await farm.attempts(job)) for job in jobs] == [1, 1]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signal")
async def test_a_manager_reads_its_configuration_anew_on_a_hangup(tmp_path):
    path = tmp_path / "manager.yaml"
    async with open_farm(tmp_path) as farm:
        before = json.loads(path.read_text())

        async def name() -> str:
            return (await farm.get("version"))["name"]

        path.write_text("manager_name: [broken\n")
        farm.manager.send(signal.SIGHUP)
        await until(lambda: farm.manager.said("the configuration stays as it is: .* is not YAML"))
        assert await name() == "Flamenco"
        path.write_text(": 2\n")
        farm.manager.send(signal.SIGHUP)
        await until(lambda: farm.manager.said("the configuration stays as it is: .* _meta"))
        path.write_text(json.dumps({**before, "manager_name": "North", "job_type_memory": 1024}))
        farm.manager.send(signal.SIGHUP)
        await until(lambda: farm.manager.said("these changes need a restart: job_type_memory"))
        assert await name() == "North"
