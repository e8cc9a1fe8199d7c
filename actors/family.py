"""What lives inside one life of an actor: its children and its background work, in one nursery.

Most actors have neither, and a nursery costs 7 us and a kilobyte, so it comes with the first of
them. It is opened by a task of its own, next to the actor's: the actor may be in the middle of a
handler, where a nursery could not outlive the handler. The life ends it: every life has its own
family, so nothing of an old life reaches into the next.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import trio

from actors.messages import Exit

if TYPE_CHECKING:
    from actors.background import Background
    from actors.cell import Cell
    from actors.ref import ActorRef


class Family:
    """The children (name -> cell, in order of start), background work, and their nursery."""

    __slots__ = (
        "_closing",
        "_nursery",
        "_waiting",
        "backgrounds",
        "children",
        "closed",
        "passive",
    )

    def __init__(self) -> None:
        self.children: dict[str, Cell] = {}
        self.passive: WeakValueDictionary[str, ActorRef] | None = None  # known while others know
        self.backgrounds: set[Background] = set()
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

    def rest(self, name: str, ref: ActorRef) -> None:
        """A child is passivated: the parent keeps it no longer."""
        del self.children[name]
        if self.passive is None:
            self.passive = WeakValueDictionary()
        self.passive[name] = ref

    def revive(self, cell: Cell) -> None:
        """A passivated child begins a life again."""
        if self.passive is not None:
            self.passive.pop(cell.name, None)
        self.children[cell.name] = cell

    def find(self, name: str) -> ActorRef | None:
        """The child with this name, passivated or not."""
        if (child := self.children.get(name)) is not None:
            return child.ref
        return None if self.passive is None else self.passive.get(name)

    def leave(self, name: str, ref: ActorRef) -> None:
        """A child has ended."""
        if (child := self.children.get(name)) is not None and child.ref is ref:
            del self.children[name]
        elif self.passive is not None and self.passive.get(name) is ref:
            del self.passive[name]

    def refs(self) -> dict[str, ActorRef]:
        """The children by name, in order of start, then those that are passivated."""
        living = {name: child.ref for name, child in self.children.items()}
        return living if self.passive is None else living | dict(self.passive)

    def take_name(self, name: str) -> bool:
        """False if a living child has this name; a passivated one gives it up, and ends."""
        if name in self.children:
            return False
        if self.passive is not None and (ref := self.passive.pop(name, None)) is not None:
            ref._cell.regain(ref)
            ref._cell.finish(Exit("passivated"))
        return True

    def end_passive(self, why: Exit) -> None:
        """The parent's life is over: nobody can wake these any more."""
        for ref in list((self.passive or {}).values()):
            ref._cell.regain(ref)
            ref._cell.finish(why)

    async def run(self) -> None:
        """Hold the nursery open until the life closes it."""
        try:
            async with trio.open_nursery() as nursery:
                self.open(nursery)
                await trio.sleep_forever()
        finally:
            self.end_passive(Exit("cancelled"))
            self.closed.set()

    async def stop_children(self, reason: str) -> None:
        """End background work, then the children, one by one, last started first."""
        for background in list(self.backgrounds):
            background.cancel()
        while self.children:
            child = next(reversed(self.children.values()))
            child.request_stop("shutdown" if reason == "shutdown" else "stopped")
            await child.wait_ended()
        self.end_passive(Exit("shutdown" if reason == "shutdown" else "stopped"))

    async def close(self) -> None:
        """Cancel whatever is left and wait until the nursery has closed."""
        self._closing = True
        if self._nursery is not None:
            self._nursery.cancel_scope.cancel()
        await self.closed.wait()
