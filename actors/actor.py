"""The base class of actors: what a handler can do, and the hooks of a life."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from actors.abilities import Abilities
from actors.ask import Call, ReplyLater
from actors.behaviour import handles
from actors.current import CURRENT
from actors.errors import MailboxFull
from actors.mailbox import Mailbox
from actors.messages import BackgroundDone, BackgroundFailed, DeadLetter, Exit
from actors.recorder import Snapshot
from actors.supervision import Supervision
from actors.transaction import effect, open_unit

if TYPE_CHECKING:
    from actors.ref import ActorRef


class Actor(Abilities):
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

    # The message in hand

    def stash(self) -> None:
        """Set the message in hand aside, until `unstash_all`. An ask is not answered meanwhile.

        Raises:
            MailboxFull: as many messages as the mailbox holds are set aside already.

        >>> from actors import Actor, handles
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     @handles(int)
        ...     def early(self, message):
        ...         self.stash()
        ...     @handles(str)
        ...     def show(self, message):
        ...         print(self.path)
        >>> play(Lamp, 1, "on")
        /lamp
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
        """Put what was set aside back in front of the mailbox, in its order.

        >>> from actors import Actor, handles
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     @handles(int)
        ...     def early(self, message):
        ...         self.stash()
        ...     @handles(int, behaviour="on")
        ...     def late(self, message):
        ...         print(message)
        ...     @handles(str)
        ...     def switch(self, message):
        ...         self.become("on")
        ...         self.unstash_all()
        >>> play(Lamp, 1, 2, "on")
        1
        2
        """
        stashed, self._cell.stash = self._cell.stash or [], None
        self.ref._queue.extendleft(reversed(stashed))

    def become(self, behaviour: str) -> None:
        """From the next message on, handlers marked with this behaviour go first.

        >>> from actors import Actor, handles
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     @handles(str)
        ...     def switch_on(self, message):
        ...         self.become("on")
        ...     @handles(str, behaviour="on")
        ...     def shine(self, message):
        ...         print(message)
        >>> play(Lamp, "first", "second")
        second
        """
        cell = self._cell
        tables = cell.system.tables_of(cell.cls)
        if behaviour not in tables:
            known = ", ".join(sorted(filter(None, tables))) or "none"
            raise ValueError(f"{cell.kind} has no behaviour {behaviour!r}; it has: {known}")
        cell.behaviours = [*(cell.behaviours or ()), behaviour]
        cell.table = tables[behaviour]
        cell.attention = True

    def unbecome(self) -> None:
        """Back to the behaviour before the last `become`.

        >>> from actors import Actor, handles
        >>> from actors.testing import play
        >>> class Lamp(Actor):
        ...     @handles(str)
        ...     def switch_on(self, message):
        ...         self.become("on")
        ...     @handles(str, behaviour="on")
        ...     def switch_off(self, message):
        ...         print(message)
        ...         self.unbecome()
        >>> play(Lamp, "first", "second", "third", "fourth")
        second
        fourth
        """
        cell = self._cell
        if not cell.behaviours:
            raise RuntimeError("unbecome() without become()")
        cell.behaviours.pop()
        behaviour = cell.behaviours[-1] if cell.behaviours else None
        cell.table = cell.system.tables_of(cell.cls)[behaviour]
        cell.attention = True

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
        if CURRENT.get() is not self._cell:
            raise RuntimeError(
                f"{self.path}: record() belongs into a handler; background work reports by message"
            )
        open_unit(self._cell).changes.extend(changes)

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
        """What `save` stores. Must not share mutable state with the actor.

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
        effect(self._cell, _tell, ref, message)

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
        effect(self._cell, self._cell.system.publish, event, topic)

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
