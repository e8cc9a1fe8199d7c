"""The base class of actors: what a handler can do, and the hooks of a life."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar

from actors.ask import Call, ReplyLater
from actors.background import Background
from actors.behaviour import handles
from actors.current import CURRENT
from actors.errors import MailboxFull
from actors.mailbox import Mailbox
from actors.messages import BackgroundDone, BackgroundFailed, DeadLetter, Exit, Terminated
from actors.orders import Options, Order
from actors.recorder import Snapshot
from actors.supervision import Restart, Supervision
from actors.timers import Timer
from actors.transaction import effect, open_unit
from actors.tree import family_of, plant

if TYPE_CHECKING:
    from actors.cell import Cell
    from actors.ref import ActorRef
    from actors.system import ActorSystem


class Actor:
    """Owns its state, and handles one message at a time from its mailbox.

    Class attributes:
        mailbox: capacity, and what happens beyond it.
        supervision: how the actor looks after its children.
        passivate_after: seconds of idleness after which the life ends until the next message;
            None for never. An actor with children, background work or timers is not idle.
        replies_with: exception classes that are answers. Raised by a handler, the asker gets the
            exception itself, what the message recorded is discarded, and the actor goes on.

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
    passivate_after: ClassVar[float | None] = None
    replies_with: ClassVar[tuple[type[Exception], ...]] = ()

    _cell: Cell
    _has_started: ClassVar[bool] = False
    _has_stopping: ClassVar[bool] = False
    _has_stopped: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        for hook in ("started", "stopping", "stopped"):
            overridden = getattr(cls, hook) is not getattr(Actor, hook)
            setattr(cls, f"_has_{hook}", overridden)

    # The hooks of a life

    async def started(self) -> None:
        """Runs before the first message of every life. Children may be spawned here."""

    async def stopping(self, why: Exit, /) -> None:
        """Runs when the life ends, before children and background work are ended.

        Not after a cancelled life (see `shutdown` in `spawn`).
        """

    async def stopped(self, why: Exit, /) -> None:
        """Runs when the life ends, after children and background work have ended.

        If the life is cancelled from outside, an await in here raises `Cancelled` at once.
        """

    # Who this is

    @property
    def ref(self) -> ActorRef:
        """This actor, for others."""
        return self._cell.ref

    @property
    def system(self) -> ActorSystem:
        """The system it lives in."""
        return self._cell.system

    @property
    def name(self) -> str:
        """The name among its siblings."""
        return self._cell.name

    @property
    def path(self) -> str:
        """The names from the top down: "/jobs/1234"."""
        return self._cell.path

    @property
    def parent(self) -> ActorRef | None:
        """The actor that spawned it; None at the top."""
        parent = self._cell.parent
        return None if parent is None or parent.parent is None else parent.ref

    @property
    def children(self) -> dict[str, ActorRef]:
        """Its living children by name, in order of start."""
        family = self._cell.family
        return {} if family is None else {n: c.ref for n, c in family.children.items()}

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
            NameTaken: a living child has this name.
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
        """
        cell = plant(self._cell, cls, args, kwargs, name, Options(restart, shutdown))
        await cell.wait_ready()
        return cell.ref

    def stop(self) -> None:
        """End this actor after the message in hand."""
        self._cell.limit_end()
        self._cell.order(Order("stop", "stopped", own=True))

    def watch(self, ref: ActorRef) -> ActorRef:
        """Be sent `Terminated(ref, exit)` when that actor ends; at once if it has ended."""
        target = ref._cell
        if target.exit is not None:
            self._cell.ref._deliver(Terminated(ref, target.exit))
            return ref
        cell = self._cell
        cell.watching = cell.watching or set()
        cell.watching.add(target)
        target.watchers = target.watchers or set()
        target.watchers.add(cell)
        return ref

    def unwatch(self, ref: ActorRef) -> None:
        """Do not be told any more."""
        if ref._cell.watchers is not None:
            ref._cell.watchers.discard(self._cell)
        if self._cell.watching is not None:
            self._cell.watching.discard(ref._cell)

    # Time and background work

    def after(self, seconds: float, message: object) -> Timer:
        """Send itself a message after `seconds`."""
        return self._timer(seconds, message, None)

    def every(self, seconds: float, message: object) -> Timer:
        """Send itself a message every `seconds`, first after `seconds`."""
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
        """
        background = Background(self._cell)
        family = family_of(self._cell)
        family.backgrounds.add(background)
        family.start(background.run, async_fn, args, done, failed)
        return background

    # The message in hand

    def stash(self) -> None:
        """Set the message in hand aside, until `unstash_all`. An ask is not answered meanwhile.

        Raises:
            MailboxFull: as many messages as the mailbox holds are set aside already.
        """
        cell = self._cell
        message = cell.current
        if message is None:
            raise RuntimeError("stash() sets a message aside: call it from its handler")
        if cell.stash is None:
            cell.stash = []
        if len(cell.stash) >= self.mailbox.capacity:
            raise MailboxFull(f"the stash of {cell.path} is full ({len(cell.stash)} messages)")
        if isinstance(message, Call):
            message.held = True
        cell.stash.append(message)

    def unstash_all(self) -> None:
        """Put what was set aside back in front of the mailbox, in its order."""
        stashed, self._cell.stash = self._cell.stash or [], None
        self.ref._queue.extendleft(reversed(stashed))

    def become(self, behaviour: str) -> None:
        """From the next message on, handlers marked with this behaviour go first."""
        cell = self._cell
        tables = cell.system.tables_of(cell.cls)
        if behaviour not in tables:
            known = ", ".join(sorted(filter(None, tables))) or "none"
            raise ValueError(f"{cell.kind} has no behaviour {behaviour!r}; it has: {known}")
        cell.behaviours = [*(cell.behaviours or ()), behaviour]
        cell.table = tables[behaviour]
        cell.attention = True

    def unbecome(self) -> None:
        """Back to the behaviour before the last `become`."""
        cell = self._cell
        if not cell.behaviours:
            raise RuntimeError("unbecome() without become()")
        cell.behaviours.pop()
        behaviour = cell.behaviours[-1] if cell.behaviours else None
        cell.table = cell.system.tables_of(cell.cls)[behaviour]
        cell.attention = True

    def defer_reply(self) -> ReplyLater:
        """Answer the ask in hand later: call what this returns with the value."""
        call = self._cell.current
        if not isinstance(call, Call):  # a wrong moment, not a wrong type
            raise RuntimeError(  # noqa: TRY004
                "defer_reply() answers an ask: the message in hand was told"
            )
        call.held = True
        if self._cell.deferred is None:
            self._cell.deferred = set()
        self._cell.deferred.add(call)
        return ReplyLater(self._cell, call)

    # Transactions and effects

    def record(self, *changes: object) -> None:
        """Add changes to the transaction of this message: reply and effects leave after it."""
        if CURRENT.get() is not self._cell:
            raise RuntimeError(
                f"{self.path}: record() belongs into a handler; background work reports by message"
            )
        open_unit(self._cell).changes.extend(changes)

    def save(self) -> None:
        """Record the actor's snapshot under its `snapshot_key`."""
        key = self.snapshot_key
        if key is None:
            raise RuntimeError(f"{type(self).__name__}.save() needs a snapshot_key")
        self.record(Snapshot(key, self.snapshot()))

    @property
    def snapshot_key(self) -> str | None:
        """The key of its snapshot in the store; None for an actor that keeps nothing."""
        return None

    def snapshot(self) -> object:
        """What `save` stores. Must not share mutable state with the actor."""
        raise TypeError(f"{type(self).__name__} uses save() and must define snapshot()")

    def restore(self, snapshot: object) -> None:
        """Called before `started` with what the store has under `snapshot_key`."""
        raise TypeError(f"{type(self).__name__} has a snapshot and must define restore()")

    def tell(self, ref: ActorRef, message: object) -> None:
        """Tell as an effect: leaves when this message is committed."""
        effect(self._cell, _tell, ref, message)

    def publish(self, event: object, topic: str | None = None) -> None:
        """Publish as an effect: leaves when this message is committed."""
        effect(self._cell, self._cell.system.publish, event, topic)

    def after_commit(self, function: Callable[..., object], *args: object) -> None:
        """Call a function when this message is committed. An error in it is the actor's crash."""
        effect(self._cell, function, *args)

    # What the runtime sends

    @handles(BackgroundDone)
    def _background_done(self, message: BackgroundDone) -> None:
        """Nobody asked for the result."""

    @handles(BackgroundFailed)
    def _background_failed(self, message: BackgroundFailed) -> None:
        """A failure is never silent."""
        raise message.error


def _tell(ref: ActorRef, message: object) -> None:
    try:
        ref.tell(message)
    except MailboxFull:
        ref._cell.system.publish_if_wanted(DeadLetter, ref, message, "full")
