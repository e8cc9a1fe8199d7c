"""A broken network and a Manager that comes and goes: nothing is lost, nothing counts twice."""

import os
import shutil
import signal
import sqlite3
import tempfile
from contextlib import closing, suppress

import attrs
import trio
from trio_websocket import WebSocketConnection

from flamenco.model.statuses import WorkerStatus
from flamenco.protocol import HeldLease, Report, Revoke, SignOff, StateChanged
from tests.patience import PATIENCE, until
from tests.servers import serve
from tests.worker.fake_manager import task
from tests.worker.running import gate, kill, python, running_worker, worker_process
from worker.connection import ANSWER_SECONDS

ECHO = ("echo", {"message": "hello"})
FOR_EVER = ("sleep", {"duration_in_seconds": 3600})


async def test_a_task_goes_on_through_a_broken_network(manager, config, tmp_path):
    async with running_worker(config), gate(tmp_path) as (command, open_gate):
        first = await manager.session()
        await first.wake()
        await first.send(task(command, lease=3))
        await first.next(Report)
        first.cut()
        second = await manager.session()
        assert second.hello.leases == (HeldLease("task-1", 3),)
        await second.wake()
        await open_gate()
        last, log = await second.outcome()
    assert last.status == "completed"
    assert log.count("going to run") == 1


async def test_what_was_not_acknowledged_is_sent_again_with_its_number(manager, config):
    async with running_worker(config):
        first = await manager.session()
        await first.wake()
        await first.send(task(ECHO))
        sent = [await first.receive() for _ in range(3)]
        assert sent[-1][0].status == "completed"
        first.cut()
        second = await manager.session()
        assert second.hello.leases == (HeldLease("task-1", 1),)
        await second.welcome()
        again = [await second.receive() for _ in range(3)]
        assert again == sent
        await second.next(StateChanged)


async def test_what_was_acknowledged_is_not_sent_again(manager, config):
    async with running_worker(config):
        first = await manager.session()
        await first.wake()
        await first.send(task(ECHO))
        await first.outcome()
        await first.send(task(ECHO, task_id="task-2"))
        await first.next(Report)
        first.cut()
        second = await manager.session()
        assert second.hello.leases == (HeldLease("task-2", 1),)


async def test_what_was_said_of_a_revoked_task_is_forgotten(manager, config):
    async with running_worker(config):
        first = await manager.session()
        await first.wake()
        await first.send(task(ECHO))
        for _ in range(3):
            await first.receive()
        await first.send(Revoke("task-1", 1, "the job is being deleted"))
        await first.send(task(ECHO, task_id="task-2"))
        await first.outcome()
        first.cut()
        second = await manager.session()
        assert second.hello.leases == ()
        await second.welcome()
        await second.next(StateChanged)


async def test_a_task_that_ends_while_the_manager_is_away_is_reported_when_it_is_back(
    config, manager, tmp_path
):
    async with running_worker(config), gate(tmp_path) as (command, open_gate):
        first = await manager.session()
        await first.wake()
        await first.send(task(command))
        await first.next(Report)
        manager.known.clear()  # it cannot come back until it has registered again
        first.cut()
        await open_gate()
        second = await manager.session()
        await second.welcome()
        last, _ = await second.outcome()
        assert last.status == "completed"


async def test_a_lease_the_manager_no_longer_grants_is_stopped_without_a_word(manager, config):
    async with running_worker(config):
        first = await manager.session()
        await first.wake()
        await first.send(task(FOR_EVER))
        await first.next(Report)
        first.cut()
        second = await manager.session()
        await second.welcome(leases=())
        await second.next(StateChanged)
        await second.send(task(ECHO, task_id="task-2"))
        reports = await second.until(lambda report: report.status == "completed")
    assert {report.task_id for report in reports} == {"task-2"}


async def test_a_worker_that_was_killed_reports_what_it_had_finished(manager, config):
    async with worker_process(config) as child:
        session = await manager.session()
        await session.wake()
        await session.send(task(ECHO))
        while (await session.receive())[0].status != "completed":
            pass
        await outbox_holds(config, "completed")
        kill(child)
        await child.wait()
    async with worker_process(config):
        session = await manager.session()
        assert session.hello.leases == (HeldLease("task-1", 1),)
        await session.welcome()
        last, _ = await session.outcome()
        assert last.status == "completed"
        assert await session.next(StateChanged) == StateChanged(WorkerStatus.AWAKE)


async def test_numbers_grow_over_the_lives_of_a_worker(manager, config):
    numbers = []
    for _ in range(3):
        async with running_worker(config):
            session = await manager.session()
            await session.wake()
            numbers += session.seqs
    assert numbers == sorted(set(numbers))


async def test_a_killed_worker_leaves_no_child_behind(manager, config):
    program = "import os, time; print('pid', os.getpid(), flush=True); time.sleep(3600)"
    async with worker_process(config) as child:
        session = await manager.session()
        await session.wake()
        await session.send(task(python(program)))
        reports = await session.until(lambda report: report.log and "pid " in report.log)
        pid = int(reports[-1].log.split()[-1])
        descriptor = os.pidfd_open(pid)
        kill(child)
        with trio.fail_after(PATIENCE):
            await trio.lowlevel.wait_readable(descriptor)
        os.close(descriptor)


async def test_sigterm_hands_the_task_back_signs_off_and_ends(manager, config):
    async with worker_process(config) as child:
        session = await manager.session()
        await session.wake()
        await session.send(task(ECHO, FOR_EVER))
        await session.next(Report)
        child.send_signal(signal.SIGTERM)
        last, log = await session.outcome()
        assert last.status == "queued"
        assert log == 'echo: "hello"\n'
        await session.next(SignOff)
        await session.closed()
        with trio.fail_after(PATIENCE):
            assert await child.wait() == 1


async def test_a_sign_off_that_was_cut_short_is_the_last_word(manager, config):
    async with worker_process(config) as child:
        first = await manager.session()
        await first.wake()
        child.send_signal(signal.SIGTERM)
        assert (await first.receive())[0] == SignOff()
        first.cut()
        second = await manager.session()
        await second.welcome()
        await second.next(SignOff)
        await second.closed()
        with trio.fail_after(PATIENCE):
            assert await child.wait() == 1


async def test_a_second_signal_ends_the_worker_now(manager, config):
    async with worker_process(config) as child:
        session = await manager.session()
        await session.wake()
        child.send_signal(signal.SIGINT)
        assert (await session.receive())[0] == SignOff()  # which is not acknowledged
        child.send_signal(signal.SIGINT)
        with trio.fail_after(PATIENCE):
            assert await child.wait() == 1


async def test_signals_put_a_worker_to_sleep_and_wake_it(manager, config):
    async with worker_process(config) as child:
        session = await manager.session()
        await session.wake()
        child.send_signal(signal.SIGUSR1)
        assert await session.next(StateChanged) == StateChanged(WorkerStatus.ASLEEP)
        child.send_signal(signal.SIGUSR2)
        assert await session.next(StateChanged) == StateChanged(WorkerStatus.AWAKE)


async def outbox_holds(config, text):
    """Wait until a message with this text is committed to the worker's database."""
    await until(lambda: trio.to_thread.run_sync(is_committed, config.home, text))


def is_committed(home, text) -> bool:
    """True if a copy of the database has it: the worker lets nobody else open its own.

    It may write meanwhile; a copy that makes no sense has nothing.
    """
    with tempfile.TemporaryDirectory() as folder, suppress(OSError, sqlite3.DatabaseError):
        for part in home.glob("flamenco-worker.sqlite*"):
            if not part.name.endswith("-shm"):
                shutil.copy(part, folder)
        with closing(sqlite3.connect(f"{folder}/flamenco-worker.sqlite")) as copy:
            found = copy.execute("SELECT count(*) FROM outbox WHERE instr(message, ?)", [text])
            return bool(found.fetchone()[0])
    return False


async def test_a_connection_that_is_closed_in_the_handshake_is_tried_again_at_once(config, caplog):
    """As a Manager does that just stops, or what stands before one that is not there."""
    tries = 0

    async def close(stream):
        nonlocal tries
        await stream.receive_some()
        await stream.aclose()
        tries += 1
        if tries == 3:
            nursery.cancel_scope.cancel()

    with trio.fail_after(ANSWER_SECONDS):
        async with trio.open_nursery() as nursery:
            (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
            port = listener.socket.getsockname()[1]
            nursery.start_soon(serve, close, listener)
            config = attrs.evolve(config, manager_url=f"http://127.0.0.1:{port}/")
            config.home.mkdir()
            file = config.home / "flamenco-worker-credentials.yaml"
            file.write_text("worker_id: id\nworker_secret: secret\n")
            async with running_worker(config):
                await trio.sleep_forever()
    assert "it closed the connection before it answered" in caplog.text


async def test_a_manager_that_never_answers_a_ping_is_taken_for_gone(manager, config, monkeypatch):
    async def ignore(socket, ping):
        await trio.lowlevel.checkpoint()

    monkeypatch.setattr("worker.session.ANSWER_SECONDS", 0.2)
    monkeypatch.setattr("worker.connection.CLOSE_SECONDS", 0.1)
    monkeypatch.setattr(WebSocketConnection, "_handle_ping_event", ignore)
    async with running_worker(config):
        session = await manager.session()
        await session.welcome(heartbeat=0.1)
        second = await manager.session()
        await second.wake()


async def test_a_manager_that_acknowledges_is_there_though_its_pongs_are_late(
    manager, config, monkeypatch
):
    """Pings wait behind a flood of log lines."""

    async def ignore(socket, ping):
        await trio.lowlevel.checkpoint()

    monkeypatch.setattr("worker.session.ANSWER_SECONDS", 1.0)
    monkeypatch.setattr(WebSocketConnection, "_handle_ping_event", ignore)
    async with running_worker(config):
        session = await manager.session()
        await session.welcome(heartbeat=0.2)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(session.closed)
            for _ in range(20):
                await session.ask(WorkerStatus.AWAKE)
                await trio.sleep(0.1)
            assert session.socket.closed is None
            nursery.cancel_scope.cancel()


async def test_a_manager_that_hangs_while_lines_pour_out_is_taken_for_gone(
    manager, config, monkeypatch
):
    """The connection is full: neither a heartbeat nor a ping can be sent."""

    async def stuck(self, event):
        await trio.sleep_forever()

    monkeypatch.setattr("worker.session.ANSWER_SECONDS", 0.2)
    monkeypatch.setattr("worker.connection.CLOSE_SECONDS", 0.1)
    async with running_worker(config):
        session = await manager.session()
        await session.welcome(heartbeat=0.2)
        await session.next(StateChanged)
        with monkeypatch.context() as full:
            full.setattr(WebSocketConnection, "_send", stuck)
            await trio.sleep(2.0)
        await manager.session()
