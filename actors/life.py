"""The task of an actor: life after life, and in each life message after message.

    run ── begin ── work ── end of life ── (back-off, turn in a joint restart) ── begin ...

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
from trio.lowlevel import current_task

from actors.current import CURRENT
from actors.errors import ActorStopped, CommitFailed, unwrap
from actors.loop import work
from actors.messages import Exit, Started
from actors.regroup import Regroup, members
from actors.supervision import Verdict, judge_crash, judge_restart, judge_rollback
from actors.transaction import close_unit, settled

if TYPE_CHECKING:
    from actors.cell import Cell

log = logging.getLogger("actors")


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
    cell.state, cell.stopped_due = "running", cls._has_stopped
    if cell.regroup is not None:
        cell.regroup.passed(cell)
    if cell.ready is not None:
        cell.ready.set()
        cell.ready = None
    system.publish_if_wanted(Started, cell.ref)


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
        if cell.state == "starting" and isinstance(error, cell.cls.replies_with):
            return Verdict("end", Exit("refused", error))
        log.error("%s (%s) crashed: %r", cell.path, cell.kind, error, exc_info=error)
        return judge_crash(cell, error)
    if order is not None and order.kind == "rollback":
        return judge_rollback(cell, order.error or CommitFailed(cell.path))
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
    await last_words(cell, verdict.exit)  # if it was cancelled on the way, for taking too long
    if cell.limit is not None and not verdict.final:
        cell.unlimit()
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
    if due and cell.actor is not None:
        await say(cell, cell.actor.stopped, why)


async def last_words(cell: Cell, why: Exit) -> None:
    """The `stopped` hook of a life cancelled from outside, where any await raises at once."""
    if cell.stopped_due:
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
