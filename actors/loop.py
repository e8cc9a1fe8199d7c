"""The message loop of an actor, and how it saves trips through Trio's scheduler.

The message loop never yields inside a *turn*, which handles up to 64 messages or half a
millisecond's worth; a checkpoint costs 2.5 us, a message 0.2. Within a turn, messages are taken in
strides, and the clock is read between strides only. A stride is as long as the handlers so far were
short, so slow handlers cannot overrun the half millisecond by many times.

A task switch is a round of Trio's loop and costs more than ten messages. A sleeping actor has
nothing in hand, so its mail may be handled in any task. Hence an actor that is woken by a handler
of another gets its first messages handled in that one's task, right after the stride that woke it
(`lend`), within a turn's worth for all of them together. Its own task is roused when there is more
to do: further mail, an order, or the coroutine of an `async def` handler (`Begun`). A crash is
always dealt with by the crashed actor's own task. While a stride runs, `wake` only notes who woke.
A cancelled sleeper is not `parked` any more and left alone.
"""

from __future__ import annotations

import logging
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from trio.lowlevel import checkpoint, wait_task_rescheduled

from actors.ask import Begun
from actors.current import CURRENT
from actors.deadlines import Entry
from actors.errors import unwrap
from actors.messages import DeadLetter
from actors.transaction import close_unit

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from actors.actor import Actor
    from actors.cell import Cell
    from actors.runtime import Runtime

log = logging.getLogger("actors")

TURN_MESSAGES = 64
TURN_SECONDS = 0.0005
LONGEST_STRIDE = 16
SAMPLE_EVERY = 8  # a message that comes alone is timed once in so many
LENT_STRIDE = 4


async def work(cell: Cell) -> None:
    """Handle messages until an order comes; raises what a handler raised, if that is a crash.

    What was begun in another task counts as in hand: an order waits for it.
    """
    ref = cell.ref
    queue = ref._queue
    pace = 1
    while cell.next_order is None or (queue and queue[0].__class__ is Begun):
        if ref._senders:
            ref._admit()
        if not queue:
            if cell.cls._may_passivate:
                watch_idleness(cell)
            cell.parked = ref._asleep = True
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
    system, done = cell.system, 0
    outermost, system.lending = not system.lending, True
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
        if outermost:
            try:
                if system.woken:
                    lend(system)
            finally:
                system.lending = False
    return None


def lend(system: Runtime) -> None:
    """Handle mail of those whom a stride has woken, for a turn at most; then wake their tasks."""
    woken, tick, left = system.woken, system.tick, TURN_MESSAGES
    until = tick() + TURN_SECONDS
    try:
        while woken and left > 0 and tick() < until:
            left -= borrow(woken.popleft())
    finally:
        for cell in woken:
            cell.rouse()
        woken.clear()


def borrow(cell: Cell) -> int:
    """Handle a little of a sleeping actor's mail in the present task; returns how many messages."""
    queue, before = cell.ref._queue, cell.handled
    coroutine = None
    token = CURRENT.set(cell)
    try:
        if cell.next_order is None and cell.parked:
            coroutine = stride(cell, min(LENT_STRIDE, len(queue)))
    except Exception as error:  # noqa: BLE001 - the boundary of supervision
        cell.fail(unwrap(error))
    finally:
        if cell.attention:
            attend(cell)
        CURRENT.reset(token)
        if coroutine is not None:
            queue.appendleft(Begun(cell.current, coroutine))
            cell.handled -= 1
        cell.current = None
        settle_down(cell)
    return cell.handled - before + 1


def settle_down(cell: Cell) -> None:
    """A parked actor's mail was handled in another's task: on with the rest, or sleep again."""
    queue = cell.ref._queue
    if cell.next_order is not None or (queue and (queue[0].__class__ is Begun)):
        cell.rouse()
    elif queue:
        cell.wake(cell.ref)
    elif cell.parked:
        if cell.cls._may_passivate:
            watch_idleness(cell)
        cell.ref._asleep = True


def go_on(actor: Actor, begun: Begun) -> Coroutine[Any, Any, object]:
    """The handler of `Begun`."""
    actor._cell.current = begun.message
    return begun.coroutine


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


class Idleness(Entry):
    """Passivates an actor that has slept long enough. Set once per sleep at most: an actor that
    was busy meanwhile is looked at again later, so a wake-up costs the heap nothing."""

    __slots__ = ("_cell", "after")

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self._cell = cell
        self.after: float | None = None

    def expire(self) -> None:
        """The actor may have been idle since it was set."""
        cell, after = self._cell, self.after
        if after is None or cell.task is None or not cell.ref._asleep:
            return
        deadlines = cell.system.deadlines
        left = cell.quiet_since + after - deadlines.now()
        if left <= 0 and cell.is_quiet():
            cell.passivate()
        else:
            deadlines.add(left if left > 0 else after, self)


def watch_idleness(cell: Cell) -> None:
    """The actor falls asleep, and may be passivated after a while."""
    after = None if cell.actor is None else cell.actor.passivate_after
    if cell.idle is None:
        if after is None:
            return
        cell.idle = Idleness(cell)
    cell.idle.after = after
    cell.quiet_since = cell.system.deadlines.now()
    if after is not None and not cell.idle.pending:
        cell.system.deadlines.add(after, cell.idle)
