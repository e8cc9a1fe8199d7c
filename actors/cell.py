"""The inside of an actor over all its lives: what a restart must not lose.

The actor object of the user lives for one `Life` and is replaced by a restart; the cell stays. It
holds the place in the tree and the one *order* that waits to be carried out. Orders (stop, roll
back, fail, passivate) are not mail: they are looked at between messages, and a graver one replaces
a lesser. `attention` is the single flag the message loop checks after each message; it is set by
everything that is not just "take the next message".
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal

import attrs
import trio
from trio.lowlevel import Abort, enable_ki_protection, reschedule

from actors.commit import Ledger
from actors.errors import ActorParked, ActorStopped, brief, crash_of
from actors.inspection import Figures
from actors.mail import AWAKE, ActorRef, Call, waiting_for
from actors.messages import (
    Exit,
    LetterReason,
    Parked,
    Reason,
    Stopped,
    Terminated,
    Unhandled,
)
from actors.time import Entry

if TYPE_CHECKING:
    from actors.actor import Actor
    from actors.family import Family
    from actors.life import Life
    from actors.loop import Handler, Table
    from actors.supervision import Mishaps, Restart, Supervision
    from actors.system import ActorSystem

log = logging.getLogger("actors")

State = Literal["starting", "running", "restarting", "parked", "stopping", "passive", "stopped"]
Kind = Literal["passivate", "rollback", "fail", "stop"]
RANK: dict[Kind, int] = {"passivate": 0, "rollback": 1, "fail": 2, "stop": 3}


@attrs.frozen
class Spec:
    """Description of an actor from its parent, by which each of its lives is made."""

    cls: type[Actor]
    args: tuple[object, ...]
    kwargs: dict[str, object] | None
    restart: Restart
    shutdown: float
    """Seconds an orderly end may take."""


@attrs.frozen
class Order:
    """An order to an actor for the time between two messages; the graver replaces the lesser."""

    kind: Kind
    reason: Reason = "stopped"
    error: Exception | None = None
    own: bool = False
    """True for a stop that the actor asked for itself, which is void if its changes are lost."""

    def outranks(self, other: Order) -> bool:
        """True if it replaces one that waits."""
        if other.own and self.kind in ("rollback", "stop"):
            return True
        return RANK[self.kind] > RANK[other.kind] and not (self.own and other.kind == "rollback")


@attrs.frozen
class Pause:
    """The time in which an actor that crashed too often takes no mail, on Trio's clock.

    >>> Pause("KeyError('x')", began=100.0, until=110.0).until
    110.0
    """

    reason: str
    """Its last crash."""
    began: float
    until: float


class Limit(Entry):
    """The end of an actor takes too long: cancel the life."""

    __slots__ = ("_cell",)

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self._cell = cell

    def expire(self) -> None:
        """The `shutdown` seconds are over."""
        self._cell.kill()


class Drain:
    """The last mail of an actor that ends orderly: what came before it is still handled."""

    __slots__ = ()


def drained(actor: Actor, _: Drain) -> None:
    """The handler of `Drain`."""
    actor._cell.order(Order("stop", "shutdown"))


class Notice:
    """The end of a watched actor, on its way to the life that watched it."""

    __slots__ = ("life", "terminated")

    def __init__(self, life: Life, terminated: Terminated) -> None:
        self.life = life
        self.terminated = terminated


def notify(actor: Actor, notice: Notice) -> object:
    """The handler of notices: hand `Terminated` on, unless that life is over or looks away."""
    cell = actor._cell
    if notice.life is not cell.life or not notice.life.unwatch(notice.terminated.ref):
        return None
    return cell.dispatch(notice.terminated)


@attrs.define(eq=False)
class Cell:
    """One actor over all its lives."""

    system: ActorSystem
    parent: Cell | None
    name: str
    spec: Spec
    table: Table
    """Handlers by message type."""
    ref: ActorRef = attrs.Factory(ActorRef, takes_self=True)
    """Held by the cell while there is a task; a passivated actor is held by its ref alone."""
    ledger: Ledger = attrs.Factory(Ledger, takes_self=True)
    figures: Figures = attrs.Factory(Figures)
    state: State = "starting"
    exit: Exit | None = None
    """Set once, at the very end."""
    task: trio.lowlevel.Task | None = None
    life: Life | None = None
    family: Family | None = None
    """Children and background work of this life, if there are any."""
    attention: bool = False
    next_order: Order | None = None
    nap: trio.CancelScope | None = None
    """The wait between two lives."""
    pause: Pause | None = None
    """The same while it is parked."""
    limit: Limit | None = None
    mishaps: Mishaps | None = None
    waits: list[Cell] | None = None
    """The actors that the message in hand waits for."""
    watchers: set[Life] | None = None
    ready: trio.Event | None = None
    ended: trio.Event | None = None

    @property
    def path(self) -> str:
        """The names from the top down; that of the root is empty."""
        names = []
        cell: Cell = self
        while cell.parent is not None:
            names.append(cell.name)
            cell = cell.parent
        return "".join(f"/{name}" for name in reversed(names))

    @property
    def cls(self) -> type[Actor]:
        """The actor's class."""
        return self.spec.cls

    @property
    def kind(self) -> str:
        """The name of the actor's class."""
        return self.spec.cls.__name__

    @property
    def rules(self) -> Supervision:
        """The rules by which this actor supervises its children."""
        return self.spec.cls.supervision

    def life_of(self, actor: Actor) -> Life:
        """The present life, asked for by its actor; an earlier one can begin nothing."""
        if self.life is None or self.life.actor is not actor:
            raise RuntimeError(f"{self.path}: this life of the actor is over")
        return self.life

    # Mail

    @enable_ki_protection
    def wake(self, ref: ActorRef) -> None:
        """Mail or an order for an actor that sleeps, or mail for one that is passivated."""
        ref._asleep = False
        if self.task is not None:
            reschedule(self.task, AWAKE)
        elif self.parent is None or self.parent.family is None:
            self.end_passive(ref, Exit("shutdown"))
        else:
            self.ref, self.state = ref, "starting"
            self.parent.family.revive(self)

    def abort_sleep(self, _: object) -> Abort:
        """The sleeping actor is cancelled."""
        self.ref._asleep = False
        return Abort.SUCCEEDED

    def dead_letter(self, message: object, reason: LetterReason) -> None:
        """Nobody will handle this message."""
        if self.pause is not None and reason == "stopped":
            reason = "parked"
        if isinstance(message, Call):
            message.fail(self.stopped_error())
            message = message.request
        if message.__class__ not in self.system.runtime_handlers:
            self.system.dead_letter(self.ref, message, reason)

    def stopped_error(self) -> Exception:
        """The error for requests to an actor that has ended."""
        if self.pause is not None:
            left = max(0.0, self.pause.until - self.system.deadlines.now())
            return ActorParked(
                f"{self.path} kept crashing and is parked: {self.pause.reason}; it is tried again "
                f"in {left:.0f} s"
            )
        if self.exit is None:
            return ActorStopped(f"{self.path} is stopping")
        if self.exit.error is None:
            return ActorStopped(f"{self.path} has ended ({self.exit})")
        if self.exit.reason == "refused":
            return self.exit.error
        return crash_of(self.path, "has crashed", self.exit.error)

    def handler_of(self, kind: type) -> Handler | None:
        """The handler of the nearest ancestor of a message type; remembered for the next time."""
        for base in kind.__mro__:
            if handler := self.table.get(base):
                self.table[kind] = handler
                return handler
        return None

    def dispatch(self, message: object) -> object:
        """Handle one message; a coroutine comes back for an `async def` handler."""
        life, handler = self.life, self.handler_of(message.__class__)
        if life is None or life.actor is None:
            return None
        life.current = message
        if handler is None:
            self.system.counts.lost(self.path, message, "unhandled")
            self.system.publish_if_wanted(Unhandled, self.ref, message)
            return None
        return handler(life.actor, message)

    # Orders

    @enable_ki_protection
    def order(self, order: Order) -> None:
        """Carry this out between two messages, unless something graver waits."""
        if self.exit is not None:
            return
        waiting = self.next_order
        if waiting is None or order.outranks(waiting):
            self.next_order = order
        self.attention = True
        if self.nap is not None and order.kind == "stop":
            self.nap.cancel()
        if self.ref._asleep:
            self.wake(self.ref)

    def fail(self, error: Exception) -> None:
        """Crash between two messages, by an error from outside the handlers."""
        if self.exit is not None or self.state == "stopping":
            self.count_crash(error, "an error at its end")
        else:
            self.order(Order("fail", "crashed", error))

    def begin_anew(self, error: Exception) -> None:
        """A commit failed: the state of this life never came to be."""
        self.order(Order("rollback", "restarted", error))

    def passivate(self) -> None:
        """End the life but keep the letter box; the next message begins another."""
        self.order(Order("passivate", "passivated"))

    @enable_ki_protection
    def request_stop(self, reason: Reason) -> None:
        """End this actor: after the message in hand, or ("shutdown") after its present mail."""
        if self.exit is not None:
            return
        self.limit_end()
        if reason != "shutdown" or self.ref._asleep or self.pause is not None:
            self.order(Order("stop", reason))
        elif self.ref._limit >= 0:
            self.ref._deliver(Drain())
            self.ref._close()

    def count_crash(self, error: Exception, what: str) -> None:
        """Every error that ends a life, or comes after that, is logged and counted once."""
        self.system.counts.crashes += 1
        log.error("%s (%s) %s: %s", self.path, self.kind, what, brief(error), exc_info=error)

    @enable_ki_protection
    def park(self, seconds: float, error: Exception) -> None:
        """Take no more mail: what there is goes to nobody, and those who ask are told why."""
        now = self.system.deadlines.now()
        self.pause, self.state = Pause(brief(error), now, now + seconds), "parked"
        self.system.parked[self.path] = self.pause
        log.error("%s is parked for %.0f s: %s", self.path, seconds, self.pause.reason)
        self.ref._close()
        for message in self.ref._queue:
            self.dead_letter(message, "stopped")
        self.ref._queue.clear()
        if self.ready is not None:
            self.ready.set()
            self.ready = None
        self.system.publish_if_wanted(Parked, self.ref, error, seconds)

    @enable_ki_protection
    def unpark(self) -> None:
        """Take mail again."""
        self.pause, self.state = None, "restarting"
        del self.system.parked[self.path]
        self.ref._limit = self.cls.mailbox.capacity

    def retry(self) -> bool:
        """End the pause of a parked actor; False if it is none."""
        if self.pause is None or self.nap is None:
            return False
        self.nap.cancel()
        return True

    # The end

    def limit_end(self) -> None:
        """From now on the actor, in whichever life, has `shutdown` seconds to end by itself."""
        if self.limit is None:
            self.limit = Limit(self)
            self.system.deadlines.add(self.spec.shutdown, self.limit)

    def unlimit(self) -> None:
        """Nobody asks for its end any more, or it has ended in time."""
        if self.limit is not None:
            self.system.deadlines.discard(self.limit)
            self.limit = None

    def kill(self) -> None:
        """Cancel the life, wherever it is."""
        if self.ref._limit < 0:
            self.order(Order("stop", "shutdown"))
        if self.life is not None and self.life.scope is not None:
            self.life.scope.cancel()

    @enable_ki_protection
    def rest(self) -> None:
        """The task has ended, mail will start another. From now on only others hold the ref."""
        ref, parent = self.ref, self.parent
        if parent is None or parent.family is None:
            self.finish(Exit("passivated"))
            return
        self.state = "passive"
        self.task = self.life = None
        ref._asleep = True
        parent.family.rest(self)
        del self.ref

    def end_passive(self, ref: ActorRef, why: Exit) -> None:
        """The very end of a passivated actor."""
        self.ref = ref
        self.finish(why)

    @enable_ki_protection
    def finish(self, why: Exit) -> None:
        """The very end: nobody may be left waiting for this actor."""
        self.exit = why
        self.state = "stopped"
        ref, life = self.ref, self.life
        ref._close()
        ref._asleep = False
        if life is not None and life.current is not None:
            self.dead_letter(life.current, "cancelled")
            life.current = None
        for message in ref._queue:
            self.dead_letter(message, "stopped")
        ref._queue.clear()
        self.task = self.life = None
        self.unlimit()
        if self.parent is not None and self.parent.family is not None:
            self.parent.family.leave(self)
        for event in (self.ready, self.ended):
            if event is not None:
                event.set()
        for watcher in self.watchers or ():
            watcher.cell.ref._deliver(Notice(watcher, Terminated(ref, why)))
        self.watchers = None
        self.system.publish_if_wanted(Stopped, ref, why)

    async def wait_ended(self) -> Exit:
        """Wait for the very end."""
        while self.exit is None:
            if self.ended is None:
                self.ended = trio.Event()
            await self.ended.wait()
        return self.exit

    async def wait_ready(self) -> None:
        """Wait until `started` has run; raises if the actor ends or is parked before."""
        with waiting_for(self):
            while self.exit is None and self.state not in ("running", "parked", "stopping"):
                if self.ready is None:
                    self.ready = trio.Event()
                await self.ready.wait()
        if self.exit is not None or self.pause is not None:
            raise self.stopped_error()
