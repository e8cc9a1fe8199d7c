"""What lives inside one life of an actor: its children and its background work, in one nursery.

Most actors have neither, and a nursery costs 7 us and a kilobyte, so it comes with the first of
them. It is opened by a task of its own, next to the actor's: the actor may be in the middle of a
handler, where a nursery could not outlive the handler. The life ends it: every life has its own
family, so nothing of an old life reaches into the next.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import trio

from actors.supervision import Intensity

if TYPE_CHECKING:
    from actors.background import Background
    from actors.cell import Cell


class Family:
    """The children (name -> cell, in order of start), background work, and their nursery."""

    __slots__ = (
        "_closing",
        "_nursery",
        "_waiting",
        "backgrounds",
        "children",
        "closed",
        "intensity",
    )

    def __init__(self) -> None:
        self.children: dict[str, Cell] = {}
        self.backgrounds: set[Background] = set()
        self.intensity = Intensity()
        self.closed = trio.Event()
        self._closing = False
        self._nursery: trio.Nursery | None = None
        self._waiting: list[tuple[Callable[..., Awaitable[object]], tuple[object, ...]]] = []

    def start(self, async_fn: Callable[..., Awaitable[object]], *args: object) -> None:
        """Run a task in the nursery, at once or as soon as it is open."""
        if self._nursery is not None:
            self._nursery.start_soon(async_fn, *args)
        else:
            self._waiting.append((async_fn, args))

    def open(self, nursery: trio.Nursery) -> None:
        """The nursery is there: start what waits for it."""
        self._nursery = nursery
        for async_fn, args in self._waiting:
            nursery.start_soon(async_fn, *args)
        self._waiting.clear()
        if self._closing:
            nursery.cancel_scope.cancel()

    async def run(self) -> None:
        """Hold the nursery open until the life closes it."""
        try:
            async with trio.open_nursery() as nursery:
                self.open(nursery)
                await trio.sleep_forever()
        finally:
            self.closed.set()

    async def stop_children(self, reason: str) -> None:
        """End background work, then the children, one by one, last started first."""
        for background in list(self.backgrounds):
            background.cancel()
        while self.children:
            child = next(reversed(self.children.values()))
            child.request_stop("shutdown" if reason == "shutdown" else "stopped")
            await child.wait_ended()

    async def close(self) -> None:
        """Cancel whatever is left and wait until the nursery has closed."""
        self._closing = True
        if self._nursery is not None:
            self._nursery.cancel_scope.cancel()
        await self.closed.wait()
