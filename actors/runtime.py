"""What the actors of a system share: deadlines, recorder, events, registry, handler tables."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING

import trio

from actors.ask import Begun, Call, handle_call
from actors.background import Result, report
from actors.behaviour import Handler, Table, build_tables
from actors.deadlines import Deadlines
from actors.events import Events
from actors.inspection import Trace, traced
from actors.loop import go_on
from actors.orders import Drain, drained
from actors.recorder import Recorder, Store
from actors.timers import Timer, ring
from actors.tree import revive

if TYPE_CHECKING:
    from actors.actor import Actor
    from actors.cell import Cell
    from actors.supervision import Supervision

RUNTIME_HANDLERS: dict[type, Handler] = {
    Call: handle_call,
    Begun: go_on,
    Timer: ring,
    Result: report,
    Drain: drained,
}


class Runtime:
    """The services of one actor system, as the rest of the package uses them."""

    name: str

    def __init__(
        self,
        store: Store | None,
        supervision: Supervision,
        random: Random,
        trace: Callable[[Trace], object] | None,
        around: Callable[[Handler], Handler] | None,
    ) -> None:
        self.supervision = supervision
        self.random = random
        self.events = Events()
        self.recorder = Recorder(store)
        self.deadlines: Deadlines
        self.tick: Callable[[], float] = perf_counter
        self.lending = False
        self.woken: deque[Cell] = deque()
        self.number = itertools.count(1)
        self.runtime_handlers = RUNTIME_HANDLERS
        self._trace = trace
        self._around = around
        self._tables: dict[type, dict[str | None, Table]] = {}
        self._registry: dict[str, Cell] = {}
        self._keys: dict[Cell, list[str]] = {}
        self._failure: Exception | None = None
        self._nursery: trio.Nursery | None = None

    def fail(self, error: Exception) -> None:
        """End the block with this error."""
        self._failure = self._failure or error
        if self._nursery is not None:
            self._nursery.cancel_scope.cancel()

    def revive(self, cell: Cell) -> None:
        """Mail for a passivated actor."""
        revive(cell)

    def tables_of(self, cls: type[Actor]) -> dict[str | None, Table]:
        """The handlers of an actor class by behaviour, with those of the runtime."""
        tables = self._tables.get(cls)
        if tables is None:
            tables = {
                behaviour: {kind: self._wrapped(handler) for kind, handler in table.items()}
                | RUNTIME_HANDLERS
                for behaviour, table in build_tables(cls).items()
            }
            self._tables[cls] = tables
        return tables

    def _wrapped(self, handler: Handler) -> Handler:
        if self._around is not None:
            handler = self._around(handler)
        return handler if self._trace is None else traced(handler, self._trace)

    async def load(self, path: str, key: str) -> object | None:
        """The snapshot an actor asks for."""
        if self.recorder.store is None:
            raise RuntimeError(f"{path} has the snapshot_key {key!r}, but the system has no store")
        return await self.recorder.store.load(key)

    def forget(self, cell: Cell) -> None:
        """An actor has ended: its registered keys are free."""
        for key in self._keys.pop(cell, ()):
            self._registry.pop(key, None)

    def publish_if_wanted(self, kind: type, *args: object) -> None:
        """Make and publish an event of the runtime, if anybody listens to its class."""
        if self.events.wanted(kind):
            self.events.publish(kind(*args))
