"""The actor system: the top of the tree, and the services all actors share.

Two nurseries: the inner one holds the actors, the outer one the reaper of deadlines and the
recorder, which actors need until their very end.

    async with ActorSystem() ── services ──┬── deadlines
                                           ├── recorder
                                           └── actors ──┬── /a ── /a/child ...
                                                        └── /b

Leaving the block normally shuts down in order; leaving it by an error cancels everything, as any
nursery would. Nothing survives the block.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import Context, copy_context
from random import Random
from threading import get_ident
from time import perf_counter
from typing import TYPE_CHECKING

import trio

from actors.actor import Actor, spec_of
from actors.cell import Cell, Drain, Notice, Spec, drained, notify
from actors.commit import Recorder
from actors.errors import ActorStopped
from actors.events import Events
from actors.family import Family, Result, find, plant, report
from actors.inspection import Counts, describe, traced
from actors.loop import Handler, Table, build_table, handle_call
from actors.mail import Call, current_cell
from actors.messages import DeadLetter, Exit
from actors.supervision import Supervision
from actors.time import Deadlines, Timer, ring, seconds_of

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from actors.cell import Pause
    from actors.commit import Store
    from actors.inspection import ActorInfo, Statistics, Trace
    from actors.mail import ActorRef
    from actors.messages import LetterReason
    from actors.supervision import Restart

RUNTIME_HANDLERS: dict[type, Handler] = {
    Call: handle_call,
    Timer: ring,
    Result: report,
    Drain: drained,
    Notice: notify,
}


class Root(Cell):
    """The parent of the top-level actors: the system itself. It has no task and no mail."""

    __slots__ = ()

    @property
    def kind(self) -> str:
        """No actor class."""
        return "ActorSystem"

    @property
    def rules(self) -> Supervision:
        """The supervision of the top level."""
        return self.system.supervision

    def fail(self, error: Exception) -> None:
        """A crash has come all the way up."""
        self.system.fail(error)


class ActorSystem:
    """A tree of actors; use it as `async with`.

    Args:
        name: for people.
        store: where transactions are committed and snapshots loaded; needed by `Actor.record`.
        grace: seconds an orderly shutdown may take before everything is cancelled.
        supervision: what the system does about its top-level actors.
        trace: called with a `Trace` for each message in and out. Costs nothing when None.
        around: called once with each handler, returns what is called in its place; for tests, see
            `actors.testing.Faults`.
        random: the source of jitter; seed it to repeat a run.

    A crash that escalates to the top ends the block with that exception.

    >>> import trio, actors
    >>> async def main():
    ...     async with actors.ActorSystem("farm") as system:
    ...         system.spawn(actors.Actor, name="jobs")
    ...         return system.find("/jobs")
    >>> trio.run(main)
    <ActorRef /jobs>
    """

    def __init__(
        self,
        name: str = "actors",
        *,
        store: Store | None = None,
        grace: float = 5.0,
        supervision: Supervision | None = None,
        trace: Callable[[Trace], object] | None = None,
        around: Callable[[Handler], Handler] | None = None,
        random: Random | None = None,
    ) -> None:
        self.name = name
        self.grace = seconds_of(grace, "ActorSystem(grace=)")
        self.supervision = supervision or Supervision()
        self.random = random or Random()  # noqa: S311 - spreads restarts, guards nothing
        self.events = Events()
        self.parked: dict[str, Pause] = {}  # by path: what keeps crashing, and is tried again
        self.recorder = Recorder(store)
        self.counts = Counts(self)
        self.number = itertools.count(1)  # of actors without a name
        self.tick: Callable[[], float] = perf_counter
        self.deadlines: Deadlines
        self.thread = get_ident()
        self.token: trio.lowlevel.TrioToken
        self.context: Context
        self.runtime_handlers = RUNTIME_HANDLERS
        self._trace = trace
        self._around = around
        self._tables: dict[type, Table] = {}
        self._failure: Exception | None = None
        self._nursery: trio.Nursery | None = None
        self._family: Family
        self._root = Root(self, None, name, Spec(Actor, (), None, "temporary", 0.0), {})
        self._root.state = "running"
        self._block: AbstractAsyncContextManager[None]

    # The block

    async def __aenter__(self) -> Self:
        self.thread = get_ident()
        self.token = trio.lowlevel.current_trio_token()
        self.context = copy_context()
        self.deadlines = Deadlines()
        self._family = Family(self.context)
        self._block = self._open()
        await self._block.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        try:
            swallowed = bool(await self._block.__aexit__(kind, error, traceback))
        except BaseExceptionGroup as group:
            raise self._told(_only(group, error)) from None
        if self._failure is not None:
            raise self._told(None)
        return swallowed

    def _told(self, error: BaseException | None) -> BaseException:
        failure, self._failure = self._failure, None
        if failure is None or error is None or error is failure:
            return failure or error or RuntimeError("the actor system failed without an error")
        return BaseExceptionGroup("the actor system failed", [failure, error])

    @asynccontextmanager
    async def _open(self) -> AsyncGenerator[None, None]:
        if _time_is_virtual():
            self.tick = self.deadlines.now  # how long a turn lasts must not depend on the machine
        try:
            async with trio.open_nursery() as services:
                services.start_soon(self.deadlines.run)
                services.start_soon(self.recorder.run)
                async with trio.open_nursery() as self._nursery:
                    self._root.family = self._family
                    self._family.open(self._nursery)
                    yield
                    await self.shutdown()
                with trio.move_on_after(self.grace):
                    await self.recorder.flush()
                services.cancel_scope.cancel()
        finally:
            self._close()

    def _close(self) -> None:
        """Tell everybody who still waits for an actor of this system that it has ended."""
        self._root.family = None
        self._family.end_passive(Exit("shutdown"))
        for entry in self.deadlines.waiting():
            if isinstance(entry, Call):
                entry.fail(ActorStopped(f"the actor system {self.name!r} has shut down"))

    async def shutdown(self) -> None:
        """End all actors, each after its present mail; then cancel the rest.

        They end side by side, or as `Supervision.ending` says. After `grace` seconds everything is
        cancelled. Leaving the block does this as well.

        >>> import trio, actors
        >>> async def main():
        ...     async with actors.ActorSystem() as system:
        ...         ref = system.spawn(actors.Actor)
        ...         await system.shutdown()
        ...         return ref.alive
        >>> trio.run(main)
        False
        """
        if current_cell() is not None:
            raise RuntimeError("shutdown() waits for all actors: call it from outside of them")
        if self._nursery is None:
            raise RuntimeError("shutdown() of an actor system that was not entered")
        with trio.move_on_after(self.grace):
            await self._family.stop_children("shutdown", self.supervision.ending)
        self._root.family = None
        self._nursery.cancel_scope.cancel()

    # Actors

    def spawn(
        self,
        cls: type[Actor],
        *args: object,
        name: str | None = None,
        restart: Restart = "transient",
        shutdown: float = 5.0,
        **kwargs: object,
    ) -> ActorRef:
        """Start a top-level actor; see `Actor.spawn`.

        >>> import trio, actors
        >>> async def main():
        ...     async with actors.ActorSystem() as system:
        ...         return system.spawn(actors.Actor, name="jobs").path
        >>> trio.run(main)
        '/jobs'
        """
        return plant(self._root, spec_of(cls, args, kwargs, restart, shutdown), name).ref

    async def start(
        self,
        cls: type[Actor],
        *args: object,
        name: str | None = None,
        restart: Restart = "transient",
        shutdown: float = 5.0,
        **kwargs: object,
    ) -> ActorRef:
        """Start a top-level actor and wait until its `started` has run; see `Actor.start`.

        >>> import trio, actors
        >>> async def main():
        ...     async with actors.ActorSystem() as system:
        ...         return (await system.start(actors.Actor, name="jobs")).alive
        >>> trio.run(main)
        True
        """
        cell = plant(self._root, spec_of(cls, args, kwargs, restart, shutdown), name)
        await cell.wait_ready()
        return cell.ref

    def find(self, path: str) -> ActorRef | None:
        """The living actor with this path, None if there is none.

        >>> import trio, actors
        >>> async def main():
        ...     async with actors.ActorSystem() as system:
        ...         return system.find("/nobody")
        >>> trio.run(main) is None
        True
        """
        return find(self._root, path)

    def publish(self, event: object, topic: str | None = None) -> None:
        """Give an event to all who subscribed to its class or to the topic.

        >>> ActorSystem().publish("nobody listens")
        """
        self.events.publish(event, topic)

    def tree(self) -> ActorInfo:
        """The whole tree at this moment; its root stands for the system.

        >>> import trio, actors
        >>> async def main():
        ...     async with actors.ActorSystem("farm") as system:
        ...         return system.tree().children
        >>> trio.run(main)
        ()
        """
        return describe(self._root.ref)

    def statistics(self) -> Statistics:
        """Counts of lost messages, crashes, restarts and failed commits.

        >>> ActorSystem().statistics().crashes
        0
        """
        return self.counts.statistics()

    # For the rest of the package

    def fail(self, error: Exception) -> None:
        """End the block with this error."""
        self._failure = self._failure or error
        if self._nursery is not None:
            self._nursery.cancel_scope.cancel()

    def table_of(self, cls: type[Actor]) -> Table:
        """The handlers of an actor class, with those of the runtime."""
        table = self._tables.get(cls)
        if table is None:
            own = {kind: self._wrapped(handler) for kind, handler in build_table(cls).items()}
            table = self._tables[cls] = own | RUNTIME_HANDLERS
        return table

    def _wrapped(self, handler: Handler) -> Handler:
        if self._around is not None:
            handler = self._around(handler)
        return handler if self._trace is None else traced(handler, self._trace)

    async def load(self, path: str, key: str) -> object | None:
        """The snapshot an actor asks for."""
        if self.recorder.store is None:
            raise RuntimeError(f"{path} has the snapshot_key {key!r}, but the system has no store")
        return await self.recorder.store.load(key)

    def dead_letter(self, ref: ActorRef, message: object, reason: LetterReason) -> None:
        """Nobody handles this message: count it, log it, tell those who listen."""
        self.counts.lost(ref.path, message, reason)
        self.publish_if_wanted(DeadLetter, ref, message, reason)

    def publish_if_wanted(self, kind: type, *args: object) -> None:
        """Make and publish an event of the runtime, if anybody listens to its class."""
        if self.events.wanted(kind):
            self.events.publish(kind(*args))


def _time_is_virtual() -> bool:
    """True if a test's clock runs. `trio.testing` would bring pytest along, so it is looked up."""
    testing = sys.modules.get("trio.testing")
    return testing is not None and isinstance(trio.lowlevel.current_clock(), testing.MockClock)


def _only(group: BaseExceptionGroup[BaseException], body: BaseException | None) -> BaseException:
    """The one error inside the groups our nurseries have put around it."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        if error is body:
            break
        error = error.exceptions[0]
    return error
