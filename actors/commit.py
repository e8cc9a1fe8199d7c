"""One message is one transaction: what a handler changed is stored before anybody hears of it.

A `Unit` gathers what one message did: the changes it recorded, and its effects (tells, published
events, replies). If it recorded something, or earlier units of its actor are still under way (it
may have read what they changed), it goes to the recorder; otherwise its effects leave at once. The
`Ledger` of an actor keeps the unit of the message in hand and counts those under way.

A unit that fails takes all later units of its actor with it, because they were computed from a
state that never came to be: their effects are dropped, their asks get `CommitFailed`, and the actor
begins a new life from what is stored. Only once all its units are settled does a new life load its
snapshot.

One `store.commit` is under way at a time; the units of all actors that pile up meanwhile go into
the next. So a store that needs a millisecond to reach the disk still serves thousands of messages a
second, and no actor waits for it: it takes its next message while its changes are written. If a
commit of several units fails, each half is tried, and the halves of what fails again: one bad unit
among n costs about 2 log n commits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import attrs
import trio
from trio.lowlevel import Abort, enable_ki_protection, reschedule, wait_task_rescheduled

from actors.errors import CommitFailed, ReplyDropped, brief
from actors.mail import current_cell
from actors.supervision import has_patience

if TYPE_CHECKING:
    from actors.cell import Cell
    from actors.life import Life
    from actors.mail import Call

log = logging.getLogger("actors")

ALL_FAIL = 8  # units in a row that fail alone with an error that may last: the store is at fault


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


class Unit:
    """The changes that one message recorded, and the effects that wait for their commit."""

    __slots__ = ("calls", "cell", "changes", "effects")

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.changes: list[object] = []
        self.effects: list[tuple[Callable[..., object], tuple[object, ...]]] = []
        self.calls: list[Call] = []  # the asks among the effects: they must hear of a failure

    def release(self) -> None:
        """The commit is done: let the effects leave, in order."""
        for function, args in self.effects:
            try:
                function(*args)
            except Exception as error:  # noqa: BLE001 - an effect runs for the actor: its crash
                self.cell.fail(error)

    def drop(self, failure: Exception) -> None:
        """The message failed: no effect leaves, and those who ask are told."""
        for call in self.calls:
            call.fail(failure)

    def lose(self, error: Exception) -> None:
        """The commit failed."""
        failure = CommitFailed(f"{self.cell.path} could not store its changes: {brief(error)}")
        failure.__cause__ = error
        self.drop(failure)


class Ledger:
    """The transactions of one actor: the open unit, and those under way."""

    __slots__ = ("_cell", "_settled", "lost", "uncommitted", "unit")

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._settled: trio.Event | None = None
        self.unit: Unit | None = None  # what the message in hand has done so far
        self.uncommitted = 0  # units that the recorder has
        self.lost: Exception | None = None  # a commit failed: this life's state never came to be

    def open(self) -> Unit:
        """The unit of the message in hand."""
        if self.unit is None:
            self.unit = Unit(self._cell)
            self._cell.attention = True
        return self.unit

    def effect(
        self, function: Callable[..., object], *args: object, call: Call | None = None
    ) -> None:
        """Do this when the message in hand is committed; from elsewhere, after earlier units."""
        inside = current_cell() is self._cell
        unit = self.open() if inside else Unit(self._cell)
        unit.effects.append((function, args))
        if call is not None:
            unit.calls.append(call)
        if not inside:
            self._submit(unit)

    def answer(self, call: Call, reply: Callable[[Any], None], value: object) -> None:
        """Reply at the end of a handler: at once, if there is nothing that it may depend on."""
        if self.unit is None and not self.uncommitted and self.lost is None:
            reply(value)
            return
        unit = self.open()
        unit.effects.append((reply, (value,)))
        unit.calls.append(call)

    def close(self) -> None:
        """The message in hand is done: pass on what it did."""
        while self.unit is not None:  # a function run `after_commit` may have effects of its own
            unit, self.unit = self.unit, None
            self._submit(unit)

    def drop(self, failure: Exception) -> None:
        """The message in hand failed: what it did is void."""
        unit, self.unit = self.unit, None
        if unit is not None:
            unit.drop(failure)

    def _submit(self, unit: Unit) -> None:
        if self.lost is not None:
            unit.lose(self.lost)
        elif unit.changes or self.uncommitted:
            self.uncommitted += 1
            self._cell.system.recorder.submit(unit)
        else:
            unit.release()

    def settle(self, unit: Unit) -> None:
        """The recorder is done with one of the units."""
        if self.lost is None:
            unit.release()
        else:
            unit.lose(self.lost)
        self.uncommitted -= 1
        if not self.uncommitted and self._settled is not None:
            self._settled.set()
            self._settled = None

    def roll_back(self, error: Exception) -> None:
        """A commit failed: this life is over, and the next begins from what is stored."""
        self.lost = error
        path = self._cell.path
        log.error("%s: changes could not be stored, effects dropped: %s", path, brief(error))
        self._cell.system.counts.failed_commits += 1
        self._cell.begin_anew(error)

    async def wait_settled(self) -> None:
        """Wait until nothing is uncommitted."""
        while self.uncommitted:
            if self._settled is None:
                self._settled = trio.Event()
            await self._settled.wait()


class ReplyLater:
    """Answers an ask after its handler has returned; from `Actor.defer_reply`.

    Call it with the value, or `fail` it with an error. Like every effect, the reply leaves after
    the commit of the message that gives it, and not at all if that message fails. If it is
    forgotten, the asker gets `ReplyDropped`.

    >>> import trio, actors
    >>> class Wait(actors.Request[str]):
    ...     pass
    >>> class Gate(actors.Actor):
    ...     @actors.handles(Wait)
    ...     def wait(self, message: Wait) -> None:
    ...         self.later = self.defer_reply()
    ...         self.after(0.01, "opened")
    ...     @actors.handles(str)
    ...     def open(self, message: str) -> None:
    ...         self.later(message)
    >>> async def main():
    ...     async with actors.ActorSystem() as system:
    ...         return await system.spawn(Gate).ask(Wait())
    >>> trio.run(main)
    'opened'
    """

    __slots__ = ("_call", "_life")

    def __init__(self, life: Life, call: Call) -> None:
        self._life = life
        self._call = call

    def __call__(self, value: object) -> None:
        if self._life.release(self._call):
            self._life.cell.ledger.effect(self._call.reply, value, call=self._call)

    def fail(self, error: Exception) -> None:
        """Raise this error in the asker.

        >>> import trio, actors
        >>> class Closed(actors.Actor):
        ...     @actors.handles(actors.Request)
        ...     def refuse(self, message):
        ...         self.defer_reply().fail(OSError("closed"))
        >>> async def main():
        ...     async with actors.ActorSystem() as system:
        ...         try:
        ...             await system.spawn(Closed).ask(actors.Request())
        ...         except OSError as error:
        ...             print(error)
        >>> trio.run(main)
        closed
        """
        if self._life.release(self._call):
            self._life.cell.ledger.effect(self._call.fail, error, call=self._call)

    def __del__(self) -> None:
        """Forgotten. This may run in any thread, so the asker is told from the loop."""
        if self._life.owes(self._call):
            with suppress(trio.RunFinishedError):
                self._life.cell.system.token.run_sync_soon(_forgotten, self._life, self._call)


def _forgotten(life: Life, call: Call) -> None:
    if life.release(call):
        kind = type(call.request).__name__
        call.fail(ReplyDropped(f"{life.cell.path} deferred its reply to {kind} and forgot it"))


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
        """Queue a unit; its ledger counts it as uncommitted until it is settled."""
        self._queue.append(unit)
        if self._task is not None:
            task, self._task = self._task, None
            reschedule(task)

    @enable_ki_protection
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
        """Commit the units; what fails together is halved until the bad ones stand alone."""
        groups, failed_alone = [units], 0
        while groups:
            group = groups.pop()
            live = [u for u in group if u.changes and u.cell.ledger.lost is None]
            error = await self._commit([change for unit in live for change in unit.changes])
            if error is not None and len(live) > 1 and failed_alone < ALL_FAIL:
                middle = group.index(live[len(live) // 2])
                groups += [group[middle:], group[:middle]]
                continue
            if error is not None:
                failed_alone += any(has_patience(unit.cell, error) for unit in live)
            elif live:
                failed_alone = 0
            for unit in group:  # what is effects alone leaves, if it comes before a lost change
                if error is not None and unit.changes and unit.cell.ledger.lost is None:
                    unit.cell.ledger.roll_back(error)
                unit.cell.ledger.settle(unit)

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
