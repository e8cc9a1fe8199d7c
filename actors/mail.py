"""Mail: the ref that takes it, the mailbox that keeps it, and the ask that waits for an answer.

A ref outlives the lives of its actor: it is the same after a restart and while the actor is
passivated. It *is* the mailbox: a deque read by one task and popped one by one (taking a batch is
no faster, and loses the rest of the batch on a crash). The reader is woken only when it sleeps.

An ask is a `Call` in the target's mailbox. It holds the asking task, which sleeps until somebody
calls `reply` or `fail`; whoever comes first sets the outcome, in that one place, so a reply and a
timeout in the same tick cannot both wake it. All others are late and change nothing.

While an actor waits in an ask, in a `send` or in `start`, it has an edge to the actor it waits for.
An edge that would close a ring is refused with `AskCycle`, where both would have hung for ever.
Background work of an actor has no edges: the actor goes on while it waits.
"""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from contextvars import ContextVar
from threading import get_ident
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import trio
from outcome import Error, Outcome
from trio.lowlevel import (
    Abort,
    Task,
    cancel_shielded_checkpoint,
    checkpoint_if_cancelled,
    current_task,
    enable_ki_protection,
    reschedule,
    wait_task_rescheduled,
)

from actors.errors import AskCycle, AskTimeout, MailboxFull
from actors.messages import Exit, Request
from actors.time import Entry, seconds_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterator

    from actors.cell import Cell

R = TypeVar("R")

CURRENT: ContextVar[Cell | None] = ContextVar("actors.CURRENT", default=None)


class Reply(Outcome[Any]):
    """An `outcome.Value` that is made in a quarter of the time and may be used again."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def unwrap(self) -> Any:
        """The value."""
        return self._value

    def send(self, gen: Generator[Any, Any, Any]) -> Any:
        """Send the value into a generator."""
        return gen.send(self._value)

    async def asend(self, agen: AsyncGenerator[Any, Any]) -> Any:
        """Send the value into an async generator."""
        return await agen.asend(self._value)


AWAKE = Reply(None)  # wakes an actor's task
GONE = Reply(None)  # the asker was cancelled; never unwrapped


def current_cell() -> Cell | None:
    """The actor whose own task, or a nursery opened in a handler, is running; None outside.

    A context variable alone would not do: a task that a handler starts in a nursery elsewhere
    inherits it.
    """
    cell = CURRENT.get()
    if cell is None:
        return None
    task = current_task()
    while task is not cell.task:
        nursery = task.parent_nursery
        if nursery is None:
            return None
        task = nursery.parent_task
    return cell


def _at_least_one(_: object, attribute: attrs.Attribute[int], value: int) -> None:
    if value < 1:
        raise ValueError(f"Mailbox.{attribute.name} must be at least 1, got {value}")


@attrs.frozen
class Mailbox:
    """The size of an actor's mailbox. When it is full, `tell` and `ask` raise `MailboxFull`.

    `send` waits for room. What the runtime itself delivers (timers, `Terminated`, results of
    background work) always fits.

    >>> import actors
    >>> class Log(actors.Actor):
    ...     mailbox = actors.Mailbox(capacity=100)
    """

    capacity: int = attrs.field(default=10_000, validator=_at_least_one)


class Call(Entry):
    """One ask: the request, the task that waits, and the target that owes the reply."""

    __slots__ = ("held", "outcome", "request", "target", "task", "timeout")

    def __init__(self, request: object, target: Cell, timeout: float) -> None:
        self.place = 0  # as `Entry` has it; calling its `__init__` costs a tenth of an ask
        self.request = request
        self.task: Task | None = None  # asleep while not None
        self.outcome: Outcome[Any] | None = None
        self.target = target
        self.timeout = timeout
        self.held = False  # deferred: returning from the handler is no reply

    def reply(self, value: object) -> None:
        """Wake the asker with this value, unless its time is over."""
        system = self.target.system
        if self.outcome is None and system.deadlines.now() > self.when:
            self.expire()  # the reaper had no turn since
        if self.outcome is None:
            self._settle(Reply(value))
        else:
            system.dead_letter(self.target.ref, value, "late")

    def fail(self, error: Exception) -> None:
        """Wake the asker with this error."""
        if self.outcome is None:
            self._settle(Error(error))

    def _settle(self, outcome: Outcome[Any]) -> None:
        self.outcome = outcome
        if self.place:
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
        """The asker was cancelled. The message may still be handled; nobody hears the reply.

        If the asker was cancelled before it asked, Trio calls this at once, with the message the
        last in the mailbox: then it was not sent. (To look before costs a twentieth of an ask.)
        """
        queue = self.target.ref._queue
        if queue and queue[-1] is self:
            queue.pop()
        self.task = None
        self.outcome = GONE
        self.target.system.deadlines.discard(self)
        return Abort.SUCCEEDED


@contextmanager
def waiting_for(target: Cell) -> Iterator[None]:
    """The actor at work, if there is one, waits for another; `AskCycle` if that closes a ring."""
    waiter = current_cell()
    if waiter is None:
        yield
        return
    begin_wait(waiter, target)
    try:
        yield
    finally:
        end_wait(waiter, target)


def begin_wait(waiter: Cell, target: Cell) -> None:
    """Note that an actor waits for another; raises `AskCycle` if that closes a ring."""
    if target is waiter or target.waits:
        _refuse_ring(waiter, target)
    waiter.waits = waiter.waits or []
    waiter.waits.append(target)


def end_wait(waiter: Cell, target: Cell) -> None:
    """The wait is over."""
    if waiter.waits is not None:
        waiter.waits.remove(target)


def _refuse_ring(waiter: Cell, target: Cell) -> None:
    """Search from the target, breadth first, for a way back to the waiter."""
    came_from: dict[Cell, Cell | None] = {target: None}
    for cell in (found := [target]):
        if cell is waiter:
            ring, step = [waiter.path], came_from[cell]
            while step is not None:
                ring.append(step.path)
                step = came_from[step]
            names = " -> ".join((waiter.path, *reversed(ring)))
            raise AskCycle(f"{names}: let one of them `tell`, or ask from `start_soon`")
        for following in cell.waits or ():
            if following not in came_from:
                came_from[following] = cell
                found.append(following)


class Sender:
    """A message that waits for room, and the task of its sender; None once there was room."""

    __slots__ = ("message", "task")

    def __init__(self, message: object, task: Task) -> None:
        self.message = message
        self.task: Task | None = task


class ActorRef:
    """A handle to an actor. Hashable, equal to itself only, stable over restarts.

    >>> import trio, actors
    >>> async def main():
    ...     async with actors.ActorSystem() as system:
    ...         ref = system.spawn(actors.Actor, name="jobs")
    ...         return ref, ref.name, ref.path, ref.alive
    >>> trio.run(main)
    (<ActorRef /jobs>, 'jobs', '/jobs', True)
    """

    # `_limit` is the capacity while mail is taken, and -1 once the box is closed, so that `tell`
    # needs one comparison for both
    __slots__ = ("__weakref__", "_asleep", "_cell", "_limit", "_queue", "_senders", "_thread")

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._queue: deque[Any] = deque()
        self._limit = cell.cls.mailbox.capacity
        self._asleep = False  # the actor's task waits for mail, or there is none
        self._senders: deque[Sender] | None = None
        self._thread = cell.system.thread

    # Sending

    @enable_ki_protection
    def tell(self, message: object) -> None:
        """Put a message into the mailbox; never waits.

        A message to an ended actor becomes a `DeadLetter` event.

        Raises:
            MailboxFull: no room; `send` would wait for it.
            RuntimeError: called from another thread; see `tell_from_thread`.

        >>> import trio, actors
        >>> class Printer(actors.Actor):
        ...     @actors.handles(str)
        ...     def show(self, message: str) -> None:
        ...         print(message)
        >>> async def main():
        ...     async with actors.ActorSystem() as system:
        ...         system.spawn(Printer).tell("hello")
        >>> trio.run(main)
        hello
        """
        if get_ident() != self._thread:
            raise self._foreign("tell")
        queue = self._queue
        if len(queue) < self._limit:
            queue.append(message)
            if self._asleep:
                self._cell.wake(self)
        elif self._limit < 0:
            self._cell.dead_letter(message, "stopped")
        else:
            raise self._full()

    def tell_from_thread(self, message: object) -> None:
        """`tell` from another thread than Trio's; returns when the message is in the mailbox.

        Raises:
            MailboxFull: as `tell` does.
            trio.RunFinishedError: the whole Trio run is over.

        >>> import trio, actors
        >>> class Printer(actors.Actor):
        ...     @actors.handles(str)
        ...     def show(self, message: str) -> None:
        ...         print(message)
        >>> async def main():
        ...     async with actors.ActorSystem() as system:
        ...         await trio.to_thread.run_sync(system.spawn(Printer).tell_from_thread, "hello")
        >>> trio.run(main)
        hello
        """
        trio.from_thread.run_sync(self.tell, message, trio_token=self._cell.system.token)

    @enable_ki_protection
    async def send(self, message: object) -> None:
        """Put a message into the mailbox, waiting for room: back-pressure.

        Cancelling it means the message was not sent.

        Raises:
            ActorStopped: the actor has ended, or ends while this waits.
            AskCycle: two actors would wait for each other's room.

        >>> import trio, actors
        >>> class Slow(actors.Actor):
        ...     mailbox = actors.Mailbox(capacity=1)
        ...     @actors.handles(int)
        ...     async def work(self, message: int) -> None:
        ...         await trio.sleep(0)
        >>> async def main():
        ...     async with actors.ActorSystem() as system:
        ...         slow = system.spawn(Slow)
        ...         for number in range(3):
        ...             await slow.send(number)
        >>> trio.run(main)
        """
        self._check_thread("send")
        await checkpoint_if_cancelled()
        if self._limit < 0:
            raise self._cell.stopped_error()
        if len(self._queue) < self._limit:
            self.tell(message)
            await cancel_shielded_checkpoint()
            return
        sender = Sender(message, current_task())

        def abort(_: object) -> Abort:
            if self._senders:
                self._senders.remove(sender)
            return Abort.SUCCEEDED

        with waiting_for(self._cell):
            self._senders = self._senders or deque()
            self._senders.append(sender)
            await wait_task_rescheduled(abort)
        if sender.task is not None:
            raise self._cell.stopped_error()

    @enable_ki_protection
    async def ask(self, request: Request[R], timeout: float = 5.0) -> R:
        """Send a request and wait for its reply.

        Args:
            request: what is asked; its class says what the reply is.
            timeout: seconds of Trio's clock; `math.inf` for none.

        Raises:
            AskTimeout: no reply in time.
            ActorStopped: the actor has ended or ends before it replies.
            ActorCrashed: the handler raised an error; `__cause__` is the error at its root.
            AskCycle: the actor asked waits, directly or not, for the actor that asks.
            ReplyDropped: the actor put the reply off and then forgot it.
            UnknownMessage: the actor has no handler for the request.
            CommitFailed: the changes the reply depends on could not be stored.
            MailboxFull: no room.

        The actor's `replies_with` may name more.

        >>> import trio, actors
        >>> class Hello(actors.Request[str]):
        ...     pass
        >>> class Greeter(actors.Actor):
        ...     @actors.handles(Hello)
        ...     def greet(self, message: Hello) -> str:
        ...         return "hello"
        >>> async def main():
        ...     async with actors.ActorSystem() as system:
        ...         return await system.spawn(Greeter).ask(Hello(), timeout=1.0)
        >>> trio.run(main)
        'hello'
        """
        if get_ident() != self._thread:
            raise self._foreign("ask")
        if timeout.__class__ is not float or timeout != timeout:
            seconds_of(timeout, "ask(timeout=)")
        cell, asker = self._cell, current_cell()
        call = Call(request, cell, timeout)
        if asker is not None:
            begin_wait(asker, cell)
        try:
            if len(self._queue) >= self._limit:
                raise cell.stopped_error() if self._limit < 0 else self._full()
            self._queue.append(call)
            if self._asleep:
                cell.wake(self)
            if call.outcome is not None:  # there was nobody to wake any more
                gone: R = call.outcome.unwrap()
                return gone
            call.task = current_task()
            cell.system.deadlines.add(timeout, call)
            reply: R = await wait_task_rescheduled(call.abort)
            return reply
        finally:
            if asker is not None:
                end_wait(asker, cell)

    # The end

    async def stopped(self) -> Exit:
        """Wait until the actor has ended for good, and say why.

        >>> import trio, actors
        >>> async def main():
        ...     async with actors.ActorSystem() as system:
        ...         ref = system.spawn(actors.Actor)
        ...         ref.stop()
        ...         return await ref.stopped()
        >>> trio.run(main)
        Exit(reason='stopped', error=None)
        """
        self._check_thread("stopped")
        return await self._cell.wait_ended()

    @enable_ki_protection
    def stop(self) -> None:
        """Ask the actor to end, after the message in hand; its other mail becomes dead letters.

        After the child's `shutdown` seconds it is cancelled.

        >>> import trio, actors
        >>> async def main():
        ...     async with actors.ActorSystem() as system:
        ...         ref = system.spawn(actors.Actor)
        ...         ref.stop()
        ...         await ref.stopped()
        ...         return ref.alive
        >>> trio.run(main)
        False
        """
        self._check_thread("stop")
        if self._cell.state == "passive":
            self._cell.end_passive(self, Exit("stopped"))
        else:
            self._cell.request_stop("stopped")

    @enable_ki_protection
    def retry(self) -> bool:
        """Begin the next life of a parked actor now; False if it is not parked.

        >>> import trio, actors
        >>> async def main():
        ...     async with actors.ActorSystem() as system:
        ...         return system.spawn(actors.Actor).retry()
        >>> trio.run(main)
        False
        """
        self._check_thread("retry")
        return self._cell.retry()

    @property
    def alive(self) -> bool:
        """False once the actor has ended for good.

        >>> import trio, actors
        >>> async def main():
        ...     async with actors.ActorSystem() as system:
        ...         ref = system.spawn(actors.Actor)
        ...     return ref.alive
        >>> trio.run(main)
        False
        """
        return self._cell.exit is None

    @property
    def name(self) -> str:
        """The name among its parent's children.

        >>> import trio, actors
        >>> async def main():
        ...     async with actors.ActorSystem() as system:
        ...         return system.spawn(actors.Actor, name="jobs").name
        >>> trio.run(main)
        'jobs'
        """
        return self._cell.name

    @property
    def path(self) -> str:
        """The names from the top of the system down to this actor: "/jobs/1234".

        >>> import trio, actors
        >>> async def main():
        ...     async with actors.ActorSystem() as system:
        ...         return system.spawn(actors.Actor, name="jobs").path
        >>> trio.run(main)
        '/jobs'
        """
        return self._cell.path

    def __repr__(self) -> str:
        return f"<ActorRef {self.path}>"

    # For the runtime

    def _deliver(self, message: object) -> None:
        """Mail from the runtime itself: always fits; lost if the actor takes no more."""
        if self._limit >= 0:
            self._queue.append(message)
            if self._asleep:
                self._cell.wake(self)

    def _admit(self) -> None:
        """Take in the messages of those who wait, as far as there is room."""
        while self._senders and len(self._queue) < self._limit:
            sender = self._senders.popleft()
            self._queue.append(sender.message)
            task, sender.task = sender.task, None
            if task is not None:
                reschedule(task)

    def _close(self) -> None:
        """Take no more mail; those who wait for room are told."""
        self._limit = -1
        for sender in self._senders or ():
            if sender.task is not None:
                reschedule(sender.task)
        self._senders = None

    def _full(self) -> MailboxFull:
        return MailboxFull(f"the mailbox of {self._cell.path} is full ({self._limit} messages)")

    def _check_thread(self, what: str) -> None:
        if get_ident() != self._thread:
            raise self._foreign(what)

    def _foreign(self, what: str) -> RuntimeError:
        return RuntimeError(
            f"{what}() of {self._cell.path} was called outside of the thread in which its system "
            "runs: use tell_from_thread()"
        )
