"""A worker over a real session that only pretends to work."""

import random
import time
from collections import Counter
from contextlib import suppress
from functools import partial

import attrs
import httpx
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection

from flamenco import protocol
from flamenco.model.statuses import TaskStatus, WorkerStatus
from worker.connection import Ended, talk_over
from worker.credentials import Credentials
from worker.handshake import meet

RECONNECT_SECONDS = 0.2


@attrs.define
class Tally:
    """Observations of all workers of a process."""

    completed: Counter[tuple[str, int]] = attrs.field(factory=Counter)
    """Completions that the Manager acknowledged: {(task id, lease): how often}."""
    connected: int = 0
    _changed: trio.Event = attrs.field(factory=trio.Event)

    def connects(self, change: int) -> None:
        """Count more connected workers."""
        self.connected += change
        self._changed.set()
        self._changed = trio.Event()

    async def all_connected(self, number: int) -> None:
        """Wait until so many are."""
        while self.connected < number:
            await self._changed.wait()


@attrs.define(eq=False)
class LoadWorker:
    """Completes each task after about ``seconds``; its reports outlive its sessions."""

    url: str
    name: str
    tally: Tally
    seconds: float = 0.0
    credentials: Credentials | None = None
    _outbox: dict[int, protocol.Message] = attrs.field(factory=dict)
    _running: protocol.HeldLease | None = None
    _socket: WebSocketConnection | None = None
    _seq: int = attrs.field(factory=time.time_ns)
    _nursery: trio.Nursery = attrs.field(init=False)

    async def register(self, client: httpx.AsyncClient) -> None:
        body = {
            "name": self.name,
            "secret": self.name * 8,
            "platform": "linux",
            "supported_task_types": ["misc"],
        }
        answer = await client.post(f"{self.url}api/v3/worker/register-worker", json=body)
        answer.raise_for_status()
        self.credentials = Credentials(
            worker_id=answer.json()["uuid"], worker_secret=str(body["secret"])
        )

    async def live(self) -> None:
        """Connect again and again, until cancelled; work goes on meanwhile."""
        assert self.credentials is not None
        async with trio.open_nursery() as self._nursery:
            while True:
                await talk_over(self.url, partial(self._talk, self.credentials))
                self._socket = None
                await trio.sleep(RECONNECT_SECONDS)

    async def _talk(self, own: Credentials, socket: WebSocketConnection, _: str) -> Ended:
        exchange = await meet(socket, own.worker_id, own.key, address="")
        await socket.send_message(protocol.encode(protocol.Prove(exchange.workers_proof(own.key))))
        ended = {
            protocol.HeldLease(said.task_id, said.lease)
            for said in self._outbox.values()
            if isinstance(said, protocol.Report)
        }
        held = (*ended, self._running) if self._running else tuple(ended)
        hello = protocol.Hello(
            name=self.name, software_version="load", task_types=("misc",), leases=held
        )
        await socket.send_message(protocol.encode(hello))
        welcome, _ = protocol.decode(await socket.get_message())
        assert isinstance(welcome, protocol.Welcome)
        if self._running not in welcome.leases:
            self._running = None
        self._socket = socket
        for seq, said in list(self._outbox.items()):
            await socket.send_message(protocol.encode(said, seq))
        await self._say(protocol.StateChanged(WorkerStatus.AWAKE))
        self.tally.connects(1)
        try:
            while True:
                message, _ = protocol.decode(await socket.get_message())
                await self._received(message)
        finally:
            self.tally.connects(-1)

    async def _received(self, message: protocol.Message) -> None:
        match message:
            case protocol.Assign():
                lease = protocol.HeldLease(message.task_id, message.lease)
                self._running = lease
                if self.seconds:
                    self._nursery.start_soon(self._work, lease)
                else:
                    await self._finish(lease)
            case protocol.Revoke(task_id, lease):
                if self._running == protocol.HeldLease(task_id, lease):
                    self._running = None
            case protocol.Acknowledge(seq, refused):
                said = self._outbox.pop(seq, None)
                if isinstance(said, protocol.Report) and refused is None:
                    self.tally.completed[said.task_id, said.lease] += 1

    async def _work(self, lease: protocol.HeldLease) -> None:
        await trio.sleep(self.seconds * (0.5 + random.random()))
        if self._running == lease:
            await self._finish(lease)

    async def _finish(self, lease: protocol.HeldLease) -> None:
        self._running = None
        report = protocol.Report(
            task_id=lease.task_id, lease=lease.lease, status=TaskStatus.COMPLETED, log="done\n"
        )
        await self._say(report)

    async def _say(self, message: protocol.Message) -> None:
        self._seq += 1
        if isinstance(message, protocol.Report):
            self._outbox[self._seq] = message
        if self._socket is not None:
            with suppress(ConnectionClosed):
                await self._socket.send_message(protocol.encode(message, self._seq))
