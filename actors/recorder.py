"""The recorder: commits what actors recorded, in order, in groups.

One `store.commit` is under way at a time; the units of all actors that pile up meanwhile go into
the next. So a store that needs a millisecond to reach the disk still serves thousands of messages a
second, and no actor waits for it: it takes its next message while its changes are written. If a
commit of several units fails, each is tried alone, in order.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import attrs
import trio
from trio.lowlevel import Abort, reschedule, wait_task_rescheduled

from actors.transaction import Unit, settled_one

if TYPE_CHECKING:
    pass

log = logging.getLogger("actors")


class Store(Protocol):
    """Where an actor system keeps its snapshots. Bring your own; `MemoryStore` is one.

    >>> class Nowhere:
    ...     async def load(self, key: str) -> object | None:
    ...         return None
    ...     async def commit(self, changes) -> None:
    ...         pass
    >>> store: Store = Nowhere()
    """

    async def load(self, key: str) -> object | None:
        """The last committed snapshot under this key, None if there is none.

        >>> import trio
        >>> trio.run(MemoryStore({"job-7": "done"}).load, "job-7")
        'done'
        """

    async def commit(self, changes: Sequence[object]) -> None:
        """Store all changes or none; they are durable on return. Called by one task at a time.

        >>> import trio
        >>> trio.run(MemoryStore().commit, [Snapshot("job-7", "done"), Snapshot("job-8", "new")])
        """


@attrs.frozen
class Snapshot:
    """The change that `Actor.save` records: the state of the actor under its key.

    >>> Snapshot("job-7", {"done": 3}).key
    'job-7'
    """

    key: str
    state: object


class MemoryStore:
    """A store that keeps snapshots in a dict and all other changes in a list, for tests.

    >>> import trio
    >>> store = MemoryStore({"job-7": "new"})
    >>> trio.run(store.commit, [Snapshot("job-7", "done"), "another change"])
    >>> trio.run(store.load, "job-7"), store.changes
    ('done', ['another change'])
    """

    def __init__(self, snapshots: dict[str, object] | None = None) -> None:
        self.snapshots: dict[str, object] = dict(snapshots or {})
        self.changes: list[object] = []
        self.commits = 0

    async def load(self, key: str) -> object | None:
        """The snapshot under this key.

        >>> import trio
        >>> trio.run(MemoryStore().load, "job-7") is None
        True
        """
        await trio.lowlevel.checkpoint()
        return self.snapshots.get(key)

    async def commit(self, changes: Sequence[object]) -> None:
        """Keep the changes; `commits` counts the calls.

        >>> import trio
        >>> store = MemoryStore()
        >>> trio.run(store.commit, ["a"])
        >>> store.commits
        1
        """
        await trio.lowlevel.checkpoint()
        for change in changes:
            if isinstance(change, Snapshot):
                self.snapshots[change.key] = change.state
            else:
                self.changes.append(change)
        self.commits += 1


class Recorder:
    """Commits the units of all actors, in order, in groups."""

    __slots__ = ("_drained", "_queue", "_settling", "_task", "store")

    def __init__(self, store: Store | None) -> None:
        self.store = store
        self._queue: list[Unit] = []
        self._task: trio.lowlevel.Task | None = None  # asleep while not None
        self._settling = False
        self._drained: trio.Event | None = None

    def submit(self, unit: Unit) -> None:
        """Queue a unit; it counts as uncommitted in its cell until it is settled."""
        unit.cell.uncommitted += 1
        self._queue.append(unit)
        if self._task is not None:
            task, self._task = self._task, None
            reschedule(task)

    async def run(self) -> None:
        """Commit what has piled up, again and again."""

        def abort(_: object) -> Abort:
            self._task = None
            return Abort.SUCCEEDED

        while True:
            if not self._queue:
                self._task = trio.lowlevel.current_task()
                await wait_task_rescheduled(abort)
            units, self._queue = self._queue, []
            self._settling = True
            await self._settle(units)
            self._settling = False
            if self._drained is not None and not self._queue:
                self._drained.set()
                self._drained = None

    async def flush(self) -> None:
        """Wait until everything submitted so far is settled."""
        if self._queue or self._settling:
            if self._drained is None:
                self._drained = trio.Event()
            await self._drained.wait()

    async def _settle(self, units: list[Unit]) -> None:
        live = [unit for unit in units if unit.changes and unit.cell.lost is None]
        failure = await self._commit([change for unit in live for change in unit.changes])
        for unit in units:
            cell = unit.cell
            if cell.lost is None and failure is not None and unit.changes:
                alone = failure if len(live) == 1 else await self._commit(unit.changes)
                if alone is not None:
                    cell.rollback(alone)
            if cell.lost is None:
                unit.release()
            else:
                unit.fail(cell.lost)
            settled_one(cell)

    async def _commit(self, changes: Sequence[object]) -> Exception | None:
        if not changes:
            return None
        if self.store is None:
            return RuntimeError("recorded a change, but the ActorSystem was given no store=")
        try:
            await self.store.commit(changes)
        except Exception as error:  # noqa: BLE001 - whatever the store raises is the answer
            return error
        return None
