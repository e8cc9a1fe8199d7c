"""An ask in flight, who waits for whom, and the handler that answers asks.

An ask is a `Call` in the target's mailbox. It holds the asking task, which sleeps until somebody
calls `reply` or `fail`; whoever comes first sets the outcome, in that one place, so a reply and a
timeout in the same tick cannot both wake it. All others are late and change nothing.

While an actor waits in an ask, in a `send` or in `start`, it has an edge to the actor it waits for.
An edge that would close a ring is refused with `AskCycle`, where both would have hung for ever.
Background work of an actor has no edges: the actor goes on while it waits.
"""

from __future__ import annotations

from types import CoroutineType
from typing import TYPE_CHECKING, Any

from outcome import Error, Outcome, Value
from trio.lowlevel import Abort, Task, reschedule

from actors.deadlines import Entry
from actors.errors import ActorCrashed, ActorStopped, AskCycle, AskTimeout, UnknownMessage, unwrap
from actors.messages import DeadLetter
from actors.transaction import answer

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from actors.actor import Actor
    from actors.cell import Cell


GONE: Outcome[Any] = Value(None)  # the asker was cancelled; never unwrapped


class Call(Entry):
    """One ask: the request, the task that waits, and the target that owes the reply."""

    __slots__ = ("held", "outcome", "request", "target", "task", "timeout")

    def __init__(self, request: object, target: Cell, timeout: float) -> None:
        self.request = request
        self.task: Task | None = None  # asleep while not None
        self.outcome: Outcome[Any] | None = None
        self.target = target
        self.timeout = timeout
        self.held = False  # deferred or stashed: returning from the handler is no reply
        self.pending = False

    def reply(self, value: object) -> None:
        """Wake the asker with this value."""
        if self.outcome is None:
            self._settle(Value(value))
        else:
            self.target.system.publish_if_wanted(DeadLetter, self.target.ref, value, "late")

    def fail(self, error: Exception) -> None:
        """Wake the asker with this error."""
        if self.outcome is None:
            self._settle(Error(error))

    def _settle(self, outcome: Outcome[Any]) -> None:
        self.outcome = outcome
        if self.pending:
            self.target.system.deadlines.discard(self)
        if self.task is not None:
            task, self.task = self.task, None
            reschedule(task, outcome)

    def expire(self) -> None:
        """The timeout of the ask has come."""
        kind = type(self.request).__name__
        self.fail(
            AskTimeout(f"{self.target.path} gave no reply to {kind} within {self.timeout:g} s")
        )

    def abort(self, _: object) -> Abort:
        """The asker was cancelled. The message may still be handled; nobody hears the reply."""
        self.task = None
        self.outcome = GONE
        self.target.system.deadlines.discard(self)
        return Abort.SUCCEEDED


class Begun:
    """An `async def` handler called in another task, to be awaited by the actor's own."""

    __slots__ = ("coroutine", "message")

    def __init__(self, message: object, coroutine: Coroutine[Any, Any, object]) -> None:
        self.message = message
        self.coroutine = coroutine


class ReplyLater:
    """Answers an ask after its handler has returned; from `Actor.defer_reply`.

    Call it with the value, or `fail` it with an error. Like every effect, the reply leaves after
    the commit of the message that gives it.

    >>> import trio, actors
    >>> class Wait(actors.Request[str]):
    ...     pass
    >>> class Gate(actors.Actor):
    ...     @actors.handles(Wait)
    ...     def wait(self, message: Wait) -> None:
    ...         self.later = self.defer_reply()
    ...         self.after(0.01, "opened")
    ...     @actors.handles(str)
    ...     def open(self, message: str) -> None:
    ...         self.later(message)
    >>> async def main():
    ...     async with actors.ActorSystem() as system:
    ...         return await system.spawn(Gate).ask(Wait())
    >>> trio.run(main)
    'opened'
    """

    __slots__ = ("_call", "_cell")

    def __init__(self, cell: Cell, call: Call) -> None:
        self._cell = cell
        self._call = call

    def __call__(self, value: object) -> None:
        if self._cell.release_deferred(self._call):
            answer(self._cell, self._call, self._call.reply, value)

    def fail(self, error: Exception) -> None:
        """Raise this error in the asker.

        >>> ReplyLater.fail.__name__
        'fail'
        """
        if self._cell.release_deferred(self._call):
            answer(self._cell, self._call, self._call.fail, error)


def begin_wait(waiter: Cell, target: Cell) -> None:
    """Note that an actor waits for another; raises `AskCycle` if that closes a ring."""
    if ring := _path_between(target, waiter, set()):
        names = " -> ".join(cell.path for cell in (waiter, *ring))
        raise AskCycle(f"{names}: let one of them `tell`, or ask from `start_soon`")
    if waiter.waits is None:
        waiter.waits = []
    waiter.waits.append(target)


def end_wait(waiter: Cell, target: Cell) -> None:
    """The wait is over."""
    if waiter.waits is not None:
        waiter.waits.remove(target)


def _path_between(start: Cell, goal: Cell, seen: set[Cell]) -> list[Cell] | None:
    if start is goal:
        return [start]
    seen.add(start)
    for following in start.waits or ():
        if following not in seen and (rest := _path_between(following, goal, seen)):
            return [start, *rest]
    return None


def handle_call(actor: Actor, call: Call) -> Coroutine[Any, Any, None] | None:
    """The handler of asks: call the request's handler and reply with what it returns."""
    coroutine = begin_answer(actor, call)
    return None if coroutine is None else finish_answer(actor._cell, call, coroutine)


def begin_answer(actor: Actor, call: Call) -> CoroutineType[Any, Any, object] | None:
    """Reply with what a `def` handler returns; the coroutine of an `async def` comes back."""
    cell = actor._cell
    if call.outcome is not None and call.held:
        return None  # unstashed, but the asker has gone meanwhile
    call.held = False
    request = call.request
    handler = cell.handler_of(request.__class__)
    if handler is None:
        kind, path = type(request).__qualname__, cell.path
        call.fail(UnknownMessage(f"{path} ({cell.kind}) has no handler for {kind}"))
        return None
    try:
        result = handler(actor, request)
    except Exception as error:
        if not _refuse(cell, call, error):
            raise
        return None
    if result.__class__ is CoroutineType:
        return result
    if not call.held:
        answer(cell, call, call.reply, result)
    return None


async def finish_answer(cell: Cell, call: Call, coroutine: Coroutine[Any, Any, object]) -> None:
    """Await an `async def` handler and reply with what it returns."""
    replied = False
    try:
        result = await coroutine
        replied = True
    except Exception as error:
        replied = True
        if not _refuse(cell, call, error):
            raise
        return
    finally:
        if not replied and not call.held:  # cancelled in the middle
            call.fail(ActorStopped(f"{cell.path} was stopped while it worked on the answer"))
    if not call.held:
        answer(cell, call, call.reply, result)


def _refuse(cell: Cell, call: Call, error: Exception) -> bool:
    """Answer with the handler's error. False if it is a crash as well."""
    error = unwrap(error)
    if isinstance(error, cell.cls.replies_with):
        cell.unit = None
        answer(cell, call, call.fail, error)
        return True
    if not call.held:
        kind = type(call.request).__name__
        crash = ActorCrashed(f"{cell.path} crashed on {kind}: {error!r}")
        crash.__cause__ = error
        call.fail(crash)
    return False
