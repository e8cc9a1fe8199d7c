"""A WebSocket connection to the Manager, from the handshake to the closed socket.

trio-websocket's own `open_websocket` leaves the socket open when the handshake is rejected or
takes too long; a Worker tries again for months. Nor does it notice a connection that is closed in
the middle of the handshake.
"""

from collections.abc import Awaitable, Callable
from typing import cast
from urllib.parse import urlsplit

import attrs
import h11
import trio
import wsproto
from trio_websocket import (
    ConnectionClosed,
    ConnectionRejected,
    WebSocketConnection,
    wrap_client_stream,
)

from flamenco.config.trust import trusted
from flamenco.proofs import address_of
from flamenco.protocol import PATH
from worker.credentials import Credentials
from worker.refusals import MISDIRECTED, said_in

ANSWER_SECONDS = 20.0
"""Maximum seconds for the Manager to accept a connection, or to answer."""
CLOSE_SECONDS = 2.0
MOST_BYTES = 64 * 1024 * 1024
"""Maximum size of a message, since a task with very many commands is one message."""

REFUSED = frozenset({401, 403})
"""Status codes of a Manager that does not know the credentials, or that misses them."""
WITHOUT_SESSIONS = frozenset({*range(200, 500), 501}) - REFUSED - {408, MISDIRECTED, 429}
"""Status codes of a server without sessions, or of a proxy that does not let them pass."""

NONSENSE = (h11.ProtocolError, wsproto.utilities.ProtocolError, UnicodeDecodeError)
"""Errors of trio-websocket's reader when an answer to the handshake is none."""

Stream = trio.SocketStream | trio.SSLStream[trio.SocketStream]


@attrs.frozen
class Ended:
    """The reason why there is no connection, or no longer."""

    reason: str
    code: int = 0
    """The status code of the answer, or the code of the closed session; 0 if there was neither."""


Talk = Callable[[WebSocketConnection, str], Awaitable[Ended]]
"""Function that uses a connection, and is told the address of its other end."""


@attrs.frozen
class Watched(trio.abc.Stream):
    """A stream that notices when the other end closes it."""

    stream: Stream
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


async def talk_over(manager_url: str, talk: Talk, credentials: Credentials | None = None) -> Ended:
    """Connect and let ``talk`` use the connection; returns why it ended, which ``talk`` tells.

    ``credentials`` are sent by HTTP Basic.
    """
    url = manager_url.rstrip("/") + PATH
    try:
        with trio.fail_after(ANSWER_SECONDS):
            stream = await _open_stream(url)
    except (OSError, trio.BrokenResourceError, ValueError) as error:
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
        except* NONSENSE:
            ended = Ended("it does not speak WebSocket")
    return ended


def _rejection(group: ExceptionGroup[ConnectionRejected]) -> Ended:
    """The end for a rejected handshake, which trio-websocket's reader raises in the nursery."""
    (error,) = group.exceptions
    status = getattr(error, "status_code", None)
    said = said_in(getattr(error, "body", None) or b"")
    reason = f"it answered {status} to a worker session" + (f": {said}" if said else "")
    return Ended(reason, status or 0)


def _other_end(stream: Stream) -> str:
    """The address that a connection leads to."""
    bare = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
    return address_of(bare.socket.getpeername())


async def _open_stream(url: str) -> Stream:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return await trio.open_tcp_stream(host, parts.port or 80)
    return await trio.open_ssl_over_tcp_stream(
        host, parts.port or 443, https_compatible=True, ssl_context=trusted()
    )


async def _talk(
    nursery: trio.Nursery, watched: Watched, url: str, credentials: Credentials | None, talk: Talk
) -> Ended:
    try:
        address = _other_end(watched.stream)
        with trio.fail_after(ANSWER_SECONDS):
            socket = await _shake_hands(nursery, watched, url, credentials)
        if socket is None:
            return Ended("it closed the connection before it answered")
        ended = await talk(socket, address)
        with trio.move_on_after(CLOSE_SECONDS):
            await socket.aclose()
        return ended
    except trio.TooSlowError:
        return Ended(f"no answer within {ANSWER_SECONDS:.0f} s")
    except ConnectionClosed as error:
        return Ended(*_said_at_the_end(error))
    except OSError as error:
        return Ended(str(error))


def _said_at_the_end(error: ConnectionClosed) -> tuple[str, int]:
    if error.reason is None:
        return "it closed the session", 0
    said = error.reason.reason or error.reason.name
    return f"it closed the session: {said}", error.reason.code


async def _shake_hands(
    nursery: trio.Nursery, stream: Watched, url: str, credentials: Credentials | None
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
            extra_headers=[(b"Authorization", credentials.basic)] if credentials else [],
            max_message_size=MOST_BYTES,
        )
        done.cancel()

    async with trio.open_nursery() as waiting:
        waiting.start_soon(shake, waiting.cancel_scope)
        await stream.is_over.wait()
        waiting.cancel_scope.cancel()
    return socket
