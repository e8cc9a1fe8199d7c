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

import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from random import Random
from typing import TYPE_CHECKING

import trio

from actors.actor import Actor
from actors.ask import Call
from actors.behaviour import Handler
from actors.current import CURRENT
from actors.deadlines import Deadlines
from actors.errors import ActorStopped, NameTaken
from actors.family import Family
from actors.inspection import ActorInfo, Trace, describe
from actors.messages import Exit
from actors.orders import Options
from actors.recorder import Store
from actors.runtime import Runtime
from actors.supervision import Restart, Supervision
from actors.tree import Root, find, plant

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from actors.ref import ActorRef


class ActorSystem(Runtime):
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
        super().__init__(store, supervision or Supervision(), random or Random(), trace, around)  # noqa: S311 - spreads restarts, guards nothing
        self.name = name
        self.grace = grace
        self._family = Family()
        self._root = Root(
            self, None, name, Actor, (), None, Options("temporary", 0.0), state="running"
        )
        self._block: AbstractAsyncContextManager[None]

    # The block

    async def __aenter__(self) -> Self:
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
        self.deadlines = Deadlines()
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
        """Whoever still waits for an actor of this system is told that it has ended."""
        self._root.family = None
        self._family.end_passive(Exit("shutdown"))
        for entry in self.deadlines.pending():
            if isinstance(entry, Call):
                entry.fail(ActorStopped(f"the actor system {self.name!r} has shut down"))

    async def shutdown(self) -> None:
        """End all actors, last started first, each after its present mail; then cancel the rest.

        After `grace` seconds everything is cancelled. Leaving the block does this as well.

        >>> import trio, actors
        >>> async def main():
        ...     async with actors.ActorSystem() as system:
        ...         ref = system.spawn(actors.Actor)
        ...         await system.shutdown()
        ...         return ref.alive
        >>> trio.run(main)
        False
        """
        if CURRENT.get() is not None:
            raise RuntimeError("shutdown() waits for all actors: call it from outside of them")
        if self._nursery is None:
            raise RuntimeError("shutdown() of an actor system that was not entered")
        with trio.move_on_after(self.grace):
            await self._family.stop_children("shutdown")
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
        return plant(self._root, cls, args, kwargs, name, Options(restart, shutdown)).ref

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
        cell = plant(self._root, cls, args, kwargs, name, Options(restart, shutdown))
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

    def register(self, key: str, ref: ActorRef) -> None:
        """Make an actor known under a key, wherever it is in the tree, for as long as it lives.

        Raises:
            NameTaken: a living actor has this key.
            ActorStopped: the actor has ended.

        >>> import trio, actors
        >>> async def main():
        ...     async with actors.ActorSystem() as system:
        ...         system.register("mail", system.spawn(actors.Actor, name="post"))
        ...         return system.lookup("mail")
        >>> trio.run(main)
        <ActorRef /post>
        """
        taken = self._registry.get(key)
        if taken is not None and taken is not ref._cell:
            raise NameTaken(f"{key!r} is registered for {taken.path} already")
        if ref._cell.exit is not None:
            raise ref._cell.stopped_error()
        self._registry[key] = ref._cell
        self._keys.setdefault(ref._cell, []).append(key)

    def lookup(self, key: str) -> ActorRef | None:
        """The living actor registered under this key.

        >>> ActorSystem().lookup("nobody") is None
        True
        """
        cell = self._registry.get(key)
        return None if cell is None else cell.ref

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


def _time_is_virtual() -> bool:
    """Whether a test's clock runs. `trio.testing` would bring pytest along, so it is looked up."""
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
