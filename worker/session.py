"""The Worker's end of the session: connects, signs on, keeps in touch, connects again.

docs/worker-protocol.md says what each message means.
"""

import base64
import logging
from contextlib import suppress
from typing import Protocol

import attrs
import trio
from trio_websocket import (
    ConnectionClosed,
    ConnectionRejected,
    HandshakeError,
    WebSocketConnection,
    open_websocket_url,
)

from flamenco import protocol
from flamenco.protocol import Heartbeat, HeldLease, Hello, Message, ProtocolError, Welcome
from worker.backoff import backoff
from worker.outbox import Outbox
from worker.registration import Credentials, Identity, RegistrationFailed

log = logging.getLogger(__name__)

ANSWER_SECONDS = 20.0
"""How long the Manager may take to answer a `Hello` or a ping."""
CLOSE_SECONDS = 2.0
MOST_BYTES = 64 * 1024 * 1024
"""A task with very many commands is still one message."""


class Station(Protocol):
    """What the session speaks for: the Worker's state, and what becomes of the messages."""

    def hello(self) -> Hello: ...
    def held_leases(self) -> tuple[HeldLease, ...]: ...
    def welcomed(self, welcome: Welcome) -> None: ...
    def received(self, message: Message) -> None: ...


class Unreachable(Exception):
    """The session could not be opened, or ended; says why in a few words."""


class Rejected(Exception):
    """The Manager does not know the Worker's credentials."""


@attrs.define
class Session:
    """Keeps a session with the Manager, whatever happens to the network or to the Manager."""

    manager_url: str
    station: Station
    outbox: Outbox
    identity: Identity
    _failures: int = attrs.field(init=False, default=0)
    _last_reason: str = attrs.field(init=False, default="")
    _rejected: bool = attrs.field(init=False, default=False)

    async def run(self) -> None:
        """Connect again and again, until cancelled. Never raises for the network's sake."""
        while True:
            try:
                await self._connect_once()
            except (Unreachable, RegistrationFailed) as error:
                self._complain(str(error))
            except Rejected:
                log.warning("The Manager does not know this Worker; registering again")
                self._rejected = True
            await trio.sleep(backoff(self._failures))
            self._failures += 1

    async def _connect_once(self) -> None:
        credentials = await self.identity.get(renew=self._rejected)
        self._rejected = False
        url = self.manager_url.replace("http", "ws", 1).rstrip("/") + protocol.PATH
        try:
            async with open_websocket_url(
                url,
                extra_headers=[(b"Authorization", basic(credentials))],
                max_message_size=MOST_BYTES,
                connect_timeout=ANSWER_SECONDS,
                disconnect_timeout=CLOSE_SECONDS,
            ) as socket:
                await self._converse(socket)
        except ConnectionRejected as error:
            if error.status_code in (401, 403):
                raise Rejected from None
            raise Unreachable(f"it answered {error.status_code} to a worker session") from None
        except ProtocolError as error:
            raise Unreachable(f"its answer is not understood: {error}") from None
        except HandshakeError as error:
            raise Unreachable(str(error.__cause__ or error) or "no answer in time") from None
        except ConnectionClosed as error:
            raise Unreachable(f"it closed the session: {error.reason}") from None

    async def _converse(self, socket: WebSocketConnection) -> None:
        await socket.send_message(protocol.encode(self.station.hello()))
        welcome = await self._answer(socket)
        log.info("Signed on at %s", self.manager_url)
        self._failures, self._last_reason = 0, ""
        self.station.welcomed(welcome)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._send, socket)
            nursery.start_soon(self._beat, socket, welcome.heartbeat_seconds, nursery.cancel_scope)
            await self._listen(socket)
            nursery.cancel_scope.cancel()
        raise Unreachable("the session ended")

    async def _answer(self, socket: WebSocketConnection) -> Welcome:
        with trio.move_on_after(ANSWER_SECONDS):
            message = await receive(socket)
            if isinstance(message, Welcome):
                return message
            raise Unreachable(f"expected a welcome, it sent {type(message).__name__}")
        raise Unreachable(f"it did not answer in {ANSWER_SECONDS:.0f} s")

    async def _send(self, socket: WebSocketConnection) -> None:
        sent = 0
        with suppress(ConnectionClosed):
            while True:
                for seq, message in await self.outbox.after(sent):
                    await socket.send_message(protocol.encode(message, seq))
                    sent = seq

    async def _beat(
        self, socket: WebSocketConnection, seconds: float, scope: trio.CancelScope
    ) -> None:
        with suppress(ConnectionClosed):
            while True:
                await trio.sleep(seconds)
                heartbeat = Heartbeat(self.station.held_leases())
                await socket.send_message(protocol.encode(heartbeat))
                with trio.move_on_after(ANSWER_SECONDS) as waiting:
                    await socket.ping()
                if waiting.cancelled_caught:
                    scope.cancel()

    async def _listen(self, socket: WebSocketConnection) -> None:
        """Hand on what the Manager says until the session ends or it makes no sense."""
        with suppress(ConnectionClosed):
            while True:
                try:
                    self.station.received(await receive(socket))
                except ProtocolError as error:
                    log.error("The Manager sent what is no message: %s", error)
                    return

    def _complain(self, reason: str) -> None:
        """Say why there is no session, once for each reason."""
        if reason != self._last_reason:
            log.warning(
                "No session with the Manager at %s: %s; trying again", self.manager_url, reason
            )
        self._last_reason = reason


async def receive(socket: WebSocketConnection) -> Message:
    """The next message; raises ConnectionClosed and `ProtocolError`."""
    return protocol.decode(await socket.get_message())[0]


def basic(credentials: Credentials) -> bytes:
    """The value of the Authorization header."""
    pair = f"{credentials.worker_id}:{credentials.worker_secret}"
    return b"Basic " + base64.b64encode(pair.encode())
