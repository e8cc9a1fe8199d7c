"""The task of an actor: life after life, and in each life message after message.

    run ── begin ── work ── end of life ── (back-off) ── begin ...

A life runs under one cancel scope. Leaving it is the only way a life ends: by an order, by an
error, or by its own cancellation when the end takes too long. A `Cancelled` that comes from outside
passes through everything here. Errors are caught outside the scope, because only there a group has
been rid of the `Cancelled`s the scope itself caused.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import trio
from trio.lowlevel import current_task, enable_ki_protection

from actors.cell import Notice
from actors.errors import ActorStopped, CommitFailed, brief, forget_tracebacks, unwrap
from actors.loop import Idleness, work
from actors.mail import CURRENT
from actors.messages import Exit, Restarted, Started, Terminated
from actors.supervision import Verdict, judge_crash, judge_rollback

if TYPE_CHECKING:
    from actors.actor import Actor
    from actors.cell import Cell
    from actors.mail import ActorRef, Call
    from actors.time import Timer

log = logging.getLogger("actors")

CANCELLED = Verdict("end", Exit("cancelled"))


class Life:
    """Everything that belongs to one life of an actor, and is gone with it."""

    __slots__ = (
        "actor",
        "began",
        "cell",
        "current",
        "deferred",
        "handled_before",
        "idle",
        "over",
        "scope",
        "started",
        "stopped_due",
        "timers",
        "watching",
    )

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.actor: Actor | None = None
        self.current: object = None  # the message in hand
        self.began = cell.system.deadlines.now()
        self.handled_before = cell.figures.handled
        self.scope: trio.CancelScope | None = None  # cancelled by `kill`
        self.started = False  # the start has run
        self.stopped_due = False  # and a `stopped` hook is yet to
        self.over = False  # nothing can be started any more
        self.timers: set[Timer] | None = None
        self.deferred: set[Call] | None = None
        self.watching: set[ActorRef] | None = None
        self.idle: Idleness | None = None

    def defer(self, call: Call) -> None:
        """The ask will be answered later."""
        call.held = True
        self.deferred = self.deferred or set()
        self.deferred.add(call)

    def owes(self, call: Call) -> bool:
        """True if this life still has to answer an ask that it deferred."""
        return self.deferred is not None and call in self.deferred

    def release(self, call: Call) -> bool:
        """The deferred ask is answered now; False if it was before, or the life has ended."""
        if self.deferred is None or call not in self.deferred:
            return False
        self.deferred.discard(call)
        return True

    def watch(self, ref: ActorRef) -> None:
        """Be told of the end of that actor; at once if it has ended."""
        self.watching = self.watching or set()
        self.watching.add(ref)
        target = ref._cell
        if target.exit is not None:
            self.cell.ref._deliver(Notice(self, Terminated(ref, target.exit)))
        else:
            target.watchers = target.watchers or set()
            target.watchers.add(self)

    def unwatch(self, ref: ActorRef) -> bool:
        """Do not be told any more; False if this life did not watch it."""
        if ref._cell.watchers is not None:
            ref._cell.watchers.discard(self)
        if self.watching is None or ref not in self.watching:
            return False
        self.watching.discard(ref)
        return True

    def is_quiet(self) -> bool:
        """Nothing is going on that a passivated actor could not do."""
        family = self.cell.family
        busy = self.timers or self.deferred or self.watching or self.cell.ledger.uncommitted
        return not busy and (family is None or family.is_empty())

    @enable_ki_protection
    def end(self) -> None:
        """The life has left its scope: nobody hears of it again, but those who wait for it."""
        cell = self.cell
        gone = ActorStopped(f"{cell.path} ended a life before it gave the reply")
        message, self.current = self.current, None
        cell.ledger.drop(gone)
        if message is not None and self.is_killed():
            cell.dead_letter(message, "cancelled")
        for timer in list(self.timers or ()):
            timer.cancel()
        for ref in list(self.watching or ()):
            self.unwatch(ref)
        deferred, self.deferred = self.deferred, None
        for call in deferred or ():
            call.fail(gone)

    def is_killed(self) -> bool:
        """The life was cancelled since its end took too long."""
        return self.scope is not None and self.scope.cancelled_caught


async def run(cell: Cell) -> None:
    """The task of an actor, until it ends or is passivated."""
    CURRENT.set(cell)
    cell.task = current_task()
    verdict = CANCELLED
    try:
        while True:
            error = None
            life = cell.life = Life(cell)
            try:
                with trio.CancelScope() as life.scope:
                    await begin(cell, life)
                    await work(cell, life)
                    if cell.next_order is not None and cell.next_order.own:
                        await cell.ledger.wait_settled()  # a rollback would replace the order
            except Exception as caught:  # noqa: BLE001 - the boundary of supervision
                error = unwrap(caught)
            following = await end(cell, life, judge(cell, error))
            if following.follows != "life":
                verdict = following
                break
    except (trio.Cancelled, BaseExceptionGroup):
        if cell.life is not None:
            await last_words(cell, cell.life, verdict.exit)
        raise
    finally:
        if verdict.follows == "passive":
            cell.rest()
        else:
            cell.finish(verdict.exit)
            error = verdict.exit.error
            if verdict.follows == "escalate" and cell.parent is not None and error is not None:
                cell.parent.fail(error)


async def begin(cell: Cell, life: Life) -> None:
    """Make the actor object, give it its snapshot, and let it start."""
    cell.state = "starting"
    await cell.ledger.wait_settled()  # the snapshot must hold what the last life recorded
    cell.ledger.lost = None
    if cell.next_order is not None and cell.next_order.kind != "stop":
        cell.next_order = None
    cls, system = cell.cls, cell.system
    actor = life.actor = cls.__new__(cls)
    actor._cell = cell
    cls.__init__(actor, *cell.spec.args, **(cell.spec.kwargs or {}))
    key = actor.snapshot_key
    if key is not None:
        snapshot = await system.load(cell.path, key)
        if snapshot is not None:
            actor.restore(snapshot)
    if cls._has_started:
        await actor.started()
        cell.ledger.close()
    cell.state, life.started, life.stopped_due = "running", True, cls._has_stopped
    if cell.ready is not None:
        cell.ready.set()
        cell.ready = None
    system.publish_if_wanted(Started, cell.ref)


def judge(cell: Cell, error: Exception | None) -> Verdict:
    """The step after the life that has just left its scope."""
    order, cell.next_order = cell.next_order, None
    if order is not None and order.kind == "fail":
        error = error or order.error
    if cell.state == "starting" and isinstance(error, cell.cls.replies_with):
        return Verdict("end", Exit("refused", forget_tracebacks(error)))
    if error is not None:
        cell.count_crash(error, "crashed")
    if order is not None and order.kind == "stop":
        verdict = Verdict("end", Exit(order.reason) if error is None else Exit("crashed", error))
    elif error is not None:
        verdict = judge_crash(cell, error)
    elif order is None:
        verdict = CANCELLED
    elif order.kind == "rollback":
        verdict = judge_rollback(cell, order.error or CommitFailed(cell.path))
    else:
        verdict = Verdict("passive", Exit("passivated"))
    from_below = order is not None and order.kind == "fail"  # a child's end holds the error, too
    if error is not None and (verdict.follows == "end" or (from_below and not verdict.final)):
        forget_tracebacks(error)
    return verdict


async def end(cell: Cell, life: Life, verdict: Verdict) -> Verdict:
    """Run the hooks, end children and background work; returns what really follows."""
    cls, why = cell.cls, verdict.exit
    killed = life.is_killed()
    cell.state = "stopping" if verdict.final else "restarting"
    life.end()
    hooks = life.started and (cls._has_stopping or cls._has_stopped)
    if hooks or cell.family is not None or cell.ledger.uncommitted:
        with trio.CancelScope() as life.scope:
            if killed or why.reason == "crashed":
                life.scope.relative_deadline = cell.spec.shutdown
            await wind_down(cell, life, why, polite=not killed)
    life.over = True
    if cell.family is not None:
        await cell.family.close()
        cell.family = None
    await last_words(cell, life, why)  # if it was cancelled on the way, for taking too long
    life.actor = None
    ends = cell.ref._limit < 0  # its orderly end has begun
    if not verdict.final and not ends:
        cell.unlimit()  # a stop of its own was void
    if verdict.parked and ends:  # it waits for no pause
        return Verdict("end", Exit("shutdown"))
    if verdict.follows == "life":
        await pause(cell, verdict)
        cell.figures.restarts += 1
        cell.system.counts.restarts += 1
        if why.error is not None:
            cell.system.publish_if_wanted(Restarted, cell.ref, why.error, cell.figures.restarts)
    return overruled(cell, verdict)


async def wind_down(cell: Cell, life: Life, why: Exit, polite: bool) -> None:
    """The end of a life, as far as it may take time."""
    if polite and life.started and cell.cls._has_stopping and life.actor is not None:
        await say(cell, life.actor.stopping, why)
    family = cell.family
    if family is not None:
        if polite:
            await family.stop_children(why.reason, cell.rules.ending)
        await family.close()
    cell.family, life.over = None, True
    await say_stopped(cell, life, why)
    cell.ledger.close()
    await cell.ledger.wait_settled()


async def say(cell: Cell, hook: Callable[[Exit], Awaitable[None]], why: Exit) -> None:
    """Run a hook; its error is logged and changes nothing."""
    try:
        await hook(why)
    except Exception as error:
        log.error("%s: %s failed: %s", cell.path, hook.__name__, brief(error), exc_info=error)


async def say_stopped(cell: Cell, life: Life, why: Exit) -> None:
    """Run the `stopped` hook, once in a life that had begun."""
    due, life.stopped_due = life.stopped_due, False
    if due and life.actor is not None:
        await say(cell, life.actor.stopped, why)


async def last_words(cell: Cell, life: Life, why: Exit) -> None:
    """The `stopped` hook of a life cancelled from outside, where any await raises at once."""
    if life.stopped_due:
        with trio.move_on_after(cell.spec.shutdown):
            await say_stopped(cell, life, why)


async def pause(cell: Cell, verdict: Verdict) -> None:
    """Wait for the next life, parked or not."""
    if verdict.parked and verdict.exit.error is not None:
        cell.park(verdict.delay, verdict.exit.error)
    try:
        if verdict.delay:
            await nap(cell, verdict.delay)
    finally:
        if verdict.parked:
            cell.unpark()


async def nap(cell: Cell, seconds: float) -> None:
    """The wait between two lives; a stop cuts it short."""
    with trio.CancelScope() as cell.nap:
        if cell.next_order is None or cell.next_order.kind != "stop":
            await trio.sleep(seconds)
    cell.nap = None


def overruled(cell: Cell, verdict: Verdict) -> Verdict:
    """The verdict on a life, unless a stop or new mail came while it ended."""
    if verdict.final:
        return verdict
    if cell.next_order is not None and cell.next_order.kind == "stop":
        return Verdict("end", Exit(cell.next_order.reason))
    if verdict.follows == "passive" and (cell.ref._queue or cell.ref._limit < 0):
        return Verdict("life", verdict.exit)
    return verdict
