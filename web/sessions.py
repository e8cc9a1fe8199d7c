"""Worker sessions: a WebSocket on one side, the worker's actor on the other."""

import logging

import attrs
import trio
from quart import Blueprint, websocket

import actors
from flamenco import protocol
from flamenco.manager.refusals import Refusal
from flamenco.manager.workers.messages import Connect, Disconnected, FromWorker
from web.context import door, sockets
from web.sockets import POLICY_VIOLATION, PROTOCOL_ERROR, Socket

logger = logging.getLogger(__name__)

PENDING_MESSAGES = 1000
"""Maximum number of unread messages, after which a worker is disconnected."""

HELLO_SECONDS = 30.0
"""Seconds without a hello after which a worker is disconnected."""

Pending = trio.MemoryReceiveChannel[protocol.Message]


@attrs.define(eq=False)
class WorkerSession:
    """The Manager's end of one connected worker."""

    _outbox: trio.MemorySendChannel[protocol.Message]
    _socket: Socket

    def push(self, message: protocol.Message) -> None:
        """Send a message soon. If the outbox is full, the session ends instead."""
        try:
            self._outbox.send_nowait(message)
        except trio.WouldBlock:
            self.close("the worker doesn't read its messages")

    def close(self, reason: str) -> None:
        self._socket.end(POLICY_VIOLATION, reason)


routes = Blueprint("sessions", __name__)


@routes.websocket(protocol.PATH.removeprefix("/api/v3"))
async def session() -> None:
    actor = await door().admit(websocket.authorization, websocket.remote_addr)
    await websocket.accept()
    outbox, pending = trio.open_memory_channel[protocol.Message](PENDING_MESSAGES)
    with sockets().opened() as socket:
        mine = WorkerSession(outbox, socket)
        try:
            with socket.scope:
                await _converse(actor, mine, socket, pending)
            logger.info("session of worker %s ended: %s", actor.name, socket.reason)
            await websocket.close(socket.code, socket.reason)
        finally:
            actor.tell(Disconnected(mine))


async def _converse(
    actor: actors.ActorRef, mine: WorkerSession, socket: Socket, pending: Pending
) -> None:
    """Exchange messages until the worker breaks the protocol, its actor fails, or it is ended."""
    try:
        welcome = await actor.ask(Connect(mine, websocket.remote_addr or "", await _hello()))
        await _send(welcome)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_send_all, pending)
            while True:
                await _hear(actor, mine, await websocket.receive())
    except* protocol.ProtocolError as group:
        socket.end(PROTOCOL_ERROR, str(group.exceptions[0]))
    except* (actors.ActorError, Refusal) as group:
        socket.end(POLICY_VIOLATION, str(group.exceptions[0]))


async def _hear(actor: actors.ActorRef, mine: WorkerSession, text: str | bytes) -> None:
    """Hand on a message. A reliable one that makes no sense is refused: it would come again."""
    try:
        message, seq = protocol.decode(text, protocol.FROM_WORKER)
    except protocol.ProtocolError as error:
        if error.seq is None:
            raise
        logger.warning("worker %s: message %d is refused: %s", actor.name, error.seq, error)
        mine.push(protocol.Acknowledge(error.seq, str(error)))
        return
    await actor.send(FromWorker(mine, message, seq))


async def _hello() -> protocol.Hello:
    message: protocol.Message | None = None
    with trio.move_on_after(HELLO_SECONDS):
        message, _ = protocol.decode(await websocket.receive())
    if not isinstance(message, protocol.Hello):
        raise protocol.ProtocolError("expected hello as the first message")
    return message


async def _send_all(pending: Pending) -> None:
    async for message in pending:
        await _send(message)


async def _send(message: protocol.Message) -> None:
    await websocket.send(protocol.encode(message))
