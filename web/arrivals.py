"""New connections on which nothing was asked yet: one task watches all of them.

A task and a stream for each cost as much as all else of a refusal by a look at the head.
"""

import selectors
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import attrs
import trio

from web.connections import idle_until_now
from web.refusing import LOOK_BYTES, Refusal, Refused, scope_of

WATCHED_TOGETHER = hasattr(selectors.DefaultSelector, "fileno")
"""True if one task can wait for many: not on Windows."""
SWEEP_SECONDS = 1.0
"""Seconds between looks at which of them are idle for too long."""
AT_ONCE = 5
"""Number of first requests that are looked at before everybody else has a turn."""


@attrs.define(eq=False)
class Arrival:
    """A new connection."""

    socket: socket.socket
    client: tuple[str, int]
    idle_until: float = attrs.field(factory=idle_until_now)
    """Time at which it is closed if nothing is asked."""
    watched: selectors.DefaultSelector | None = None
    """Selector that waits for something on it, and on others."""

    @property
    def host(self) -> str:
        """The client's address."""
        return self.client[0]

    def head(self) -> bytes:
        """The data that has come, which stays there; empty if the client has left."""
        with suppress(OSError):
            return self.socket.recv(LOOK_BYTES, socket.MSG_PEEK)
        return b""

    def refused(self, refusal: Refusal, head: bytes) -> Refused | None:
        """Refusal of what is asked by its head; None if it may go on."""
        scope = scope_of(head, self.client)
        return refusal(scope) if scope is not None else None

    def close_if_idle(self) -> None:
        """Leave it open: the first request may be on its way."""

    def leave(self) -> None:
        """Be watched no longer."""
        if self.watched is not None:
            self.watched.unregister(self.socket)
            self.watched = None

    def cut_off(self) -> None:
        """Close it at once, so that its descriptor is free; a task that waits for it does that."""
        if WATCHED_TOGETHER:
            self.leave()
            self.socket.close()
        else:
            self.shut_down()

    def shut_down(self) -> None:
        """Let who watches it see its end, and close it."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)


@attrs.define(eq=False)
class Arrivals:
    """The new connections of a server.

    They are handed to ``meet`` when something comes, or the client has left.
    """

    _meet: Callable[[Arrival], None]
    _watched: selectors.DefaultSelector = attrs.field(factory=selectors.DefaultSelector)
    _asked: deque[Arrival] = attrs.field(factory=deque)
    """Those on which something has come."""
    _are_coming: bool = True
    _sleep: trio.CancelScope = attrs.field(factory=trio.CancelScope)

    def expect(self, arrival: Arrival) -> None:
        """Watch one more."""
        self._watched.register(arrival.socket, selectors.EVENT_READ, arrival)
        arrival.watched = self._watched

    def end(self) -> None:
        """Let `watch` return when none of them are left."""
        self._are_coming = False
        self._sleep.cancel()

    async def watch(self) -> None:
        """Hand on those on which something comes, and close those that are idle for too long."""
        try:
            while self._are_coming or self._watched.get_map():
                with trio.move_on_after(SWEEP_SECONDS) as self._sleep:
                    await trio.lowlevel.wait_readable(self._watched.fileno())
                for key, _ in self._watched.select(0):
                    key.data.leave()
                    self._asked.append(key.data)
                self._cut_off_idle_ones()
                while self._asked:
                    for _ in range(min(AT_ONCE, len(self._asked))):
                        self._meet(self._asked.popleft())
                    await trio.lowlevel.checkpoint()
        finally:
            left = [key.data for key in self._watched.get_map().values()]
            for arrival in (*self._asked, *left):
                arrival.socket.close()
            self._watched.close()

    async def watch_one(self, arrival: Arrival) -> None:
        """Hand on one, or close it if it is idle for too long."""
        try:
            with trio.move_on_at(arrival.idle_until):
                await trio.lowlevel.wait_readable(arrival.socket)
        except trio.Cancelled:
            arrival.socket.close()
            raise
        self._meet(arrival)

    def _cut_off_idle_ones(self) -> None:
        now = trio.current_time()
        for key in self._watched.get_map().values():
            if key.data.idle_until > now:  # those after it came later
                break
            key.data.shut_down()
