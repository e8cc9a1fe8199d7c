"""A WebSocket connection to the Manager, from the handshake to the closed socket.

trio-websocket's own `open_websocket` leaves the socket open when the handshake is rejected or
takes too long; a Worker tries again for months. Nor does it notice a connection that is closed in
the middle of the handshake.
"""

import base64
from collections.abc import Awaitable, Callable
from typing import cast
from urllib.parse import urlsplit

import attrs
import trio
from trio_websocket import (
    ConnectionClosed,
    ConnectionRejected,
    WebSocketConnection,
    wrap_client_stream,
)

from worker.refusals import MISDIRECTED, said_in
from worker.registration import Credentials

ANSWER_SECONDS = 20.0
"""Maximum seconds for the Manager to accept a connection, or to answer."""
CLOSE_SECONDS = 2.0
MOST_BYTES = 64 * 1024 * 1024
"""Maximum size of a message, since a task with very many commands is one message."""

WITHOUT_SESSIONS = frozenset({*range(200, 500), 501}) - {408, MISDIRECTED, 429}
"""Status codes of a server without sessions, or of a proxy that does not let them pass."""

Talk = Callable[[WebSocketConnection], Awaitable[str]]


@attrs.frozen
class Ended:
    """The reason why there is no connection, or no longer."""

    reason: str
    rejected: bool = False
    """True if the Manager does not know the credentials."""
    is_without_sessions: bool = False
    """True if the Manager answers, but does not have sessions."""


@attrs.frozen
class Watched(trio.abc.Stream):
    """A stream that notices when the other end closes it."""

    stream: trio.SocketStream | trio.SSLStream[trio.SocketStream]
    is_over: trio.Event = attrs.field(factory=trio.Event)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self.stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self.stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data: bytes | bytearray = b""
        try:
            data = await self.stream.receive_some(max_bytes)
        finally:
            if not data:
                self.is_over.set()
        return data

    async def aclose(self) -> None:
        await self.stream.aclose()


async def talk_over(url: str, credentials: Credentials, talk: Talk) -> Ended:
    """Connect and let ``talk`` use the connection; returns why it ended, which ``talk`` tells."""
    try:
        with trio.fail_after(ANSWER_SECONDS):
            stream = await _open_stream(url)
    except (OSError, trio.BrokenResourceError) as error:
        return Ended(str(error))
    except trio.TooSlowError:
        return Ended(f"no connection within {ANSWER_SECONDS:.0f} s")
    ended = Ended("no session")
    async with Watched(stream) as watched:
        try:
            async with trio.open_nursery() as nursery:
                ended = await _talk(nursery, watched, url, credentials, talk)
                nursery.cancel_scope.cancel()
        except* ConnectionRejected as group:
            ended = _rejection(group)
    return ended


def _rejection(group: ExceptionGroup[ConnectionRejected]) -> Ended:
    """The end for a rejected handshake, which trio-websocket's reader raises in the nursery."""
    (error,) = group.exceptions
    status = getattr(error, "status_code", None)
    rejected = status in (401, 403)
    said = said_in(getattr(error, "body", None) or b"")
    return Ended(
        f"it answered {status} to a worker session" + (f": {said}" if said else ""),
        rejected=rejected,
        is_without_sessions=not rejected and (status or 0) in WITHOUT_SESSIONS,
    )


async def _open_stream(url: str) -> trio.SocketStream | trio.SSLStream[trio.SocketStream]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return await trio.open_tcp_stream(host, parts.port or 80)
    return await trio.open_ssl_over_tcp_stream(host, parts.port or 443, https_compatible=True)


async def _talk(
    nursery: trio.Nursery,
    stream: Watched,
    url: str,
    credentials: Credentials,
    talk: Talk,
) -> Ended:
    try:
        with trio.fail_after(ANSWER_SECONDS):
            socket = await _shake_hands(nursery, stream, url, credentials)
        if socket is None:
            return Ended("it closed the connection before it answered")
        reason = await talk(socket)
        with trio.move_on_after(CLOSE_SECONDS):
            await socket.aclose()
        return Ended(reason)
    except trio.TooSlowError:
        return Ended(f"no answer within {ANSWER_SECONDS:.0f} s")
    except ConnectionClosed as error:
        return Ended(f"it closed the session: {error.reason}")


async def _shake_hands(
    nursery: trio.Nursery, stream: Watched, url: str, credentials: Credentials
) -> WebSocketConnection | None:
    """The WebSocket, whose reader is a task of the nursery; None if the stream ends before."""
    parts, socket = urlsplit(url), None

    async def shake(done: trio.CancelScope) -> None:
        nonlocal socket
        socket = await wrap_client_stream(
            nursery,
            cast("trio.SocketStream", stream),  # any stream will do
            parts.netloc,
            parts.path,
            extra_headers=[(b"Authorization", basic(credentials))],
            max_message_size=MOST_BYTES,
        )
        done.cancel()

    async with trio.open_nursery() as waiting:
        waiting.start_soon(shake, waiting.cancel_scope)
        await stream.is_over.wait()
        waiting.cancel_scope.cancel()
    return socket


def basic(credentials: Credentials) -> bytes:
    """The value of the Authorization header."""
    pair = f"{credentials.worker_id}:{credentials.worker_secret}"
    return b"Basic " + base64.b64encode(pair.encode())
