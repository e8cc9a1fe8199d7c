"""Open WebSockets, whose other side is always told when and why they end.

Hypercorn cuts off sockets when it stops, and the other side sees an abnormal closure (1006). So
they are closed here first.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import trio

NORMAL = 1000  # this and the following: RFC 6455 §7.4.1
GOING_AWAY = 1001
PROTOCOL_ERROR = 1002
POLICY_VIOLATION = 1008


@attrs.define(eq=False)
class Socket:
    """One open WebSocket. Its conversation runs in ``scope``."""

    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    code: int = GOING_AWAY
    reason: str = ""

    def end(self, code: int, reason: str) -> None:
        """End the conversation; the first reason counts."""
        if not self.scope.cancel_called:
            self.code, self.reason = code, reason
            self.scope.cancel()


@attrs.define(eq=False)
class Sockets:
    """All open WebSockets of an application."""

    _open: set[Socket] = attrs.field(factory=set)
    _empty: trio.Event = attrs.field(factory=trio.Event)

    @contextmanager
    def opened(self) -> Iterator[Socket]:
        """A socket, for as long as it is served."""
        socket = Socket()
        self._open.add(socket)
        try:
            yield socket
        finally:
            self._open.discard(socket)
            if not self._open:
                self._empty.set()

    async def close_all(self, patience: float) -> None:
        """Say good-bye on every socket, and wait for them for at most ``patience`` seconds."""
        self._empty = trio.Event()
        for socket in self._open:
            socket.end(GOING_AWAY, "the Manager is stopping")
        with trio.move_on_after(patience):
            if self._open:
                await self._empty.wait()
