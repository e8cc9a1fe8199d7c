"""What is told of a task's programs with its end: exit code, memory, and whether it ran at all."""

import os
import subprocess
import sys

import pytest
import trio

from flamenco.launcher import open_child
from flamenco.protocol import Report
from tests.worker.fake_manager import task
from tests.worker.running import python, running_worker
from worker import usage
from worker.usage import Usage, memory_of_tree

MIB = 1024**2
ECHO = ("echo", {"message": "hello"})


async def end_of(manager, config, *commands):
    async with running_worker(config):
        session = await manager.session()
        await session.wake()
        await session.send(task(*commands))
        return (await session.outcome())[0]


async def test_the_end_of_a_task_tells_exit_code_and_memory(manager, config):
    last = await end_of(manager, config, python(f"x = b'1' * {200 * MIB}"))
    assert (last.status, last.exit_code) == ("completed", 0)
    assert 200 * MIB < last.peak_memory < 400 * MIB


async def test_a_grandchild_counts(manager, config):
    program = f"x = b'1' * {200 * MIB}"
    run = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {program!r}])"
    last = await end_of(manager, config, python(run))
    assert last.peak_memory > 200 * MIB


async def test_the_largest_of_several_programs_counts_and_the_last_exit_code(manager, config):
    large = python(f"x = b'1' * {100 * MIB}")
    last = await end_of(manager, config, large, python("raise SystemExit(7)"), ECHO)
    assert (last.status, last.exit_code) == ("failed", 7)
    assert last.peak_memory > 100 * MIB
    assert last.blocklist is None


async def test_a_program_that_a_signal_ended_tells_which(manager, config):
    last = await end_of(manager, config, python("import os; os.kill(os.getpid(), 9)"))
    assert (last.status, last.exit_code) == ("failed", 128 + 9)


async def test_a_task_without_programs_tells_nothing_of_them(manager, config):
    last = await end_of(manager, config, ECHO)
    assert (last.status, last.exit_code, last.peak_memory) == ("completed", None, None)


async def test_processes_that_run_side_by_side_are_added():
    child = f"x = b'1' * {50 * MIB}; print(end='x', flush=True); import time; time.sleep(3600)"
    both = f"[subprocess.Popen([sys.executable, '-c', {child!r}]) for _ in range(2)]"
    program = f"import subprocess, sys; [child.wait() for child in {both}]"
    command = [sys.executable, "-c", program]
    async with open_child(command, stdout=subprocess.PIPE) as running:
        seen = b""
        with trio.fail_after(20):
            while seen != b"xx":
                seen += await running.stdout.receive_some()
        assert memory_of_tree(running.pid) > 100 * MIB
    assert memory_of_tree(running.pid) == 0


async def test_memory_is_measured_while_a_program_runs(monkeypatch):
    measured = trio.Event()
    run = trio.lowlevel.current_trio_token().run_sync_soon

    def measure(pid):
        run(measured.set)
        return memory_of_tree(pid)

    monkeypatch.setattr(usage, "SAMPLE_SECONDS", 0.01)
    monkeypatch.setattr(usage, "memory_of_tree", measure)
    account = Usage()
    async with open_child(["sleep", "3600"]) as child, trio.open_nursery() as nursery:
        account.started(child)
        nursery.start_soon(account.keep_measuring)
        with trio.fail_after(20):
            await measured.wait()
        nursery.cancel_scope.cancel()
    assert account.peak_memory > 0


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (("exec", {"exe": "no-such-program"}), "'no-such-program' is not on this machine."),
        (
            ("blender-render", {"exe": "no-such-blender", "blendfile": "a.blend"}),
            "'no-such-blender' is not on this machine. Install Blender on this Worker,",
        ),
        (("dance", {}), 'unknown command: "dance"'),
    ],
)
async def test_a_worker_that_cannot_run_a_task_asks_for_no_more_of_them(
    manager, config, command, reason
):
    last = await end_of(manager, config, ECHO, command)
    assert last.status == "failed"
    assert last.blocklist.startswith(reason)
    assert last.activity == f"Failed: {last.blocklist}"


async def test_a_program_it_may_not_run_is_one_it_cannot_run(manager, config, tmp_path):
    file = tmp_path / "not-executable"
    file.write_text("no program")
    last = await end_of(manager, config, ("exec", {"exe": str(file)}))
    assert last.blocklist == f"{str(file)!r} may not be run by this Worker"


async def test_a_task_that_is_handed_back_tells_what_it_used(manager, config):
    async with running_worker(config) as worker:
        session = await manager.session()
        await session.wake()
        filled = f"x = b'1' * {100 * MIB}; print('full', flush=True); import time; time.sleep(3600)"
        await session.send(task(python(filled)))
        await session.until(lambda m: isinstance(m, Report) and "full" in (m.log or "").split())
        os.kill(os.getpid(), 15)
        last, _ = await session.outcome()
        await session.until(lambda m: not isinstance(m, Report))
        await worker.exits()
    assert last.status == "queued"
    assert last.peak_memory > 100 * MIB
