"""What an actor knows of its place in the tree, and what it can start there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from actors.background import Background
from actors.messages import Terminated
from actors.orders import Options, Order
from actors.supervision import Restart
from actors.timers import Timer
from actors.tree import family_of, plant

if TYPE_CHECKING:
    from actors.actor import Actor
    from actors.cell import Cell
    from actors.ref import ActorRef
    from actors.system import ActorSystem


class Abilities:
    """The part of `Actor` that deals with others: place, children, watching, time, background."""

    _cell: Cell

    # Who this is

    @property
    def ref(self) -> ActorRef:
        """This actor, for others.

        >>> from actors import Actor
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     async def started(self):
        ...         print(self.ref)
        >>> play(Lamp)
        <ActorRef /lamp>
        """
        return self._cell.ref

    @property
    def system(self) -> ActorSystem:
        """The system it lives in.

        >>> from actors import Actor
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     async def started(self):
        ...         print(self.system.find("/lamp") is self.ref)
        >>> play(Lamp)
        True
        """
        return self._cell.system

    @property
    def name(self) -> str:
        """The name among its siblings.

        >>> from actors import Actor
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     async def started(self):
        ...         print(self.name)
        >>> play(Lamp)
        lamp
        """
        return self._cell.name

    @property
    def path(self) -> str:
        """The names from the top down: "/jobs/1234".

        >>> from actors import Actor
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     async def started(self):
        ...         print(self.path)
        >>> play(Lamp)
        /lamp
        """
        return self._cell.path

    @property
    def parent(self) -> ActorRef | None:
        """The actor that spawned it; None at the top.

        >>> from actors import Actor
        >>> from actors.testing import play
        >>> class Bulb(Actor):
        ...     async def started(self):
        ...         print(self.parent)
        >>> class Lamp(Actor):
        ...     async def started(self):
        ...         self.spawn(Bulb)
        >>> play(Lamp)
        <ActorRef /lamp>
        """
        parent = self._cell.parent
        return None if parent is None or parent.parent is None else parent.ref

    @property
    def children(self) -> dict[str, ActorRef]:
        """Its children by name, in order of start; then those that are passivated.

        A passivated child is kept by those who hold its ref, not by its parent: when nobody does,
        it is gone.

        >>> from actors import Actor
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     async def started(self):
        ...         self.spawn(Actor, name="bulb")
        ...         print(self.children)
        >>> play(Lamp)
        {'bulb': <ActorRef /lamp/bulb>}
        """
        family = self._cell.family
        return {} if family is None else family.refs()

    # Children and other actors

    def spawn(
        self,
        cls: type[Actor],
        *args: object,
        name: str | None = None,
        restart: Restart = "transient",
        shutdown: float = 5.0,
        **kwargs: object,
    ) -> ActorRef:
        """Start a child; returns at once, the child takes mail at once.

        Args:
            cls: the actor class; made with `args` and `kwargs` in every life.
            name: unique among the children; by default the class and a number.
            restart: "transient" (after a crash; an actor may stop itself), "permanent" (also
                after it stopped itself) or "temporary" (never).
            shutdown: seconds an orderly end may take; then the child is cancelled.

        Raises:
            NameTaken: a child that is not passivated has this name. A passivated one ends.

        >>> from actors import Actor
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     async def started(self):
        ...         print(self.spawn(Actor, name="bulb"))
        >>> play(Lamp)
        <ActorRef /lamp/bulb>
        """
        return plant(self._cell, cls, args, kwargs, name, Options(restart, shutdown)).ref

    async def start(
        self,
        cls: type[Actor],
        *args: object,
        name: str | None = None,
        restart: Restart = "transient",
        shutdown: float = 5.0,
        **kwargs: object,
    ) -> ActorRef:
        """Like `spawn`, and wait until the child's `started` has run.

        Raises:
            ActorCrashed, ActorStopped: the child ended before that.

        >>> from actors import Actor
        >>> from actors.testing import play
        >>> class Bulb(Actor):
        ...     async def started(self):
        ...         print("bulb")
        >>> class Lamp(Actor):
        ...     async def started(self):
        ...         await self.start(Bulb)
        ...         print("lamp")
        >>> play(Lamp)
        bulb
        lamp
        """
        cell = plant(self._cell, cls, args, kwargs, name, Options(restart, shutdown))
        await cell.wait_ready()
        return cell.ref

    def stop(self) -> None:
        """End this actor after the message in hand.

        >>> from actors import Actor
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     async def started(self):
        ...         self.stop()
        ...     async def stopped(self, why):
        ...         print(why)
        >>> play(Lamp)
        stopped
        """
        self._cell.limit_end()
        self._cell.order(Order("stop", "stopped", own=True))

    def watch(self, ref: ActorRef) -> ActorRef:
        """Be sent `Terminated(ref, exit)` when that actor ends; at once if it has ended.

        >>> from actors import Actor, Terminated, handles
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     async def started(self):
        ...         self.watch(self.spawn(Actor, name="bulb")).stop()
        ...     @handles(Terminated)
        ...     def broken(self, message):
        ...         print(message.ref.name, message.exit)
        >>> play(Lamp)
        bulb stopped
        """
        target = ref._cell
        if target.exit is not None:
            self._cell.ref._deliver(Terminated(ref, target.exit))
            return ref
        cell = self._cell
        cell.watching = cell.watching or set()
        cell.watching.add(ref)
        target.watchers = target.watchers or set()
        target.watchers.add(cell)
        return ref

    def unwatch(self, ref: ActorRef) -> None:
        """Do not be told any more.

        >>> from actors import Actor
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     async def started(self):
        ...         bulb = self.watch(self.spawn(Actor))
        ...         self.unwatch(bulb)
        ...         bulb.stop()
        >>> play(Lamp)
        """
        if ref._cell.watchers is not None:
            ref._cell.watchers.discard(self._cell)
        if self._cell.watching is not None:
            self._cell.watching.discard(ref)

    # Time and background work

    def after(self, seconds: float, message: object) -> Timer:
        """Send itself a message after `seconds`.

        >>> from actors import Actor, handles
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     async def started(self):
        ...         self.after(10.0, "out")
        ...     @handles(str)
        ...     def show(self, message):
        ...         print(message)
        >>> play(Lamp)
        out
        """
        return self._timer(seconds, message, None)

    def every(self, seconds: float, message: object) -> Timer:
        """Send itself a message every `seconds`, first after `seconds`.

        >>> from actors import Actor, handles
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     async def started(self):
        ...         self.every(36_000.0, "blink")
        ...     @handles(str)
        ...     def show(self, message):
        ...         print(message)
        >>> play(Lamp)
        blink
        blink
        """
        if seconds <= 0:
            raise ValueError(f"every() expects a positive number of seconds, got {seconds!r}")
        return self._timer(seconds, message, seconds)

    def _timer(self, seconds: float, message: object, period: float | None) -> Timer:
        timer = Timer(self._cell, seconds, message, period)
        if self._cell.timers is None:
            self._cell.timers = set()
        self._cell.timers.add(timer)
        return timer

    def start_soon(
        self,
        async_fn: Callable[..., Awaitable[Any]],
        *args: object,
        done: Callable[[Any], object] | None = None,
        failed: Callable[[Exception], object] | None = None,
    ) -> Background:
        """Run an async function beside the actor; it must not touch the actor's state.

        Its result comes back as the message `done(value)` (by default `BackgroundDone`), its
        error as `failed(error)` (by default `BackgroundFailed`).

        >>> from actors import Actor, handles
        >>> from actors.testing import play
        >>> async def double(number):
        ...     return number * 2
        >>> class Lamp(Actor):
        ...     async def started(self):
        ...         self.start_soon(double, 21, done=str)
        ...     @handles(str)
        ...     def show(self, message):
        ...         print(message)
        >>> play(Lamp)
        42
        """
        background = Background(self._cell)
        family = family_of(self._cell)
        family.backgrounds.add(background)
        family.start(background.run, async_fn, args, done, failed)
        return background
