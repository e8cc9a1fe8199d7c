"""A Worker that leaves by itself: after one task, after a time, or when there is nothing to do."""

import logging
import math
from contextlib import asynccontextmanager

import pytest
import trio

from flamenco.model.statuses import WorkerStatus
from flamenco.protocol import Report, SignOff, StateChanged
from tests.patience import until
from tests.worker.fake_manager import task
from tests.worker.running import gate, running_worker
from worker.stay import Stay, leave_in_time

ECHO = ("echo", {"message": "hello"})


@asynccontextmanager
async def awake(manager, config, stay):
    async with running_worker(config, stay) as worker:
        session = await manager.session()
        await session.wake()
        yield session, worker


async def signs_off(session, worker):
    await session.until(lambda m: isinstance(m, SignOff))
    await session.closed()
    assert await worker.exits() == 0


async def test_after_one_task(manager, config):
    async with awake(manager, config, Stay(once=True)) as (session, worker):
        await session.send(task(ECHO))
        last, _ = await session.outcome()
        assert last.status == "completed"
        await signs_off(session, worker)


async def test_when_its_time_is_over_after_the_present_task(
    manager, config, monkeypatch, tmp_path, caplog
):
    caplog.set_level(logging.INFO)
    time_begins = trio.Event()

    async def leave_later(worker, stay):
        await time_begins.wait()
        await leave_in_time(worker, stay)

    monkeypatch.setattr("worker.main.leave_in_time", leave_later)
    async with (
        gate(tmp_path) as (command, open_gate),
        awake(manager, config, Stay(seconds=0.1)) as (session, worker),
    ):
        await session.send(task(command))
        assert (await session.next(Report)).status == "active"
        time_begins.set()
        await until(lambda: "This Worker's time is over" in caplog.text)
        await open_gate()
        last, _ = await session.outcome()
        assert last.status == "completed"
        await signs_off(session, worker)


async def test_when_there_is_nothing_to_do(manager, config, monkeypatch, tmp_path):
    monkeypatch.setattr("worker.stay.IDLE_SECONDS", math.inf)
    async with (
        gate(tmp_path) as (command, open_gate),
        awake(manager, config, Stay(until_idle=True)) as (session, worker),
    ):
        await session.send(task(command))
        await session.next(Report)
        monkeypatch.setattr("worker.stay.IDLE_SECONDS", 0.1)
        await trio.sleep(0.3)  # busy is not idle
        await open_gate()
        last, _ = await session.outcome()
        assert last.status == "completed"
        await signs_off(session, worker)


async def test_when_there_is_nothing_to_do_while_it_is_awake(manager, config, monkeypatch):
    monkeypatch.setattr("worker.stay.IDLE_SECONDS", 0.1)
    async with running_worker(config, Stay(until_idle=True)) as worker:
        session = await manager.session()
        await session.welcome(WorkerStatus.ASLEEP)
        assert await session.next(StateChanged) == StateChanged(WorkerStatus.ASLEEP)
        await trio.sleep(0.3)  # asleep is not idle
        await session.ask(WorkerStatus.AWAKE)
        assert await session.next(StateChanged) == StateChanged(WorkerStatus.AWAKE)
        await signs_off(session, worker)


@pytest.mark.parametrize("lazy", [True, False])
async def test_who_is_leaving_cannot_be_kept(manager, config, tmp_path, lazy):
    async with (
        gate(tmp_path) as (command, open_gate),
        awake(manager, config, Stay(once=True)) as (session, worker),
    ):
        await session.send(task(command))
        await session.next(Report)
        await session.ask(WorkerStatus.AWAKE, lazy=lazy)
        await open_gate()
        await session.outcome()
        await signs_off(session, worker)
