"""Worker sessions: a WebSocket on one side, the worker's actor on the other."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import trio
from quart import Blueprint, websocket

import actors
from flamenco import protocol
from flamenco.manager.refusals import Refusal
from flamenco.manager.workers.messages import Connect, Disconnected, FromWorker
from web.context import connection, door, sockets, strangers
from web.crowds import Crowded
from web.handshakes import HandshakeOver, meet, next_message
from web.pacing import Tokens
from web.sockets import POLICY_VIOLATION, PROTOCOL_ERROR, Socket
from web.turns import TooMany, address

logger = logging.getLogger(__name__)

PENDING_MESSAGES = 1000
"""Maximum number of unread messages, after which a worker is disconnected."""

CHARACTERS_PER_SECOND = 4 * 2**20
"""Characters of a worker's messages that are heard each second, after the first ones."""
CHARACTERS_AT_FIRST = 16 * 2**20
COST_OF_A_MESSAGE = 1024
"""Cost of a message beside its own characters, however few these are."""

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
    actor = None
    if "Authorization" in websocket.headers:
        actor = await door().admit(websocket.authorization, websocket.remote_addr)
    else:
        strangers().check(address())
    await websocket.accept()
    with sockets().opened() as socket:
        with socket.scope, _told(socket):
            if actor is None:
                with strangers().entered(address()):
                    actor = await meet()
                connection().trust()
            await _serve(socket, actor)
        who = actor.name if actor else f"a stranger at {address()}"
        logger.info("session of %s ended: %s", who, socket.reason)
        await websocket.close(socket.code, socket.reason)


@contextmanager
def _told(socket: Socket) -> Iterator[None]:
    """Tell the worker why its session ends."""
    try:
        yield
    except* HandshakeOver as group:
        (over,) = group.exceptions
        socket.end(getattr(over, "code", POLICY_VIOLATION), str(over))
    except* protocol.ProtocolError as group:
        socket.end(PROTOCOL_ERROR, str(group.exceptions[0]))
    except* (actors.ActorError, Refusal, TooMany, Crowded) as group:
        socket.end(POLICY_VIOLATION, str(group.exceptions[0]))


async def _serve(socket: Socket, actor: actors.ActorRef) -> None:
    """Exchange messages until the worker breaks the protocol, its actor fails, or it is ended."""
    outbox, pending = trio.open_memory_channel[protocol.Message](PENDING_MESSAGES)
    mine = WorkerSession(outbox, socket)
    hello = await next_message(protocol.Hello)
    try:
        with door().ticket(actor.name) as ticket:
            welcome = await actor.ask(Connect(mine, address(), hello))
            await _send(attrs.evolve(welcome, ticket=ticket))
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_send_all, pending)
                pace = Tokens(CHARACTERS_AT_FIRST, CHARACTERS_PER_SECOND)
                while True:
                    said = await websocket.receive()
                    await _hear(actor, mine, said)
                    await pace.take(len(said) + COST_OF_A_MESSAGE)
    finally:
        actor.tell(Disconnected(mine))


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


async def _send_all(pending: Pending) -> None:
    async for message in pending:
        await _send(message)


async def _send(message: protocol.Message) -> None:
    await websocket.send(protocol.encode(message))
