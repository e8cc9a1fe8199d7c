"""The base class of actors: the hooks of a life, and what a handler can do.

What an actor does by `self.tell`, `self.publish`, `self.record` and `self.after_commit` belongs to
the transaction of the message in hand; see `commit.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar

from trio.lowlevel import enable_ki_protection

from actors.cell import Order, Spec
from actors.commit import ReplyLater, Snapshot
from actors.errors import MailboxFull
from actors.family import Background, plant
from actors.loop import handles
from actors.mail import Call, Mailbox, current_cell
from actors.messages import BackgroundDone, BackgroundFailed, Exit
from actors.supervision import Supervision
from actors.time import Timer, seconds_of

if TYPE_CHECKING:
    from actors.cell import Cell
    from actors.mail import ActorRef
    from actors.supervision import Restart
    from actors.system import ActorSystem


class Actor:
    """Owns its state, and handles one message at a time from its mailbox.

    Class attributes:
        mailbox: capacity, and what happens beyond it.
        supervision: how the actor looks after its children.
        replies_with: exception classes that are answers. Raised by a handler, the asker gets the
            exception itself, what the message recorded is discarded, and the actor goes on.
            Raised by its start, the actor cannot be: it ends, and whoever asks it or waits for its
            start gets the exception.

    The arguments of `spawn` are kept, and each life is made with them again.

    >>> import trio, actors
    >>> class Hello(actors.Request[str]):
    ...     pass
    >>> class Greeter(actors.Actor):
    ...     def __init__(self, greeting):
    ...         self.greeting = greeting
    ...     @actors.handles(Hello)
    ...     def greet(self, message: Hello) -> str:
    ...         return self.greeting
    >>> async def main():
    ...     async with actors.ActorSystem() as system:
    ...         return await system.spawn(Greeter, "hello").ask(Hello())
    >>> trio.run(main)
    'hello'
    """

    mailbox: ClassVar[Mailbox] = Mailbox()
    supervision: ClassVar[Supervision] = Supervision()
    replies_with: ClassVar[tuple[type[Exception], ...]] = ()

    _cell: Cell
    _has_started: ClassVar[bool] = False
    _has_stopping: ClassVar[bool] = False
    _has_stopped: ClassVar[bool] = False
    _may_passivate: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        for hook in ("started", "stopping", "stopped"):
            overridden = getattr(cls, hook) is not getattr(Actor, hook)
            setattr(cls, f"_has_{hook}", overridden)
        cls._may_passivate = cls.passivate_after is not Actor.passivate_after

    # The hooks of a life

    async def started(self) -> None:
        """Runs before the first message of every life. Children may be spawned here.

        >>> from actors import Actor
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     async def started(self):
        ...         print("on")
        >>> play(Lamp)
        on
        """

    async def stopping(self, why: Exit, /) -> None:
        """Runs when the life ends, before children and background work are ended.

        Not after a cancelled life (see `shutdown` in `spawn`).

        >>> from actors import Actor
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     async def stopping(self, why):
        ...         print(why.reason)
        >>> play(Lamp)
        shutdown
        """

    async def stopped(self, why: Exit, /) -> None:
        """Runs when the life ends, after children and background work have ended.

        If the life is cancelled from outside, an await in here raises `Cancelled` at once.

        >>> from actors import Actor
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     async def stopped(self, why):
        ...         print(why.reason)
        >>> play(Lamp)
        shutdown
        """

    @property
    def passivate_after(self) -> float | None:
        """Seconds of idleness after which the life ends until the next message; None for never.

        Read each time the actor has nothing left to do, so it may depend on the actor's state. An
        actor with children, background work, timers or deferred replies, or that watches another,
        is not idle.

        >>> from actors import Actor
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     lit = False
        ...     @property
        ...     def passivate_after(self):
        ...         return None if self.lit else 60.0
        ...     async def stopped(self, why):
        ...         print(why.reason)
        >>> play(Lamp)
        passivated
        """
        return None

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

    @enable_ki_protection
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
            restart: "transient" (after a crash) or "temporary" (never).
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
        return plant(self._cell, spec_of(cls, args, kwargs, restart, shutdown), name).ref

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
        cell = plant(self._cell, spec_of(cls, args, kwargs, restart, shutdown), name)
        await cell.wait_ready()
        return cell.ref

    @enable_ki_protection
    def stop(self) -> None:
        """End this actor after the message in hand, once what it recorded is stored.

        If that can't be stored, the stop is void as all else that it did.

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

    @enable_ki_protection
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
        self._cell.life_of(self).watch(ref)
        return ref

    @enable_ki_protection
    def unwatch(self, ref: ActorRef) -> None:
        """Do not be told any more, not even of an end that has come already.

        >>> from actors import Actor
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     async def started(self):
        ...         bulb = self.watch(self.spawn(Actor))
        ...         self.unwatch(bulb)
        ...         bulb.stop()
        >>> play(Lamp)
        """
        self._cell.life_of(self).unwatch(ref)

    # Time and background work

    @enable_ki_protection
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
        return Timer(self._cell.life_of(self), seconds_of(seconds, "after()"), message, None)

    @enable_ki_protection
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
        if seconds_of(seconds, "every()") <= 0:
            raise ValueError(f"every() expects a positive number of seconds, got {seconds!r}")
        return Timer(self._cell.life_of(self), seconds, message, seconds)

    @enable_ki_protection
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
        background = Background(self._cell.life_of(self), done, failed)
        background.begin(async_fn, args)
        return background

    # The message in hand

    @enable_ki_protection
    def defer_reply(self) -> ReplyLater:
        """Answer the ask in hand later: call what this returns with the value.

        >>> from actors import Actor, Request, handles
        >>> class Desk(Actor):
        ...     @handles(Request)
        ...     def asked(self, message):
        ...         later = self.defer_reply()
        ...         later("done")
        >>> import actors, trio
        >>> async def main():
        ...     async with actors.ActorSystem() as system:
        ...         return await system.spawn(Desk).ask(Request())
        >>> trio.run(main)
        'done'
        """
        life = self._cell.life_of(self)
        call = life.current
        if not isinstance(call, Call):  # a wrong moment, not a wrong type
            raise RuntimeError(  # noqa: TRY004
                "defer_reply() answers an ask: the message in hand was told"
            )
        life.defer(call)
        return ReplyLater(life, call)

    # Transactions and effects

    @enable_ki_protection
    def record(self, *changes: object) -> None:
        """Add changes to the transaction of this message: reply and effects leave after it.

        >>> from actors import Actor, handles
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     @handles(str)
        ...     def show(self, message):
        ...         self.record({"lamp": message})
        ...         self.after_commit(print, "stored")
        >>> play(Lamp, "on")
        stored
        """
        if current_cell() is not self._cell:
            raise RuntimeError(
                f"{self.path}: record() belongs into a handler; background work reports by message"
            )
        self._cell.ledger.open().changes.extend(changes)

    def save(self) -> None:
        """Record the actor's snapshot under its `snapshot_key`.

        >>> from actors import Actor, handles
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     snapshot_key = "lamp"
        ...     def snapshot(self):
        ...         return "on"
        ...     @handles(str)
        ...     def show(self, message):
        ...         self.save()
        >>> play(Lamp, "on")
        """
        key = self.snapshot_key
        if key is None:
            raise RuntimeError(f"{type(self).__name__}.save() needs a snapshot_key")
        self.record(Snapshot(key, self.snapshot()))

    @property
    def snapshot_key(self) -> str | None:
        """The key of its snapshot in the store; None for an actor that keeps nothing.

        >>> from actors import Actor
        >>> class Lamp(Actor):
        ...     def __init__(self, number):
        ...         self.number = number
        ...     @property
        ...     def snapshot_key(self):
        ...         return f"lamp-{self.number}"
        >>> Lamp(7).snapshot_key
        'lamp-7'
        """
        return None

    def snapshot(self) -> object:
        """The state that `save` stores, which must not share mutable parts with the actor.

        >>> from actors import Actor
        >>> class Lamp(Actor):
        ...     lit = False
        ...     def snapshot(self):
        ...         return self.lit
        >>> Lamp().snapshot()
        False
        """
        raise TypeError(f"{type(self).__name__} uses save() and must define snapshot()")

    def restore(self, snapshot: object) -> None:
        """Called before `started` with what the store has under `snapshot_key`.

        >>> from actors import Actor
        >>> class Lamp(Actor):
        ...     def restore(self, snapshot):
        ...         self.lit = snapshot
        >>> Lamp().restore(True)
        """
        raise TypeError(f"{type(self).__name__} has a snapshot and must define restore()")

    @enable_ki_protection
    def tell(self, ref: ActorRef, message: object) -> None:
        """Tell as an effect: leaves when this message is committed.

        >>> from actors import Actor, handles
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     @handles(str)
        ...     def switch(self, message):
        ...         self.tell(self.ref, 1)
        ...     @handles(int)
        ...     def show(self, message):
        ...         print(message)
        >>> play(Lamp, "on")
        1
        """
        self._cell.ledger.effect(_tell, ref, message)

    @enable_ki_protection
    def publish(self, event: object, topic: str | None = None) -> None:
        """Publish as an effect: leaves when this message is committed.

        >>> from actors import Actor, handles
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     @handles(str)
        ...     def switch(self, message):
        ...         self.publish(f"{self.path} is {message}")
        >>> play(Lamp, "on")
        """
        self._cell.ledger.effect(self._cell.system.publish, event, topic)

    @enable_ki_protection
    def after_commit(self, function: Callable[..., object], *args: object) -> None:
        """Call a function when this message is committed. An error in it is the actor's crash.

        What the function does by `tell`, `publish` or `after_commit` waits for all that the actor
        did meanwhile, which it may rest on.

        >>> from actors import Actor, handles
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     @handles(str)
        ...     def switch(self, message):
        ...         self.after_commit(print, message)
        ...         print("first")
        >>> play(Lamp, "on")
        first
        on
        """
        self._cell.ledger.effect(function, *args)

    # What the runtime sends

    @handles(BackgroundDone)
    def _background_done(self, message: BackgroundDone) -> None:
        """Nobody asked for the result."""

    @handles(BackgroundFailed)
    def _background_failed(self, message: BackgroundFailed) -> None:
        """A failure is never silent."""
        raise message.error


def spec_of(
    cls: type[Actor],
    args: tuple[object, ...],
    kwargs: dict[str, object],
    restart: Restart,
    shutdown: float,
) -> Spec:
    """The arguments of `spawn`, checked."""
    if restart not in ("transient", "temporary"):
        raise ValueError(f"spawn(restart=) is 'transient' or 'temporary', got {restart!r}")
    return Spec(cls, args, kwargs or None, restart, seconds_of(shutdown, "spawn(shutdown=)"))


def _tell(ref: ActorRef, message: object) -> None:
    try:
        ref.tell(message)
    except MailboxFull:
        ref._cell.system.dead_letter(ref, message, "full")
