"""The family of one life of an actor: its children and its background work, in one nursery.

Most actors have neither, and a nursery costs 7 us and a kilobyte, so it comes with the first of
them. It is opened by a task of its own, next to the actor's: the actor may be in the middle of a
handler, where a nursery could not outlive the handler. The life ends it: every life has its own
family, so nothing of an old life reaches into the next.

A passivated child is no member any more: it is kept by those who hold its ref, and the family
knows it as long as somebody does. So a hundred thousand children at rest cost nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from math import inf
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import trio
from trio.lowlevel import enable_ki_protection

from actors.cell import Cell, Spec
from actors.errors import ActorStopped, NameTaken, unwrap
from actors.life import run
from actors.mail import CURRENT
from actors.messages import BackgroundDone, BackgroundFailed, Exit

if TYPE_CHECKING:
    from actors.actor import Actor
    from actors.life import Life
    from actors.mail import ActorRef
    from actors.supervision import Ending

Waiting = tuple[Context, Callable[..., Awaitable[object]], tuple[object, ...]]


class Family:
    """The children (name -> cell, in order of start), background work, and their nursery."""

    __slots__ = (
        "_closed",
        "_closing",
        "_context",
        "_nursery",
        "_passive",
        "_waiting",
        "backgrounds",
        "children",
    )

    def __init__(self, context: Context) -> None:
        self.children: dict[str, Cell] = {}
        self.backgrounds: set[Background] = set()
        self._passive: WeakValueDictionary[str, ActorRef] | None = None
        self._context = context  # every actor's task begins with a copy of the system's
        self._closed = trio.Event()
        self._closing = False
        self._nursery: trio.Nursery | None = None
        self._waiting: list[Waiting] = []

    # Tasks

    def start(
        self,
        async_fn: Callable[..., Awaitable[object]],
        *args: object,
        context: Context | None = None,
    ) -> None:
        """Run a task in the nursery, at once or as soon as it is open.

        Where everything is being cancelled from outside, the nursery may have closed before the
        actor hears of it: nothing is started then, as it would be cancelled at once.
        """
        context = context or self._context
        if self._nursery is None:
            self._waiting.append((context, async_fn, args))
            return
        try:
            context.run(self._nursery.start_soon, async_fn, *args)
        except RuntimeError:
            if trio.current_effective_deadline() != -inf:
                raise

    def open(self, nursery: trio.Nursery) -> None:
        """The nursery is there: start what waits for it."""
        self._nursery = nursery
        for context, async_fn, args in self._waiting:
            context.run(nursery.start_soon, async_fn, *args)
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
            self.end_passive(Exit("cancelled"))
            self._closed.set()

    async def stop_children(self, reason: str, ending: Ending) -> None:
        """End background work, then the children: side by side, or last started first."""
        for background in list(self.backgrounds):
            background.cancel()
        shutdown = reason == "shutdown"
        while self.children:
            leaving = list(reversed(self.children.values()))
            if ending == "in_turn":
                leaving = leaving[:1]
            for child in leaving:
                child.request_stop("shutdown" if shutdown else "stopped")
            for child in leaving:
                await child.wait_ended()
        self.end_passive(Exit("shutdown" if shutdown else "stopped"))

    async def close(self) -> None:
        """Cancel whatever is left and wait until the nursery has closed."""
        self._closing = True
        if self._nursery is not None:
            self._nursery.cancel_scope.cancel()
        await self._closed.wait()

    # Members

    def is_empty(self) -> bool:
        """No child has a life, and no background work is going on."""
        return not self.children and not self.backgrounds

    def refs(self) -> dict[str, ActorRef]:
        """The children by name, in order of start, then those that are passivated."""
        living = {name: child.ref for name, child in self.children.items()}
        return living if self._passive is None else living | dict(self._passive)

    def find(self, name: str) -> ActorRef | None:
        """The child with this name, passivated or not."""
        if (child := self.children.get(name)) is not None:
            return child.ref
        return None if self._passive is None else self._passive.get(name)

    def add(self, cell: Cell) -> None:
        """A new child; a passivated one of the same name ends.

        Raises:
            NameTaken: a child that has a life has this name.
        """
        name = cell.name
        if name in self.children:
            parent = cell.parent.path if cell.parent is not None else ""
            raise NameTaken(f"{parent or '/'} has a child named {name!r} already")
        if self._passive is not None and (old := self._passive.pop(name, None)) is not None:
            old._cell.end_passive(old, Exit("passivated"))
        self.children[name] = cell
        self.start(run, cell)

    def rest(self, cell: Cell) -> None:
        """A child is passivated: the parent keeps it no longer."""
        del self.children[cell.name]
        if self._passive is None:
            self._passive = WeakValueDictionary()
        self._passive[cell.name] = cell.ref

    def revive(self, cell: Cell) -> None:
        """A passivated child begins a life again."""
        if self._passive is not None:
            self._passive.pop(cell.name, None)
        self.children[cell.name] = cell
        self.start(run, cell)

    def leave(self, cell: Cell) -> None:
        """A child has ended."""
        if self.children.get(cell.name) is cell:
            del self.children[cell.name]
        elif self._passive is not None and self._passive.get(cell.name) is cell.ref:
            del self._passive[cell.name]

    def end_passive(self, why: Exit) -> None:
        """The parent's life is over: nobody can wake these any more."""
        for ref in list((self._passive or {}).values()):
            ref._cell.end_passive(ref, why)


def family_of(cell: Cell) -> Family:
    """The family of a life, made on first need."""
    if cell.family is None:
        parent = cell.parent
        if parent is None or parent.family is None:
            raise ActorStopped(f"the actor system {cell.system.name!r} is not running")
        if cell.exit is not None or cell.life is None or cell.life.over:
            raise ActorStopped(f"{cell.path} has ended and can start nothing")
        cell.family = Family(cell.system.context)
        parent.family.start(cell.family.run)
    return cell.family


@enable_ki_protection
def plant(parent: Cell, spec: Spec, name: str | None) -> Cell:
    """Put a new actor into the tree and start its task."""
    family, system = family_of(parent), parent.system
    if name is None:
        name = f"{spec.cls.__name__}-{next(system.number)}"
    elif "/" in name or not name:
        raise ValueError(f"an actor's name must not be empty or hold a '/', got {name!r}")
    cell = Cell(system, parent, name, spec, system.table_of(spec.cls))
    family.add(cell)
    return cell


def find(root: Cell, path: str) -> ActorRef | None:
    """The actor with this path below the root, passivated or not."""
    cell, ref = root, None
    for name in path.strip("/").split("/"):
        ref = None if cell.family is None else cell.family.find(name)
        if ref is None:
            return None
        cell = ref._cell
    return ref


class Background:
    """Work started with `Actor.start_soon`; runs under `cancel_scope` in the actor's nursery.

    >>> import trio, actors
    >>> class Waiter(actors.Actor):
    ...     async def started(self):
    ...         self.start_soon(trio.sleep, 0.001)
    ...     @actors.handles(actors.BackgroundDone)
    ...     def done(self, message):
    ...         print("slept")
    ...         self.stop()
    >>> async def main():
    ...     async with actors.ActorSystem() as system:
    ...         await system.spawn(Waiter).stopped()
    >>> trio.run(main)
    slept
    """

    __slots__ = ("_done", "_failed", "_life", "cancel_scope", "cancelled")

    def __init__(
        self,
        life: Life,
        done: Callable[[Any], object] | None,
        failed: Callable[[Exception], object] | None,
    ) -> None:
        self._life = life
        self._done = done
        self._failed = failed
        self.cancel_scope = trio.CancelScope()
        self.cancelled = False

    def begin(self, async_fn: Callable[..., Awaitable[Any]], args: tuple[object, ...]) -> None:
        """Start the task, with the context variables of whoever starts it."""
        family = family_of(self._life.cell)
        family.backgrounds.add(self)
        family.start(self.run, family, async_fn, args, context=copy_context())

    @enable_ki_protection
    def cancel(self) -> None:
        """End the work; no message comes of it, not even one that is on its way already.

        >>> import trio
        >>> from actors import Actor
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     async def started(self):
        ...         self.start_soon(trio.sleep, 10.0, done=print).cancel()
        >>> play(Lamp)
        """
        self.cancelled = True
        self.cancel_scope.cancel()

    async def run(
        self, family: Family, async_fn: Callable[..., Awaitable[Any]], args: tuple[object, ...]
    ) -> None:
        """The task: run the function and report how it ended."""
        CURRENT.set(None)  # its asks do not block the actor
        cell = self._life.cell
        try:
            message = await self._outcome(async_fn, args)
        except Exception as error:  # noqa: BLE001 - `done` or `failed` itself is wrong: a crash
            cell.fail(unwrap(error))
        else:
            if message is not None:
                cell.ref._deliver(Result(self, message))
        finally:
            family.backgrounds.discard(self)

    async def _outcome(
        self, async_fn: Callable[..., Awaitable[Any]], args: tuple[object, ...]
    ) -> object | None:
        try:
            with self.cancel_scope:
                value = await async_fn(*args)
                return BackgroundDone(self, value) if self._done is None else self._done(value)
        except Exception as caught:  # noqa: BLE001 - reported to the actor, which decides
            error = unwrap(caught)
            return BackgroundFailed(self, error) if self._failed is None else self._failed(error)
        return None  # cancelled


class Result:
    """The outcome of background work, on its way through the mailbox."""

    __slots__ = ("background", "message")

    def __init__(self, background: Background, message: object) -> None:
        self.background = background
        self.message = message


def report(actor: Actor, result: Result) -> object:
    """The handler of results: hand the message on, unless cancelled or from an earlier life."""
    background, cell = result.background, actor._cell
    if background.cancelled or background._life is not cell.life:
        return None
    return cell.dispatch(result.message)
