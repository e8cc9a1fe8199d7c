"""The inside of an actor, as long as its ref lives: what a restart must not lose.

The actor object of the user lives for one life and is replaced by a restart; the cell stays. It
holds the place in the tree, the uncommitted units, and the one *order* that waits to be carried
out. Orders (stop, restart, roll back, fail) are not mail: they are looked at between messages, and
a graver one replaces a lesser. `attention` is the single flag the message loop checks after each
message; it is set by everything that is not just "take the next message".
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal

import attrs
import trio
from trio.lowlevel import Abort, reschedule

from actors.ask import Begun, Call, begin_wait, end_wait
from actors.behaviour import resolve
from actors.current import CURRENT
from actors.errors import ActorCrashed, ActorStopped
from actors.messages import DeadLetter, Exit, Reason, Restarted, Stopped, Terminated, Unhandled
from actors.orders import RANK, Drain, Limit, Options, Order
from actors.ref import ActorRef
from actors.supervision import Verdict

if TYPE_CHECKING:
    from actors.actor import Actor
    from actors.behaviour import Handler, Table
    from actors.family import Family
    from actors.loop import Idleness
    from actors.regroup import Regroup
    from actors.supervision import Intensity, Supervision
    from actors.system import ActorSystem
    from actors.timers import Timer
    from actors.transaction import Unit

log = logging.getLogger("actors")

State = Literal["starting", "running", "restarting", "stopping", "passive", "stopped"]
NO_HANDLERS: Table = {}


@attrs.define(eq=False)
class Cell:
    """One actor over all its lives."""

    system: ActorSystem
    parent: Cell | None
    name: str
    cls: type[Actor]
    args: tuple[object, ...]
    kwargs: dict[str, object] | None
    options: Options
    ref: ActorRef = attrs.Factory(ActorRef, takes_self=True)
    state: State = "starting"
    exit: Exit | None = None
    """Set once, at the very end."""
    task: trio.lowlevel.Task | None = None
    parked: bool = False
    """The task sleeps in the message loop, whether or not others are handling its mail."""

    # One life
    life: int = 0
    life_over: bool = False
    """Nothing can be started any more."""
    stopped_due: bool = False
    """`started` has run, and a `stopped` hook is yet to."""
    began: float = 0.0
    """Trio's clock."""
    actor: Actor | None = None
    table: Table = NO_HANDLERS
    behaviours: list[str] | None = None
    current: object = None
    """The message in hand."""
    attention: bool = False
    next_order: Order | None = None
    scope: trio.CancelScope | None = None
    """Cancelled by `kill`."""
    nap: trio.CancelScope | None = None
    """The wait between two lives."""
    limit: Limit | None = None
    family: Family | None = None
    timers: set[Timer] | None = None
    stash: list[object] | None = None
    deferred: set[Call] | None = None
    waits: list[Cell] | None = None
    watching: set[ActorRef] | None = None
    regroup: Regroup | None = None
    crashes: int = 0
    """In a row, for the back-off."""
    intensity: Intensity | None = None

    # Transactions
    unit: Unit | None = None
    """What the message in hand has done so far."""
    uncommitted: int = 0
    lost: Exception | None = None
    """A commit failed: the state of this life never came to be."""
    settling: trio.Event | None = None

    # Others who wait
    watchers: set[Cell] | None = None
    ready: trio.Event | None = None
    ended: trio.Event | None = None

    # Figures
    handled: int = 0
    handled_before: int = 0
    """When this life began."""
    restarts: int = 0
    timed: int = 0
    """Messages whose handling was timed, in `busy_seconds` altogether."""
    busy_seconds: float = 0.0
    busy_since: float | None = None
    quiet_since: float = 0.0
    idle: Idleness | None = None
    """Set for classes with `passivate_after`."""

    @property
    def path(self) -> str:
        """The names from the top down."""
        return "" if self.parent is None else f"{self.parent.path}/{self.name}"

    @property
    def kind(self) -> str:
        """The name of the actor's class."""
        return self.cls.__name__

    @property
    def rules(self) -> Supervision:
        """How this actor looks after its children."""
        return self.cls.supervision

    # Mail

    def wake(self, ref: ActorRef) -> None:
        """Mail or an order for an actor that sleeps or is passivated."""
        ref._asleep = False
        if self.task is None:
            self.regain(ref)
            self.system.revive(self)
        elif self.system.lending:
            self.system.woken.append(self)
        else:
            self.rouse()

    def rouse(self) -> None:
        """Let the actor's own task go on, unless it does already."""
        if self.parked and self.task is not None:
            self.parked = self.ref._asleep = False
            reschedule(self.task)

    def abort_sleep(self, _: object) -> Abort:
        """The sleeping actor is cancelled."""
        self.parked = self.ref._asleep = False
        return Abort.SUCCEEDED

    def dead_letter(self, message: object, reason: str) -> None:
        """Nobody will handle this message."""
        if isinstance(message, Begun):
            message.coroutine.close()
            message = message.message
        if isinstance(message, Call):
            message.fail(self.stopped_error())
            message = message.request
        if message.__class__ not in self.system.runtime_handlers:
            self.system.publish_if_wanted(DeadLetter, self.ref, message, reason)

    def stopped_error(self) -> Exception:
        """What those who want something of an ended actor are told."""
        if self.exit is not None and self.exit.error is not None:
            if self.exit.reason == "refused":
                return self.exit.error
            crash = ActorCrashed(f"{self.path} has ended ({self.exit})")
            crash.__cause__ = self.exit.error
            return crash
        how = "is stopping" if self.exit is None else f"has ended ({self.exit})"
        return ActorStopped(f"{self.path} {how}")

    # Dispatch

    def handler_of(self, kind: type) -> Handler | None:
        """The handler of a message type, None if there is none."""
        return self.table.get(kind) or resolve(self.table, kind)

    def dispatch(self, message: object) -> object:
        """Handle one message; a coroutine comes back for an `async def` handler."""
        self.current = message
        handler = self.handler_of(message.__class__)
        if handler is None:
            kind = type(message).__qualname__
            log.error("%s (%s) has no handler for %s: message dropped", self.path, self.kind, kind)
            self.system.publish_if_wanted(Unhandled, self.ref, message)
            return None
        return handler(self.actor, message)

    def rollback(self, error: Exception) -> None:
        """A commit failed: the state of this life never came to be, begin another."""
        self.lost = error
        self.order(Order("rollback", "restarted", error))

    def release_deferred(self, call: Call) -> bool:
        """A deferred reply is given now; False if it was given, or its life ended, before."""
        if self.deferred is None or call not in self.deferred:
            return False
        self.deferred.discard(call)
        return True

    # Orders and the end

    def order(self, order: Order) -> None:
        """Carry this out between two messages, unless something graver waits."""
        if self.exit is not None:
            return
        waiting = self.next_order
        if waiting is None or RANK[order.kind] > RANK[waiting.kind]:
            self.next_order = order
        self.attention = True
        if self.nap is not None and order.kind == "stop":
            self.nap.cancel()
        if self.ref._asleep:
            self.rouse()

    def fail(self, error: Exception) -> None:
        """Crash between two messages, by an error from outside the handlers."""
        if self.exit is not None or self.state == "stopping":
            log.error("%s: an error at its end: %r", self.path, error, exc_info=error)
        else:
            self.order(Order("fail", "crashed", error))

    def request_stop(self, reason: Reason) -> None:
        """End this actor: after the message in hand, or ("shutdown") after its present mail."""
        if self.exit is not None:
            return
        self.limit_end()
        if reason == "shutdown" and self.ref._limit >= 0:
            self.ref._deliver(Drain())
            self.ref._close()
        elif reason != "shutdown":
            self.order(Order("stop", reason))

    def begin_life(self) -> None:
        """Forget what belonged to the last life, but not a stop that waits."""
        self.life += 1
        self.life_over = False
        self.lost = None
        self.behaviours = None
        self.unit = None
        self.began = self.system.deadlines.now()
        self.handled_before = self.handled
        if self.next_order is not None and self.next_order.kind != "stop":
            self.next_order = None

    def end_life(self, killed: bool) -> None:
        """The life has left its scope: nobody hears of it again. Mail set aside comes back."""
        message, self.current, self.unit = self.current, None, None
        if killed and message is not None:
            self.dead_letter(message, "cancelled")
        for timer in list(self.timers or ()):
            timer.cancel()
        for call in self.deferred or ():
            call.fail(ActorStopped(f"{self.path} ended a life before it gave the reply"))
        for watched in self.watching or ():
            if watched._cell.watchers is not None:
                watched._cell.watchers.discard(self)
        self.ref._queue.extendleft(reversed(self.stash or ()))
        self.timers = self.deferred = self.watching = self.stash = None

    def has_ending(self, begun: bool) -> bool:
        """Whether anything is to be done between the last message and the end of the life."""
        hooks = begun and (self.cls._has_stopping or self.cls._has_stopped)
        return hooks or self.family is not None or self.uncommitted > 0

    def count_restart(self, why: Exit) -> None:
        """A new life follows. One that was to be passivated and got mail is no restart."""
        if why.reason == "passivated":
            return
        self.restarts += 1
        self.system.publish_if_wanted(Restarted, self.ref, why.error, self.restarts)

    def overruled(self, verdict: Verdict) -> Verdict:
        """The verdict on a life, unless a stop or new mail came while it ended."""
        if verdict.final:
            return verdict
        if self.next_order is not None and self.next_order.kind == "stop":
            return Verdict("end", Exit(self.next_order.reason))
        if verdict.follows == "passive" and (self.ref._queue or self.ref._limit < 0):
            return Verdict("life", verdict.exit)
        return verdict

    def is_quiet(self) -> bool:
        """Nothing is going on that a passivated actor could not do."""
        busy = self.timers or self.stash or self.deferred or self.uncommitted or self.watching
        family = self.family
        return not busy and (family is None or not (family.children or family.backgrounds))

    def passivate(self) -> None:
        """End the life but keep the letter box; the next message begins another."""
        self.order(Order("passivate", "passivated"))

    def rest(self) -> None:
        """The task has ended, mail will start another. From now on only others hold the ref."""
        ref, parent = self.ref, self.parent
        if parent is None or parent.family is None:
            self.finish(Exit("passivated"))
            return
        self.state = "passive"
        self.actor = self.task = self.scope = self.idle = None
        ref._asleep = True
        parent.family.rest(self.name, ref)
        del self.ref

    def regain(self, ref: ActorRef) -> None:
        """A passivated actor is wanted again, by one who holds its ref."""
        self.ref = ref

    def limit_end(self) -> None:
        """From now on the life has `shutdown` seconds to end by itself."""
        if self.limit is None:
            self.limit = Limit(self)
            self.system.deadlines.add(self.options.shutdown, self.limit)

    def unlimit(self) -> None:
        """The life has ended in time."""
        if self.limit is not None:
            self.system.deadlines.discard(self.limit)
            self.limit = None

    def kill(self) -> None:
        """Cancel the life, wherever it is."""
        if self.ref._limit < 0:
            self.order(Order("stop", "shutdown"))
        if self.scope is not None:
            self.scope.cancel()

    def finish(self, why: Exit) -> None:
        """The very end: nobody may be left waiting for this actor."""
        self.exit = why
        self.state = "stopped"
        ref = self.ref
        ref._close()
        ref._asleep = False
        if self.current is not None:
            self.dead_letter(self.current, "cancelled")
            self.current = None
        for message in (*(self.stash or ()), *ref._queue):
            self.dead_letter(message, "stopped")
        ref._queue.clear()
        self.actor = self.task = self.stash = self.scope = None
        self.unlimit()
        parent = self.parent
        if parent is not None and parent.family is not None:
            parent.family.leave(self.name, ref)
        if self.regroup is not None:
            self.regroup.passed(self)
        for event in (self.ready, self.ended, self.settling):
            if event is not None:
                event.set()
        for watched in self.watching or ():
            if watched._cell.watchers is not None:
                watched._cell.watchers.discard(self)
        for watcher in self.watchers or ():
            (watcher.watching or set()).discard(ref)
            watcher.ref._deliver(Terminated(ref, why))
        self.watchers = self.watching = None
        self.system.forget(self)
        self.system.publish_if_wanted(Stopped, ref, why)

    async def wait_ended(self) -> Exit:
        """Wait for the very end."""
        while self.exit is None:
            if self.ended is None:
                self.ended = trio.Event()
            await self.ended.wait()
        return self.exit

    async def wait_ready(self) -> None:
        """Wait until `started` has run; raises if the actor ends before."""
        waiter = CURRENT.get()
        if waiter is not None:
            begin_wait(waiter, self)
        try:
            while self.exit is None and self.state not in ("running", "stopping"):
                if self.ready is None:
                    self.ready = trio.Event()
                await self.ready.wait()
        finally:
            if waiter is not None:
                end_wait(waiter, self)
        if self.exit is not None:
            raise self.stopped_error()
