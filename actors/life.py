"""The task of an actor: life after life, and in each life message after message.

    run ── begin ── work ── end of life ── (back-off, turn in a joint restart) ── begin ...

A life runs under one cancel scope. Leaving it is the only way a life ends: by an order, by an
error, or by its own cancellation when the end takes too long. A `Cancelled` that comes from outside
passes through everything here. Errors are caught outside the scope, because only there a group has
been rid of the `Cancelled`s the scope itself caused.

The message loop never yields inside a *turn*, which handles up to 64 messages or half a
millisecond's worth; a checkpoint costs 2.5 us, a message 0.2. Within a turn, messages are taken in
strides, and the clock is read between strides only. A stride is as long as the handlers so far were
short, so slow handlers cannot overrun the half millisecond by many times.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from types import CoroutineType
from typing import TYPE_CHECKING, Any

import trio
from trio.lowlevel import checkpoint, current_task, wait_task_rescheduled

from actors.ask import Begun
from actors.current import CURRENT
from actors.deadlines import Entry
from actors.errors import ActorStopped, CommitFailed, unwrap
from actors.messages import DeadLetter, Exit, Started
from actors.regroup import Regroup, members
from actors.supervision import Verdict, judge_crash, judge_restart
from actors.transaction import close_unit, settled

if TYPE_CHECKING:
    from actors.cell import Cell

log = logging.getLogger("actors")

TURN_MESSAGES = 64
TURN_SECONDS = 0.0005
LONGEST_STRIDE = 16
SAMPLE_EVERY = 8  # a message that comes alone is timed once in so many


async def run(cell: Cell) -> None:
    """The task of an actor, until it ends or is passivated."""
    CURRENT.set(cell)
    cell.task = current_task()
    verdict = Verdict("end", Exit("cancelled"))
    try:
        while True:
            error = None
            try:
                with trio.CancelScope() as cell.scope:
                    await begin(cell)
                    await work(cell)
            except Exception as caught:  # noqa: BLE001 - the boundary of supervision
                error = unwrap(caught)
            following = await end_life(cell, judge(cell, error))
            if following.follows != "life":
                verdict = following
                break
    except (trio.Cancelled, BaseExceptionGroup):
        await last_words(cell, verdict.exit)
        raise
    finally:
        if verdict.follows == "passive":
            cell.rest()
        else:
            cell.finish(verdict.exit)
            escalate(cell, verdict)


async def begin(cell: Cell) -> None:
    """Make the actor object, give it its snapshot, and let it start."""
    cell.state = "starting"
    if cell.uncommitted:
        await settled(cell)  # the snapshot must hold what the last life recorded
    cell.begin_life()
    cls, system = cell.cls, cell.system
    cell.table = system.tables_of(cls)[None]
    actor = cell.actor = cls.__new__(cls)
    actor._cell = cell
    cls.__init__(actor, *cell.args, **(cell.kwargs or {}))
    key = actor.snapshot_key
    if key is not None:
        snapshot = await system.load(cell.path, key)
        if snapshot is not None:
            actor.restore(snapshot)
    if cls._has_started:
        await actor.started()
        close_unit(cell)
    cell.state, cell.stopped_due = "running", True
    if cell.regroup is not None:
        cell.regroup.passed(cell)
    if cell.ready is not None:
        cell.ready.set()
        cell.ready = None
    system.publish_if_wanted(Started, cell.ref)


async def work(cell: Cell) -> None:
    """Handle messages until an order comes; raises what a handler raised, if that is a crash.

    An ask that was begun in the asker's task counts as in hand: an order waits for it.
    """
    ref = cell.ref
    queue = ref._queue
    pace = 1
    while cell.next_order is None or (queue and queue[0].__class__ is Begun):
        if ref._senders:
            ref._admit()
        if not queue:
            if cell.cls.passivate_after is not None:
                watch_idleness(cell)
            ref._asleep = True
            await wait_task_rescheduled(cell.abort_sleep)
            continue
        if cell.next_order is not None or (len(queue) == 1 and cell.handled % SAMPLE_EVERY):
            coroutine = stride(cell, 1)
            if coroutine is not None:
                await see_through(cell, coroutine)
            if cell.attention:
                attend(cell)
            cell.current = None
        if queue and cell.next_order is None:
            pace = await turn(cell, pace)
            if queue:
                await checkpoint()


async def turn(cell: Cell, pace: int) -> int:
    """Handle a turn's worth of messages, timed; returns the pace for the next turn."""
    queue, tick = cell.ref._queue, cell.system.tick
    before, done, seconds, began = cell.handled, 0, 0.0, tick()
    while queue and done < TURN_MESSAGES and seconds < TURN_SECONDS:
        coroutine = stride(cell, min(pace, len(queue)))
        if coroutine is not None:
            await see_through(cell, coroutine)
        seconds, done = tick() - began, cell.handled - before
        if cell.attention and attend(cell):
            break
        pace = next_pace(done, seconds)
    cell.current = None
    cell.timed += done
    cell.busy_seconds += seconds
    return pace


def attend(cell: Cell) -> bool:
    """Settle what the message did; True if an order waits."""
    cell.attention = False
    close_unit(cell)
    return cell.next_order is not None


def next_pace(done: int, seconds: float) -> int:
    """How many messages to handle before looking at the clock again: a quarter turn of them."""
    if seconds * LONGEST_STRIDE * 4 <= TURN_SECONDS * done:
        return LONGEST_STRIDE
    return max(1, int(TURN_SECONDS * done / seconds / 4))


def stride(cell: Cell, count: int) -> CoroutineType[Any, Any, Any] | None:
    """Handle up to `count` messages, fewer if one needs `attention` or returns a coroutine."""
    popleft, table, actor = cell.ref._queue.popleft, cell.table, cell.actor
    done = 0
    try:
        for done in range(1, count + 1):  # noqa: B007 - counted in the `finally`
            cell.current = message = popleft()
            try:
                handler = table[message.__class__]
            except KeyError:
                result = cell.dispatch(message)
            else:
                result = handler(actor, message)
            if result is not None and result.__class__ is CoroutineType:
                return result
            if cell.attention:
                break
    except Exception as error:
        if not tolerates(cell, error):
            raise
    finally:
        cell.handled += done
    return None


async def see_through(cell: Cell, coroutine: CoroutineType[Any, Any, Any]) -> None:
    """Await an `async def` handler; meanwhile room in the mailbox is for those who wait."""
    if cell.ref._senders:
        cell.ref._admit()
    cell.busy_since = cell.system.deadlines.now()
    try:
        await coroutine
    except Exception as error:
        if not tolerates(cell, error):
            raise
    finally:
        cell.busy_since = None


def tolerates(cell: Cell, error: Exception) -> bool:
    """A handler raised: True if the life goes on, without what the message recorded."""
    error = unwrap(error)
    message, cell.current, cell.unit = cell.current, None, None
    if isinstance(error, cell.cls.replies_with):
        log.warning("%s refused %r, which was told, not asked: %r", cell.path, message, error)
        cell.system.publish_if_wanted(DeadLetter, cell.ref, message, "refused")
        return True
    parent = cell.parent
    if parent is not None and parent.rules.resumes(error):
        log.warning("%s resumes after %r", cell.path, error, exc_info=error)
        return True
    return False


def judge(cell: Cell, error: Exception | None) -> Verdict:
    """What follows the life that has just left its scope."""
    order, cell.next_order = cell.next_order, None
    if order is not None and order.kind == "fail":
        error = error or order.error
    if order is not None and order.kind == "stop":
        why = Exit(order.reason) if error is None else Exit("crashed", error)
        if order.own and cell.options.restart == "permanent":
            path = cell.path
            return judge_restart(cell, ActorStopped(f"{path} is permanent but stops"), why)
        return Verdict("end", why)
    if error is not None:
        log.error("%s (%s) crashed: %r", cell.path, cell.kind, error, exc_info=error)
        return judge_crash(cell, error)
    if order is not None and order.kind == "rollback" and cell.handled == cell.handled_before:
        # nothing but its start could have been recorded: again and again would be a busy loop
        return judge_crash(cell, order.error or CommitFailed(cell.path))
    if order is None:
        return Verdict("end", Exit("cancelled"))
    if order.kind == "passivate":
        return Verdict("passive", Exit("passivated"))
    return Verdict("life", Exit("restarted", order.error))


async def end_life(cell: Cell, verdict: Verdict) -> Verdict:
    """Run the hooks, end children and background work; returns what really follows."""
    begun, killed = cell.state == "running", cell.scope is not None and cell.scope.cancelled_caught
    cell.state = "stopping" if verdict.final else "restarting"
    cell.end_life(killed)
    limited = killed or verdict.exit.reason == "crashed"
    if cell.has_ending(begun):
        with trio.CancelScope() as cell.scope:
            if limited:
                cell.scope.relative_deadline = cell.options.shutdown
            await wind_down(cell, verdict.exit, begun, killed)
    if cell.family is not None:
        await cell.family.close()
        cell.family = None
    if cell.stopped_due:  # cancelled on the way, because it took too long
        await last_words(cell, verdict.exit)
    if cell.limit is not None and not verdict.final:
        cell.unlimit()
    cell.stopped_due = False
    if verdict.follows == "life":
        if verdict.delay or cell.regroup is not None or (verdict.joint and len(members(cell)) > 1):
            await between_lives(cell, verdict)
        cell.count_restart(verdict.exit)
    return cell.overruled(verdict)


async def wind_down(cell: Cell, why: Exit, begun: bool, killed: bool) -> None:
    """The end of a life, as far as it may take time."""
    actor, cls, family = cell.actor, cell.cls, cell.family
    if begun and not killed and cls._has_stopping and actor is not None:
        await say(cell, actor.stopping, why)
    if family is not None:
        if not killed:
            await family.stop_children(why.reason)
        await family.close()
    cell.family, cell.life_over = None, True
    await say_stopped(cell, why)
    close_unit(cell)
    await settled(cell)


async def say(cell: Cell, hook: Callable[[Exit], Awaitable[None]], why: Exit) -> None:
    """Run a hook; its error is logged and changes nothing."""
    try:
        await hook(why)
    except Exception as error:
        log.error("%s: %s failed: %r", cell.path, hook.__name__, error, exc_info=error)


async def say_stopped(cell: Cell, why: Exit) -> None:
    """Run the `stopped` hook, once in a life that had begun."""
    due, cell.stopped_due = cell.stopped_due, False
    if due and cell.cls._has_stopped and cell.actor is not None:
        await say(cell, cell.actor.stopped, why)


async def last_words(cell: Cell, why: Exit) -> None:
    """The `stopped` hook of a life cancelled from outside, where any await raises at once."""
    with trio.move_on_after(cell.options.shutdown):
        await say_stopped(cell, why)


async def between_lives(cell: Cell, verdict: Verdict) -> None:
    """Back-off and joint restart; a stop cuts it short."""
    with trio.CancelScope() as cell.nap:
        if cell.next_order is not None and cell.next_order.kind == "stop":
            cell.nap.cancel()
        if verdict.joint:
            await lead_restart(cell)
        elif cell.regroup is not None:
            cell.regroup.stir()
        if verdict.delay:
            await trio.sleep(verdict.delay)
        if cell.regroup is not None:
            await cell.regroup.turn(cell)
    cell.nap = None


async def lead_restart(cell: Cell) -> None:
    """End the lives of those who are to restart with this child, last started first."""
    group = members(cell)
    if len(group) == 1:
        return
    regroup = Regroup(group)
    try:
        for sibling in reversed(group):
            if sibling is not cell:
                await regroup.end_life_of(sibling)
    finally:
        regroup.open()


def escalate(cell: Cell, verdict: Verdict) -> None:
    """An error that is the supervisor's own now."""
    if verdict.follows == "escalate" and cell.parent is not None and verdict.exit.error is not None:
        cell.parent.fail(verdict.exit.error)


class Idleness(Entry):
    """Passivates an actor that has slept long enough. Set once per sleep at most: an actor that
    was busy meanwhile is looked at again later, so a wake-up costs the heap nothing."""

    __slots__ = ("_cell",)

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self._cell = cell

    def expire(self) -> None:
        """The actor may have been idle since it was set."""
        cell, after = self._cell, self._cell.cls.passivate_after
        if after is None or not cell.ref._asleep or cell.task is None:
            return
        deadlines = cell.system.deadlines
        left = cell.quiet_since + after - deadlines.now()
        if left <= 0 and cell.is_quiet():
            cell.passivate()
        else:
            deadlines.add(left if left > 0 else after, self)


def watch_idleness(cell: Cell) -> None:
    """The actor falls asleep, and may be passivated after a while."""
    deadlines = cell.system.deadlines
    cell.quiet_since = deadlines.now()
    if cell.idle is None:
        cell.idle = Idleness(cell)
    if not cell.idle.pending and cell.cls.passivate_after is not None:
        deadlines.add(cell.cls.passivate_after, cell.idle)
