"""The report on a task's programs at its end: exit code, memory, and if one ran at all."""

import os
import subprocess
import sys

import pytest
import trio

from flamenco.launcher import Child, open_child
from flamenco.protocol import Heartbeat, HeldLease, Report, Revoke, StateChanged
from tests.patience import PATIENCE
from tests.worker.fake_manager import task
from tests.worker.running import python, running_worker
from worker import usage
from worker.usage import STILL_SECONDS, Sample, Usage, measure

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
        with trio.fail_after(PATIENCE):
            while seen != b"xx":
                seen += await running.stdout.receive_some()
        assert measure(running.pid).memory > 100 * MIB
    assert measure(running.pid).memory == 0


async def test_memory_is_measured_while_a_program_runs(monkeypatch):
    measured = trio.Event()
    run = trio.lowlevel.current_trio_token().run_sync_soon

    def seen(pid):
        run(measured.set)
        return measure(pid)

    monkeypatch.setattr(usage, "SAMPLE_SECONDS", 0.01)
    monkeypatch.setattr(usage, "measure", seen)
    account = Usage()
    async with open_child(["sleep", "3600"]) as child, trio.open_nursery() as nursery:
        account.started(child)
        nursery.start_soon(account.keep_measuring)
        with trio.fail_after(PATIENCE):
            await measured.wait()
        nursery.cancel_scope.cancel()
    assert account.peak_memory > 0


def progress_of(account, *work):
    """True if a program is alive after it has used so many seconds of a processor, each 2 s on."""
    for seconds in work:
        account._measured = trio.current_time() - 2
        account._look(Sample(work=seconds))
    return account.is_alive


class TestProgress:
    @pytest.fixture
    async def account(self):
        account = Usage()
        account.started(Child(None, 1))
        return account

    async def test_a_program_that_prints_makes_progress(self, account, autojump_clock):
        await trio.sleep(STILL_SECONDS + 1)
        assert not account.is_alive
        account.progressed()
        assert account.is_alive

    async def test_a_program_that_works_in_silence_makes_progress(self, account, autojump_clock):
        await trio.sleep(STILL_SECONDS + 1)
        assert progress_of(account, 0.5)

    async def test_one_that_only_wakes_up_now_and_then_does_not(self, account, autojump_clock):
        assert progress_of(account, 0.5)
        await trio.sleep(STILL_SECONDS + 1)
        assert not progress_of(account, 0.501, 0.502, 0.503)

    async def test_one_that_starts_has_some_time(self, account, autojump_clock):
        await trio.sleep(STILL_SECONDS - 1)
        assert account.is_alive

    async def test_where_no_program_runs_all_is_well(self, account, autojump_clock):
        await trio.sleep(STILL_SECONDS + 1)
        account._running = None
        assert account.is_alive


async def test_the_heartbeat_leaves_out_a_task_whose_program_hangs(manager, config, monkeypatch):
    monkeypatch.setattr(usage, "STILL_SECONDS", 0.5)
    monkeypatch.setattr(usage, "SAMPLE_SECONDS", 0.05)
    quiet, busy = ("exec", {"exe": "sleep", "args": ["3600"]}), python("while True: pass")
    async with running_worker(config):
        session = await manager.session()
        await session.welcome(heartbeat=0.05)
        await session.next(StateChanged)
        await session.send(task(quiet))
        await session.until(lambda m: m == Heartbeat((HeldLease("task-1", 1),)))
        await session.until(lambda m: m == Heartbeat())
        await session.send(Revoke("task-1", 1, "no sign of life"))
        await session.send(task(busy, task_id="task-2"))
        alive = Heartbeat((HeldLease("task-2", 1),))
        await session.until(lambda m: m == alive)
        later = trio.current_time() + 2 * usage.STILL_SECONDS
        await session.until(lambda m: m == alive and trio.current_time() > later)


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


async def test_a_task_that_is_handed_back_tells_what_it_used(manager, config, monkeypatch):
    monkeypatch.setattr("worker.tasklog.CHUNK_SECONDS", 0.1)
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
