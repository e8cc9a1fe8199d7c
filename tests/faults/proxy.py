"""A network between Worker and Manager that breaks where the test wants it to.

It forwards a session's bytes, and knows where the messages of a WebSocket begin (RFC 6455 §5.2).
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import attrs
import trio

from tests.servers import serve

TO_MANAGER, TO_WORKER = "to the Manager", "to the Worker"
TEXT = 1
PIECE = 65536


class Cut(Exception):
    """The network breaks here."""


@attrs.define
class Frames:
    """Follows one direction of a session: which of its messages begin in the bytes that come."""

    direction: str
    cuts: Callable[[str, int], bool]
    """Asked for each message's direction and number, from 0: whether it is lost."""
    number: int = -1
    _seen: bytearray = attrs.field(factory=bytearray)
    _upgraded: bool = False
    _skip: int = 0

    def let_through(self, data: bytes) -> None:
        """Look at what is forwarded. Raises `Cut` when a message begins that is to be lost."""
        self._seen += data
        if not self._upgraded:
            _, end, rest = self._seen.partition(b"\r\n\r\n")
            if not end:
                return
            self._upgraded, self._seen = True, rest
        while self._seen:
            if self._skip:
                gone = min(self._skip, len(self._seen))
                del self._seen[:gone]
                self._skip -= gone
                continue
            length = self._length()
            if length is None:
                return
            if self._seen[0] & 0x0F == TEXT:
                self.number += 1
                if self.cuts(self.direction, self.number):
                    raise Cut
            self._skip = length

    def _length(self) -> int | None:
        """Of the frame that begins, with its head; None before all of that has come."""
        if len(self._seen) < 2:
            return None
        short, mask = self._seen[1] & 0x7F, 4 if self._seen[1] & 0x80 else 0
        more = {126: 2, 127: 8}.get(short, 0)
        if len(self._seen) < 2 + more:
            return None
        size = int.from_bytes(self._seen[2 : 2 + more], "big") if more else short
        return 2 + more + mask + size


@attrs.define(eq=False)
class Proxy:
    """Stands between Workers and the Manager at ``port``."""

    to: Callable[[], int]
    """The port of the Manager, asked for each connection."""
    port: int = 0
    cuts: Callable[[str, int], bool] = lambda direction, number: False
    is_down: bool = False
    """True if connections are refused, as by a broken network."""
    broken: int = 0
    """Number of times that it broke."""
    _loses: bool = False
    _drops: bool = False
    _flows: trio.Event = attrs.field(factory=trio.Event)
    _scopes: set[trio.CancelScope] = attrs.field(factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def go_down(self) -> None:
        """Break all connections, and let none be made."""
        self.is_down = True
        self.broken += 1
        for scope in self._scopes:
            scope.cancel()

    def hang(self) -> None:
        """Let nothing through any more, and tell nobody."""
        self._flows = trio.Event()
        self.broken += 1

    def lose_next(self) -> None:
        """Break at the next message in either direction."""
        self._loses = True

    def drop_next_answer(self) -> None:
        """Break when the Manager says something next, which is lost."""
        self._drops = True

    def come_up(self) -> None:
        """Be well again; what was held back by `hang` goes on."""
        self.is_down = False
        self._flows.set()

    async def serve(self, theirs: trio.SocketStream) -> None:
        scope = trio.CancelScope()
        self._scopes.add(scope)
        try:
            with scope:
                if not self.is_down:
                    await self._connect(theirs)
        except* Cut:
            pass
        finally:
            self._scopes.discard(scope)
            await trio.aclose_forcefully(theirs)

    async def _connect(self, theirs: trio.SocketStream) -> None:
        ours = await trio.open_tcp_stream("127.0.0.1", self.to())
        async with ours, trio.open_nursery() as nursery:
            done = nursery.cancel_scope.cancel
            nursery.start_soon(self._forward, TO_MANAGER, theirs, ours, done)
            nursery.start_soon(self._forward, TO_WORKER, ours, theirs, done)

    async def _forward(
        self,
        direction: str,
        source: trio.SocketStream,
        target: trio.SocketStream,
        done: Callable[[], None],
    ) -> None:
        frames = Frames(direction, self._is_lost)
        async for data in source:
            await self._flows.wait()
            if self._drops and direction == TO_WORKER:
                self._drops = False
                self.broken += 1
                raise Cut
            frames.let_through(bytes(data))
            await target.send_all(data)
        await self._flows.wait()
        done()

    def _is_lost(self, direction: str, number: int) -> bool:
        lost = self._loses or self.cuts(direction, number)
        self._loses = False
        self.broken += lost
        return lost


@asynccontextmanager
async def open_proxies(to: Callable[[], int], count: int) -> AsyncIterator[list[Proxy]]:
    """A number of proxies, each on a free port of the loopback."""
    async with trio.open_nursery() as nursery:
        proxies = []
        for _ in range(count):
            (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
            proxy = Proxy(to, listener.socket.getsockname()[1])
            proxy.come_up()
            nursery.start_soon(serve, proxy.serve, listener)
            proxies.append(proxy)
        yield proxies
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def open_proxy(to: Callable[[], int]) -> AsyncIterator[Proxy]:
    """One of them."""
    async with open_proxies(to, 1) as (proxy,):
        yield proxy
