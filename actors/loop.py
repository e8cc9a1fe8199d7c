"""The message loop of an actor: which method handles which message, and in what measure.

A table of handlers is an exact dict, looked up by `message.__class__` (15 ns; `match` costs 82).
Types the runtime itself wraps messages in, such as an ask, are entries like any other, so that the
loop knows no special cases.

Every message is handled in the actor's own task. The loop never yields inside a *turn*, which
handles up to 64 messages or a quarter of a millisecond's worth; a checkpoint costs 2.5 us, a
message 0.2. Within a turn, messages are taken in strides, and the clock is read between strides
only. A stride is as long as the handlers so far were short, so slow handlers cannot overrun the
turn by many times. An `async def` handler is awaited where it stands: one that waits for nothing
costs no more than its coroutine.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import CoroutineType
from typing import TYPE_CHECKING, Any, TypeVar

from trio.lowlevel import checkpoint, wait_task_rescheduled

from actors.errors import ActorStopped, UnknownMessage, brief, crash_of, unwrap
from actors.mail import Call
from actors.time import Entry

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from actors.actor import Actor
    from actors.cell import Cell
    from actors.life import Life

F = TypeVar("F", bound=Callable[..., Any])
Handler = Callable[[Any, Any], Any]
Table = dict[type, Handler]

log = logging.getLogger("actors")

TURN_MESSAGES = 64
TURN_SECONDS = 0.00025
LONGEST_STRIDE = 16
ONE = (1,)  # half of all strides; made in no time
SAMPLE_EVERY = 8  # a message that comes alone is timed once in so many

_MARK = "__handles__"


def handles(*types: type) -> Callable[[F], F]:
    """Make a method, `def` or `async def`, the handler of these types of message.

    Its return value is the reply of an ask. A subclass of a handled type is handled as well, by
    the handler of its nearest ancestor.

    >>> import trio, actors
    >>> class Add(actors.Request[int]):
    ...     pass
    >>> class Counter(actors.Actor):
    ...     total = 0
    ...     @actors.handles(Add)
    ...     def add(self, message: Add) -> int:
    ...         self.total += 1
    ...         return self.total
    >>> async def main():
    ...     async with actors.ActorSystem() as system:
    ...         return await system.spawn(Counter).ask(Add())
    >>> trio.run(main)
    1
    """
    if not types or not all(isinstance(kind, type) for kind in types):
        raise TypeError(f"handles() expects message classes, got {types!r}")

    def mark(function: F) -> F:
        setattr(function, _MARK, types)
        return function

    return mark


def build_table(cls: type) -> Table:
    """The handlers of an actor class by message type.

    A subclass that overrides a handler method without decorating it again keeps its types.
    """
    marks: dict[str, tuple[type, ...]] = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            if types := getattr(value, _MARK, None):
                marks.pop(name, None)
                marks[name] = types
    return {kind: getattr(cls, name) for name, types in marks.items() for kind in types}


async def work(cell: Cell, life: Life) -> None:  # noqa: C901 - a call more costs a message
    """Handle messages until an order comes; raises what a handler raised, if that is a crash."""
    ref, actor, table, figures = cell.ref, life.actor, cell.table, cell.figures
    queue, tick, pace = ref._queue, cell.system.tick, 1
    popleft = queue.popleft
    message: object
    while cell.next_order is None:
        if not queue and not ref._senders:
            if cell.cls._may_passivate:
                watch_idleness(cell, life)
            message = result = None  # what sleeps holds no mail
            ref._asleep = True
            await wait_task_rescheduled(cell.abort_sleep)
            continue
        if ref._senders:
            ref._admit()
        done, timed = 0, len(queue) > 1 or figures.handled % SAMPLE_EVERY == 0
        began = tick() if timed else 0.0
        try:
            while queue:
                waiting = len(queue)
                for _ in ONE if waiting == 1 else range(min(pace, waiting)):
                    try:
                        life.current = message = popleft()
                    except IndexError:  # an ask was withdrawn while the one before it was handled
                        break
                    done += 1
                    try:
                        handler = table[message.__class__]
                    except KeyError:
                        result = cell.dispatch(message)
                    else:
                        result = handler(actor, message)
                    if result is not None and result.__class__ is CoroutineType:
                        await see_through(cell, result)
                    if cell.attention:
                        break
                if cell.attention and attend(cell):
                    break
                if timed:
                    seconds = tick() - began
                    pace = next_pace(done, seconds)
                    if seconds >= TURN_SECONDS or done >= TURN_MESSAGES:
                        break
                elif queue:
                    timed, began = True, tick()
            life.current = None
        except Exception as error:
            if not tolerates(cell, life, error):
                raise
        finally:
            figures.handled += done
            if timed:
                figures.timed += done
                figures.busy_seconds += tick() - began
        if queue and cell.next_order is None:
            await checkpoint()


async def see_through(cell: Cell, coroutine: CoroutineType[Any, Any, object]) -> None:
    """Await an `async def` handler; meanwhile room in the mailbox is for those who wait."""
    if cell.ref._senders:
        cell.ref._admit()
    cell.figures.busy_since = cell.system.tick()
    try:
        await coroutine
    finally:
        cell.figures.busy_since = None


def attend(cell: Cell) -> bool:
    """Settle what the message did; True if an order waits."""
    cell.attention = False
    cell.ledger.close()
    return cell.next_order is not None


def next_pace(done: int, seconds: float) -> int:
    """Number of messages to handle before the next look at the clock: a quarter turn of them."""
    if seconds * LONGEST_STRIDE * 4 <= TURN_SECONDS * done:
        return LONGEST_STRIDE
    return max(1, int(TURN_SECONDS * done / seconds / 4))


def tolerates(cell: Cell, life: Life, error: Exception) -> bool:
    """A handler raised: True if the life goes on, without what the message recorded."""
    error = unwrap(error)
    message, life.current = life.current, None
    if isinstance(error, cell.cls.replies_with):
        cell.ledger.drop(error)
        log.warning("%s refused %r, which was told: %s", cell.path, message, brief(error))
        cell.system.dead_letter(cell.ref, message, "refused")
        return True
    if cell.ledger.unit is not None:
        cell.ledger.drop(crash_of(cell.path, f"crashed on {type(message).__name__}", error))
    if cell.parent is not None and cell.parent.rules.resumes(error):
        log.warning("%s resumes after %s", cell.path, brief(error), exc_info=error)
        return True
    return False


# Asks


def handle_call(actor: Actor, call: Call) -> Coroutine[Any, Any, None] | None:
    """The handler of asks: call the request's handler and reply with what it returns."""
    cell, request = actor._cell, call.request
    kind = request.__class__
    handler = cell.table.get(kind) or cell.handler_of(kind)
    if handler is None:
        call.fail(
            UnknownMessage(f"{cell.path} ({cell.kind}) has no handler for {kind.__qualname__}")
        )
        return None
    try:
        result = handler(actor, request)
    except Exception as error:
        if not _refuse(cell, call, error):
            raise
        return None
    if result.__class__ is CoroutineType:
        return _finish(cell, call, result)
    if not call.held:
        ledger = cell.ledger
        if ledger.unit is None and not ledger.uncommitted and ledger.lost is None:
            call.reply(result)
        else:
            ledger.answer(call, call.reply, result)
    return None


async def _finish(cell: Cell, call: Call, coroutine: Coroutine[Any, Any, object]) -> None:
    """Await an `async def` handler and reply with what it returns."""
    try:
        result = await coroutine
    except Exception as error:
        if not _refuse(cell, call, error):
            raise
        return
    except BaseException:  # cancelled in the middle, or the end of everything
        if not call.held:
            call.fail(ActorStopped(f"{cell.path} was stopped while it worked on the answer"))
        raise
    if not call.held:
        cell.ledger.answer(call, call.reply, result)


def _refuse(cell: Cell, call: Call, error: Exception) -> bool:
    """Answer with the handler's error, deferred or not. False if it is a crash as well."""
    error = unwrap(error)
    if cell.life is not None:
        cell.life.release(call)
    if isinstance(error, cell.cls.replies_with):
        cell.ledger.drop(error)
        cell.ledger.answer(call, call.fail, error)
        return True
    crash = crash_of(cell.path, f"crashed on {type(call.request).__name__}", error)
    cell.ledger.drop(crash)
    call.fail(crash)
    return False


# Idleness


class Idleness(Entry):
    """Passivates an actor that has slept long enough. Set once per sleep at most: an actor that
    was busy meanwhile is looked at again later, so a wake-up costs the heap nothing."""

    __slots__ = ("_life", "after", "quiet_since")

    def __init__(self, life: Life) -> None:
        super().__init__()
        self._life = life
        self.after: float | None = None
        self.quiet_since = 0.0

    def expire(self) -> None:
        """The actor may have been idle since it was set."""
        cell = self._life.cell
        if self.after is None or cell.life is not self._life or not cell.ref._asleep:
            return
        left = self.quiet_since + self.after - cell.system.deadlines.now()
        if left <= 0 and self._life.is_quiet():
            cell.passivate()
        else:
            cell.system.deadlines.add(left if left > 0 else self.after, self)


def watch_idleness(cell: Cell, life: Life) -> None:
    """The actor falls asleep, and may be passivated after a while."""
    after = None if life.actor is None else life.actor.passivate_after
    if life.idle is None:
        if after is None:
            return
        life.idle = Idleness(life)
    life.idle.after = after
    life.idle.quiet_since = cell.system.deadlines.now()
    if after is not None and not life.idle.place:
        cell.system.deadlines.add(after, life.idle)
