"""A client's connection, over which it sends requests and receives answers.

Hypercorn's own waits for ever for a client that stops reading, sends an answer in three pieces, and
starts a task after each to wait for the next request.
"""

import re
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import cast

import attrs
import h11
import trio
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.events import StreamClosed
from hypercorn.protocol.h11 import STREAM_ID, H11Protocol
from hypercorn.protocol.ws_stream import WSStream
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper, ConnectionState, H11SendableEvent

from web import pacing
from web.headers import guarded
from web.pacing import MAX_MESSAGE_BYTES, Pace

KEEP_ALIVE_SECONDS = 20.0
"""Seconds after which a connection is closed that is idle, or still sends a request's headers.

Longer than clients keep theirs (httpx: 5 s), so that no request meets a closing connection.
"""

READ_BYTES = WRITE_BYTES = 65_536

Stream = trio.SocketStream | trio.SSLStream[trio.SocketStream]

GONE = (trio.BrokenResourceError, trio.ClosedResourceError)

_URL = re.compile(rb"(?i:https?)://([^/?]*)(.*)")


class Settings(Config):
    """Hypercorn's settings, and ours."""

    guarded_sockets: frozenset[bytes] = frozenset()
    """Paths of WebSockets that want credentials; clients of others, or without, keep to a pace."""


class _Protocol(H11Protocol):
    """Hypercorn's HTTP/1.1, whose answers are `guarded`, and leave in one piece with their head."""

    _head = b""
    _is_dropping = False

    pace: Pace | None = None
    """That of a WebSocket that anybody may open."""

    async def handle(self, event: Event) -> None:
        if self.pace is not None and isinstance(self.stream, WSStream):
            self.pace.watch(self.stream)
        await super().handle(event)
        socket = self.stream
        if not isinstance(socket, WSStream) or self._is_dropping:
            return
        if socket.closed:
            # A wrong handshake was answered without the application.
            socket.closed = False
            await self.stream_send(StreamClosed(STREAM_ID))
        elif socket.buffer.length > socket.buffer.max_length:
            # The client was told; the rest that it sends is dropped, for a while.
            self._is_dropping = True
            await socket.handle(StreamClosed(STREAM_ID))
            socket.buffer.clear()
            await self.send(Updated(idle=True))

    async def _check_protocol(self, event: h11.Request) -> None:
        """Decline offers of HTTP/2."""

    async def _create_stream(self, request: h11.Request) -> None:
        """Create the stream of a request.

        One that tells its length in two ways is refused: a proxy might see two requests.
        """
        if {name for name, _ in request.headers} >= {b"content-length", b"transfer-encoding"}:
            await self._send_error_response(400)
            await self.send(Closed())
            return
        request = _plain(request)
        await super()._create_stream(request)
        path = request.target.partition(b"?")[0]
        known = any(name == b"authorization" for name, _ in request.headers)
        guarded = known and path in cast("Settings", self.config).guarded_sockets
        if isinstance(self.stream, WSStream) and not guarded:
            self.stream.buffer.max_length = MAX_MESSAGE_BYTES
            self.pace = Pace()

    def trust(self) -> None:
        """Take what a worker sends, as fast as it comes."""
        self.pace = None
        if isinstance(self.stream, WSStream):
            self.stream.buffer.max_length = self.config.websocket_max_message_size

    async def _send_h11_event(self, event: H11SendableEvent) -> None:
        if isinstance(event, h11.Response):
            event = h11.Response(
                status_code=event.status_code, headers=guarded(event.headers, is_encrypted=self.ssl)
            )
        try:
            data = self._head + (self.connection.send(event) or b"")
        except h11.LocalProtocolError:
            if self.connection.their_state != h11.ERROR:
                raise
            return
        self._head = data if _has_body(event) else b""
        if data and not self._head:
            await self.send(RawData(data))


def _plain(request: h11.Request) -> h11.Request:
    """A request to a path, without an offer to compress a WebSocket: little data could grow.

    Who asks for a whole URL, as of a proxy, asks its host (RFC 9112 §3.2.2).
    """
    dropped, added, target = {b"sec-websocket-extensions"}, [], request.target
    if whole := _URL.fullmatch(target):
        dropped.add(b"host")
        added, target = [(b"host", whole[1])], b"/" + whole[2].removeprefix(b"/")
    headers = [each for each in request.headers if each[0] not in dropped]
    return h11.Request(
        method=request.method,
        headers=headers + added,
        target=target,
        http_version=request.http_version,
    )


def _has_body(event: H11SendableEvent) -> bool:
    """True if more data is certain to follow."""
    if not isinstance(event, h11.Response):
        return False
    lengths = (value for name, value in event.headers if name == b"content-length")
    return int(next(lengths, b"0")) > 0


@attrs.define(eq=False)
class Connection:
    """A client's connection, closed if it is idle too long or reads nothing for ``stall`` s."""

    _socket: socket.socket
    _client: tuple[str, int]
    _stall: float
    _tls: ssl.SSLContext | None = None
    """Context by which it speaks TLS; None: it doesn't."""
    _bare: trio.SocketStream = attrs.field(init=False)
    _stream: Stream = attrs.field(init=False)
    _protocol: _Protocol = attrs.field(init=False)
    _sending: trio.Lock = attrs.field(init=False, factory=trio.Lock)
    _reading: trio.CancelScope = attrs.field(
        init=False, factory=lambda: trio.CancelScope(deadline=idle_until_now())
    )
    """Scope whose deadline is the end of an idle connection."""
    _was_asked: bool = attrs.field(init=False, default=False)
    answered: Callable[[], None] = attrs.field(init=False, default=lambda: None)
    """Function that is called when a request has its answer."""

    def __attrs_post_init__(self) -> None:
        self._bare = trio.SocketStream(trio.socket.from_stdlib_socket(self._socket))
        self._stream = self._bare
        if self._tls is not None:
            self._stream = trio.SSLStream(
                self._bare, self._tls, server_side=True, https_compatible=True
            )

    async def drain(self, seconds: float) -> None:
        """Take what the client still sends, for so long, so that the answer is not lost."""
        with trio.move_on_after(seconds), suppress(*GONE):
            while await self._stream.receive_some(READ_BYTES):
                pass

    async def serve(self, app: AppWrapper, config: Config, context: WorkerContext) -> None:
        """Answer one request after another, until either side closes the connection."""
        self._reading.deadline = idle_until_now()
        try:
            async with TaskGroup() as tasks:
                self._protocol = _Protocol(
                    app,
                    config,
                    context,
                    tasks,
                    ConnectionState({"connection": self}),
                    ssl=self._tls is not None,
                    client=self._client,
                    server=self._bare.socket.getsockname()[:2],
                    send=self.send,
                )
                await self._read()
        except OSError:
            pass
        finally:
            await self._stream.aclose()

    async def send(self, event: Event) -> None:
        """Do what the protocol wants: send something, or close the connection."""
        if isinstance(event, RawData):
            await self.send_frame(event.data)
        elif isinstance(event, Updated):
            self._reading.deadline = idle_until_now() if event.idle else inf
        else:
            await self._stream.aclose()
            await self._protocol.handle(Closed())

    async def send_frame(self, data: bytes) -> None:
        """Send what stands by itself, such as a frame of a WebSocket."""
        async with self._sending:
            try:
                await self._write(data)
            except GONE:
                await self._protocol.handle(Closed())

    def send_at_once(self, data: bytes) -> bool:
        """Send what is little and stands by itself; False if it would have to wait."""
        if self._tls is not None or self._sending.locked():
            return False
        try:
            sent = self._socket.send(data)
        except OSError:  # it is full, or gone
            return False
        if sent < len(data):
            self.cut_off()  # its buffer is full to the last byte: nobody reads
        return True

    def trust(self) -> None:
        """Take what a worker that has proven itself sends in its session, as fast as it comes."""
        self._protocol.trust()

    @property
    def host(self) -> str:
        """The client's address."""
        return self._client[0]

    @property
    def idle_until(self) -> float:
        """Time at which it is closed if nothing is asked; infinite while a request is answered.

        While its first request waits for its turn, it is the time by which something had to come.
        """
        return self._reading.deadline

    def close_if_idle(self) -> None:
        """Close it, unless a request is being answered, or the first one may be on its way."""
        if self._was_asked and self.idle_until < inf:
            self._reading.cancel()

    def cut_off(self) -> None:
        """Close it at once: a write that waits can't be cancelled."""
        self._bare.socket.close()

    async def _read(self) -> None:
        with self._reading, suppress(*GONE):
            data = b"first"
            while data:
                pace = self._protocol.pace
                most = READ_BYTES if pace is None else pacing.READ_BYTES
                data = bytes(await self._stream.receive_some(most))
                self._was_asked = True
                await self._protocol.handle(RawData(data))
                if pace is not None:
                    await pace.keep()
        await self._protocol.handle(Closed())

    async def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        if self._tls is None:
            with suppress(OSError):  # if it can't be sent at once, or no more, Trio tells
                rest = rest[self._socket.send(rest[:WRITE_BYTES]) :]
        while rest:
            with trio.move_on_after(self._stall, shield=True) as patience:
                await self._stream.send_all(rest[:WRITE_BYTES])
            if patience.cancelled_caught:
                await trio.aclose_forcefully(self._stream)
                raise trio.BrokenResourceError("the client takes nothing")
            rest = rest[WRITE_BYTES:]


def idle_until_now() -> float:
    """Time until which a connection may be idle from now on."""
    return trio.current_time() + KEEP_ALIVE_SECONDS
