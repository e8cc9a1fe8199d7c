"""Serving an application with Hypercorn on Trio, without the faults of the two.

Each trap of Quart-Trio and Hypercorn together is closed here, which `tests/web/test_serving.py`
shows:

- connections that never close after an answer, and answers that get lost: `_Exchange`;
- files that leave in tiny pieces: `FileBody`;
- clients that stop reading, and so keep the server from stopping: `web.connections`, `_Clients`;
- clients that take all descriptors: `web.room`;
- clients that are accepted one per round of a busy event loop: `_accept`;
- hundreds of new connections at once, in each round of which all others wait: `web.arrivals`, and
  `_Clients._serve`;
- Quart's hooks that are skipped when the server is cancelled: `_lifespan`;
- bodies that pile up in memory because Quart takes them without back-pressure: `Past`, and
  `web.bodies`.
"""

import errno
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import attrs
import trio
from hypercorn.config import Config
from hypercorn.trio.lifespan import Lifespan
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import AppWrapper, ASGIFramework
from hypercorn.utils import wrap_app
from quart_trio.wrappers import TrioResponse
from quart_trio.wrappers.response import TrioFileBody

from web import arrivals
from web.arrivals import Arrival, Arrivals
from web.connections import Connection, Settings
from web.pacing import Paces
from web.queues import Queues
from web.refusing import Refusal, Refused, refuse_nothing
from web.room import Room, turn_away
from web.tls import HANDSHAKE, PLAIN, Tls

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
"""An ASGI application."""

logger = logging.getLogger("flamenco.web")

LAST_SEND_SECONDS = 30.0
ACCEPTED_AT_ONCE = 20
LOOKS = 300.0
"""Number of new connections of an address whose requests are looked at, before it has a pace."""
LOOKS_PER_SECOND = 1000.0
NEW_AT_ONCE = 5
"""Maximum number of connections of an address whose first requests are worked on: what comes on new
ones costs most, and each step that is done for one keeps all others waiting."""
NEW_WAITING = 100
"""Number of connections of an address that wait for that, from which others are refused: they would
wait for seconds, as would what somebody else at this address asks meanwhile."""
BUSY = Refused(503, f"{NEW_WAITING} requests from your address wait already, try again")

OUT_OF_SOCKETS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
OUT_OF_SOCKETS_SECONDS = 0.1
MAX_MESSAGE_BYTES = 16 * 2**20


@attrs.frozen(kw_only=True)
class Limits:
    """Limits of size and time for one client, in bytes and seconds."""

    body_seconds: float = 60.0
    """Time for a body to arrive completely, unless it goes `Past` the application."""
    stall: float = 60.0
    """Time without reading its answer or sending its upload after which a client is dropped."""
    linger: float = 5.0
    """Time for which data after the answer is still read, so that the client sees the answer."""
    grace: float = 1.0
    """Time for which requests may go on when the server stops."""


USUAL = Limits()


class FileBody(TrioFileBody):
    """A file that leaves in large pieces; with 8 KiB ones a big file is twenty times slower.

    It is closed even if the client leaves while it is being opened.
    """

    buffer_size = 262_144

    async def __aenter__(self) -> TrioFileBody:
        try:
            return await super().__aenter__()
        except BaseException:
            if self.file is not None:
                self.file.wrapped.close()
            raise

    async def make_conditional(
        self, begin: int, end: int | None, max_partial_size: int | None = None
    ) -> int:
        """Serve a part; one from a negative place on is the end of the file."""
        begin = max(begin + self.size, 0) if begin < 0 else begin
        return await super().make_conditional(begin, end, max_partial_size)


class FarmResponse(TrioResponse):
    """A response whose files leave in large pieces."""

    file_body_class = FileBody


@attrs.frozen
class Past:
    """A bypass of an application for requests whose handlers take bodies as they come.

    A handler is an ASGI application that calls ``receive`` when it has dealt with the previous
    piece: so the client can send no faster than that.
    """

    app: App
    handlers: Callable[[Scope], App | None]
    """Function that returns the handler of a request, or None for the application."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self.handlers(scope) if scope["type"] == "http" else None
        await (handler or self.app)(scope, receive, send)


@attrs.define
class _Exchange:
    """One request and its answer, which is always finished.

    Quart-Trio cancels a request's tasks when the answer is complete, which would cut off Hypercorn
    inside the last send, and the connection would stay open for ever: that send is shielded. And a
    connection that is closed while the client still sends is reset, and the answer is lost with it:
    so the last bit of the answer waits until the body was read, for a while.
    """

    _receive: Receive
    _send: Send
    _limits: Limits
    _taken: trio.Event = attrs.field(factory=trio.Event)

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            self._taken.set()
        return message

    async def send(self, message: Message) -> None:
        if message["type"] != "http.response.body" or message.get("more_body", False):
            await self._send(message)
            return
        with trio.move_on_after(LAST_SEND_SECONDS, shield=True):
            if not self._taken.is_set():
                await self._send({**message, "more_body": True})
                await self._take_rest()
                message = {"type": message["type"], "body": b""}
            await self._send(message)

    async def _take_rest(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.cancel_scope.deadline = trio.current_time() + self._limits.linger
            nursery.start_soon(self._discard)
            await self._taken.wait()
            nursery.cancel_scope.cancel()

    async def _discard(self) -> None:
        while not self._taken.is_set():
            await self.receive()


def _exchanging(app: App, limits: Limits) -> App:
    async def exchange(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = _Exchange(receive, send, limits)
            receive, send = request.receive, request.send
        try:
            await app(scope, receive, send)
        finally:
            if "connection" in scope.get("state", {}):
                scope["state"]["connection"].answered()

    return exchange


@attrs.define
class _Clients:
    """All connections of a server."""

    _app: AppWrapper
    _config: Config
    _limits: Limits
    _room: Room
    _refusal: Refusal
    _tls: Tls | None
    _nursery: trio.Nursery = attrs.field(init=False)
    _arrivals: Arrivals = attrs.field(init=False)
    _looks: Paces = attrs.field(factory=lambda: Paces(LOOKS, LOOKS_PER_SECOND))
    _new: Queues = attrs.field(factory=lambda: Queues(NEW_AT_ONCE))
    _context: WorkerContext = attrs.field(factory=lambda: WorkerContext(None))

    def __attrs_post_init__(self) -> None:
        self._arrivals = Arrivals(self._meet)

    async def serve(self, listening: socket.socket, stop: trio.Event) -> None:
        """Serve until ``stop``, then give requests their grace."""
        async with trio.open_nursery() as watching:
            watching.start_soon(self._cut_off, stop)
            async with trio.open_nursery() as self._nursery:
                self._nursery.start_soon(self._arrivals.watch)
                async with trio.open_nursery() as accepting:
                    accepting.start_soon(_accept, listening, self._take)
                    await stop.wait()
                    accepting.cancel_scope.cancel()
                await self._context.terminated.set()
                self._arrivals.end()
                for connection in self._room.connections:
                    connection.close_if_idle()
                self._nursery.cancel_scope.deadline = trio.current_time() + self._limits.grace
            watching.cancel_scope.cancel()

    def _take(self, accepted: socket.socket, host: str, port: int) -> None:
        if not self._room.admits(host):
            turn_away(accepted)
            return
        arrival = Arrival(accepted, (host, port))
        self._room.connections.add(arrival)
        if arrivals.WATCHED_TOGETHER:
            self._arrivals.expect(arrival)
        else:
            self._nursery.start_soon(self._arrivals.watch_one, arrival)

    def _meet(self, arrival: Arrival) -> None:
        """Look at what is asked first on a connection, now or when its address may have a look."""
        seconds = self._looks.of(arrival.host).spend(1)
        if seconds:
            self._nursery.start_soon(self._meet_later, arrival, seconds)
        else:
            self._look(arrival)

    async def _meet_later(self, arrival: Arrival, seconds: float) -> None:
        try:
            await trio.sleep(seconds)
        except trio.Cancelled:
            arrival.socket.close()
            raise
        self._look(arrival)

    def _look(self, arrival: Arrival) -> None:
        """Refuse at once what the head of a request is enough for; serve all else in a task."""
        self._room.connections.discard(arrival)
        refused, is_over = None, True
        try:
            if head := arrival.head():
                is_busy = self._new.waiting(arrival.host) >= NEW_WAITING
                refused = self._refused(arrival, head) or (BUSY if is_busy else None)
                is_over = refused is not None and not refused.send(arrival.socket)
        except Exception:
            logger.exception("a connection failed with an unexpected error")
        if is_over:
            arrival.socket.close()
            return
        tls = self._tls.context if self._tls is not None and refused is None else None
        connection = Connection(arrival.socket, arrival.client, self._limits.stall, tls)
        self._room.connections.add(connection)
        serve = self._serve if refused is None else self._drain
        self._nursery.start_soon(serve, connection)

    def _refused(self, arrival: Arrival, head: bytes) -> Refused | None:
        """Refusal by a head, which TLS hides: then all that it tells is whether it is there."""
        if self._tls is None:
            return arrival.refused(self._refusal, head)
        return None if head[0] == HANDSHAKE else PLAIN

    async def _serve(self, connection: Connection) -> None:
        """Answer what is asked; an address waits with each new connection for its turn."""
        try:
            async with self._new.turn(connection.host) as answered:
                connection.answered = answered
                await connection.serve(self._app, self._config, self._context)
        except Exception:
            logger.exception("a connection failed with an unexpected error")
        finally:
            self._room.connections.discard(connection)
            connection.cut_off()

    async def _drain(self, connection: Connection) -> None:
        """Let a client that was refused take its answer, whatever it still sends."""
        try:
            await connection.drain(self._limits.linger)
        finally:
            self._room.connections.discard(connection)
            connection.cut_off()

    async def _cut_off(self, stop: trio.Event) -> None:
        """Close the connections that are still open after the grace."""
        try:
            await stop.wait()
            await trio.sleep(self._limits.grace)
        finally:
            for connection in self._room.connections:
                connection.cut_off()


async def _accept(
    listening: socket.socket, take: Callable[[socket.socket, str, int], None]
) -> None:
    """Accept all clients that wait, in each round of the event loop.

    Trio's own server accepts one per round. If a round takes 10 ms, and every second request comes
    on a new connection, clients would wait for seconds.
    """
    while True:
        await trio.lowlevel.wait_readable(listening)
        try:
            for accepted, (host, port, *_) in _waiting(listening):
                accepted.settimeout(0)
                take(accepted, host, port)
        except OSError as error:
            logger.warning("a client has to wait: %s", error.strerror)
            await trio.sleep(OUT_OF_SOCKETS_SECONDS)


def _waiting(listening: socket.socket) -> Iterator[tuple[socket.socket, tuple[Any, ...]]]:
    """The connections of clients that wait to be accepted, with their addresses.

    Raises OSError if no more connections can be opened.
    """
    for _ in range(ACCEPTED_AT_ONCE):
        try:
            yield listening.accept()
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno in OUT_OF_SOCKETS:
                raise  # any other means that the client has already left


@asynccontextmanager
async def _lifespan(app: AppWrapper, config: Config, grace: float) -> AsyncIterator[None]:
    """The application's own start and end, even if this is cancelled."""
    lifespan = Lifespan(app, config, {})
    async with trio.open_nursery() as nursery:
        scope = await nursery.start(_handle_shielded, lifespan.handle_lifespan)
        try:
            await lifespan.wait_for_startup()
            yield
        finally:
            with trio.move_on_after(grace, shield=True):
                await lifespan.wait_for_shutdown()
            scope.cancel()


async def _handle_shielded(
    handle: Callable[..., Awaitable[None]], *, task_status: trio.TaskStatus[trio.CancelScope]
) -> None:
    with trio.CancelScope(shield=True) as scope, suppress(trio.ClosedResourceError):
        task_status.started(scope)
        await handle()


async def serve(
    app: App,
    listening: socket.socket,
    stop: trio.Event,
    limits: Limits,
    room: Room,
    *,
    guarded_sockets: frozenset[bytes] = frozenset(),
    refusal: Refusal = refuse_nothing,
    tls: Tls | None = None,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve an application on a listening socket until ``stop``.

    ``guarded_sockets`` are the paths of WebSockets that want credentials (`web.pacing`), and
    ``refusal`` tells which first requests are refused by their heads (`web.refusing`). With
    ``tls`` clients have to speak that.
    """
    config = Settings()
    config.guarded_sockets = guarded_sockets
    config.websocket_max_message_size = MAX_MESSAGE_BYTES
    config.errorlog = logger
    wrapped = wrap_app(
        cast("ASGIFramework", _exchanging(app, limits)), config.wsgi_max_body_size, "asgi"
    )
    async with _lifespan(wrapped, config, limits.grace):
        with listening.dup() as listener:
            listener.settimeout(0)
            task_status.started()
            await _Clients(wrapped, config, limits, room, refusal, tls).serve(listener, stop)
