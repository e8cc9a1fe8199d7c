"""Sending what an earlier life of the Worker could not."""

import trio

from flamenco.protocol import Report, SignOff
from tests.worker.fake_manager import task
from tests.worker.running import running_worker
from tests.worker.test_network import outbox_holds
from worker.main import send_the_rest

ECHO = ("echo", {"message": "hello"})


async def test_what_is_left_of_an_earlier_life_is_sent_without_taking_tasks(manager, config):
    async with running_worker(config):
        session = await manager.session()
        await session.wake()
        await session.send(task(ECHO))
        await outbox_holds(config, "completed")
    codes = []

    async def send():
        codes.append(await send_the_rest(config))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        session = await manager.session()
        await session.welcome()
        reports = [await session.next(Report) for _ in range(3)]
        await session.next(SignOff)
    assert reports[-1].status == "completed"
    assert codes == [0]


async def test_where_nothing_is_left_nobody_is_asked(manager, config):
    assert await send_the_rest(config) == 0
    assert not manager.registrations


async def test_what_cannot_be_sent_is_kept(manager, config, monkeypatch):
    monkeypatch.setattr("worker.main.FLUSH_SECONDS", 0.1)
    async with running_worker(config):
        session = await manager.session()
        await session.wake()
        await session.send(task(ECHO))
        await outbox_holds(config, "completed")
    assert await send_the_rest(config) == 1
    assert await send_the_rest(config) == 1
