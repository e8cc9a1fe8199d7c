"""Turns for work that takes long, and allowances: each address of clients has its own.

Who sends very many requests waits behind its own ones, and others behind few of them.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import trio
from quart import has_request_context, request, websocket

MOST_REMEMBERED = 1000
"""Number of addresses after which those that may be forgotten are looked for."""


class TooMany(Exception):
    """One address asks for too much at once."""


def address() -> str:
    """The address of the client whose request, or WebSocket, is being served."""
    return (request if has_request_context() else websocket).remote_addr or ""


@attrs.define(eq=False)
class Turns:
    """Turns for one kind of work."""

    at_once: int = 8
    of_address: int = 2
    """Number of requests of one address that are served, or next, at a time."""
    most_waiting: int = 200
    """Maximum number of requests of one address that wait for that."""
    _served: trio.CapacityLimiter = attrs.field(init=False)
    _addresses: dict[str, trio.CapacityLimiter] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self._served = trio.CapacityLimiter(self.at_once)

    @asynccontextmanager
    async def turn(self, client: str) -> AsyncIterator[None]:
        """Wait for the turn of an address, and have it during the block. Raises `TooMany`."""
        own = self._addresses.setdefault(client, trio.CapacityLimiter(self.of_address))
        if own.statistics().tasks_waiting >= self.most_waiting:
            raise TooMany(f"{self.most_waiting} requests from {client} wait already")
        try:
            async with own, self._served:
                yield
        finally:
            left = own.statistics()
            if not left.borrowed_tokens and not left.tasks_waiting:
                self._addresses.pop(client, None)


@attrs.define(eq=False)
class Allowance:
    """A number of requests that each address may send at first, and one more in each period."""

    at_first: int
    period: float
    """Seconds."""
    _used: dict[str, tuple[float, float]] = attrs.field(factory=dict)
    """{address: what it has used, and when that was true}."""

    def spend(self, client: str) -> None:
        """Count a request. Raises `TooMany`."""
        now = trio.current_time()
        used, since = self._used.get(client, (0.0, now))
        used = max(0.0, used - (now - since) / self.period)
        if used + 1 > self.at_first:
            raise TooMany(f"{client} sent too many of these; one more may come every few seconds")
        self._forget(now)
        self._used[client] = (used + 1, now)

    def _forget(self, now: float) -> None:
        """Forget the addresses that have their whole allowance again."""
        if len(self._used) > MOST_REMEMBERED:
            whole = self.at_first * self.period
            self._used = {each: had for each, had in self._used.items() if now - had[1] < whole}
