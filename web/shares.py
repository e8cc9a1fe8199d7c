"""Shares of the event loop: who sends hundreds of requests at once waits behind its own ones.

A few requests of an address are worked on at a time, the others wait. One that has been there for a
while counts no more: it waits for a disk, or for events, and costs nothing. So an address loses
nothing by it as long as the Manager has time, and a proxy in front of all pages is one address.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import trio

from web.serving import App, Receive, Scope, Send

AT_ONCE = 8
"""Maximum number of requests of an address that are worked on."""

COUNTED_SECONDS = 0.05
"""Seconds for which a request counts."""


@attrs.define(eq=False)
class _Client:
    """The requests of one address."""

    counted: dict[object, float] = attrs.field(factory=dict)
    """{request: time from which it does not count}."""
    queue: trio.Lock = attrs.field(factory=trio.Lock)
    """The lock of those who wait for room, and of the first of them while it waits."""
    left: trio.Event = attrs.field(factory=trio.Event)

    async def enter(self, request: object) -> None:
        """Wait for room, and count a request from now on."""
        async with self.queue:
            while len(self._still_counted()) >= AT_ONCE:
                self.left = trio.Event()
                with trio.move_on_at(min(self.counted.values())):
                    await self.left.wait()
            self.counted[request] = trio.current_time() + COUNTED_SECONDS

    def leave(self, request: object) -> None:
        """Make room for the next one."""
        self.counted.pop(request, None)
        self.left.set()

    def _still_counted(self) -> dict[object, float]:
        now = trio.current_time()
        self.counted = {each: until for each, until in self.counted.items() if until > now}
        return self.counted


@attrs.define(eq=False)
class Shares:
    """An application in which each address has its share of the event loop."""

    app: App
    _clients: dict[str, _Client] = attrs.field(factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        async with self._share((scope["client"] or ("",))[0]):
            await self.app(scope, receive, send)

    @asynccontextmanager
    async def _share(self, address: str) -> AsyncIterator[None]:
        client = self._clients.setdefault(address, _Client())
        request = object()
        try:
            await client.enter(request)
            yield
        finally:
            client.leave(request)
            is_idle = not client.counted and not client.queue.locked()
            if is_idle and self._clients.get(address) is client:
                del self._clients[address]
