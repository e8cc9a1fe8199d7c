"""Queues of addresses: a few of what each wants are dealt with, the others wait behind them.

One that has been there for a while counts no more: it waits for a disk, or for events, and costs
nothing. So an address loses nothing by it as long as the Manager has time.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import attrs
import trio

COUNTED_SECONDS = 0.05
"""Seconds for which one counts."""


@attrs.define(eq=False)
class _Client:
    """The demand of an address."""

    at_once: int
    counted: dict[object, float] = attrs.field(factory=dict)
    """{one that is dealt with: time from which it does not count}."""
    queue: trio.Lock = attrs.field(factory=trio.Lock)
    """The lock of those who wait for room, and of the first of them while it waits."""
    left: trio.Event = attrs.field(factory=trio.Event)

    async def enter(self, one: object) -> None:
        """Wait for room, and count one from now on."""
        async with self.queue:
            while len(self._still_counted()) >= self.at_once:
                self.left = trio.Event()
                with trio.move_on_at(min(self.counted.values())):
                    await self.left.wait()
            self.counted[one] = trio.current_time() + COUNTED_SECONDS

    def leave(self, one: object) -> None:
        """Make room for the next one."""
        self.counted.pop(one, None)
        self.left.set()

    def _still_counted(self) -> dict[object, float]:
        now = trio.current_time()
        self.counted = {each: until for each, until in self.counted.items() if until > now}
        return self.counted


@attrs.define(eq=False)
class Queues:
    """The queue of each address, of which so many are dealt with ``at_once``."""

    at_once: int
    _clients: dict[str, _Client] = attrs.field(factory=dict)

    def waiting(self, address: str) -> int:
        """Number of those who wait for a turn of an address."""
        client = self._clients.get(address)
        return client.queue.statistics().tasks_waiting if client else 0

    @asynccontextmanager
    async def turn(self, address: str) -> AsyncIterator[Callable[[], None]]:
        """Wait for a turn, which ends with the block, or when the function is called."""
        client = self._clients.setdefault(address, _Client(self.at_once))
        one = object()
        try:
            await client.enter(one)
            yield lambda: client.leave(one)
        finally:
            client.leave(one)
            is_idle = not client.counted and not client.queue.locked()
            if is_idle and self._clients.get(address) is client:
                del self._clients[address]
