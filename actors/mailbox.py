"""The mailbox: how much mail an actor takes, what happens to more, and the letter box itself.

A deque read by one task and popped one by one: taking a batch is no faster, and loses the rest of
the batch on a crash. The reader is woken only when it sleeps.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Literal, cast

import attrs
from trio.lowlevel import Abort, current_task, reschedule, wait_task_rescheduled

from actors.ask import Call, begin_wait, end_wait
from actors.current import CURRENT
from actors.errors import MailboxFull

if TYPE_CHECKING:
    from trio.lowlevel import Task

    from actors.cell import Cell
    from actors.ref import ActorRef

Overflow = Literal["refuse", "drop_oldest", "wait"]


def _at_least_one(_: object, attribute: attrs.Attribute[int], value: int) -> None:
    if value < 1:
        raise ValueError(f"Mailbox.{attribute.name} must be at least 1, got {value}")


def _known_policy(_: object, attribute: attrs.Attribute[str], value: str) -> None:
    if value not in ("refuse", "drop_oldest", "wait"):
        raise ValueError(
            f"Mailbox.{attribute.name} must be 'refuse', 'drop_oldest' or 'wait', got {value!r}"
        )


@attrs.frozen
class Mailbox:
    """The size of an actor's mailbox and its policy when full.

    `overflow` says what a full mailbox does with one more message:

    - "refuse": `tell` and `ask` raise `MailboxFull`; `send` waits for room.
    - "drop_oldest": the oldest message becomes a dead letter (its asker gets `MailboxFull`).
    - "wait": `ask` and `send` wait for room; `tell`, which never waits, raises `MailboxFull`.

    What the runtime itself delivers (timers, `Terminated`, results of background work) always fits.

    >>> import actors
    >>> class Log(actors.Actor):
    ...     mailbox = actors.Mailbox(capacity=100, overflow="drop_oldest")
    """

    capacity: int = attrs.field(default=10_000, validator=_at_least_one)
    overflow: Overflow = attrs.field(default="refuse", validator=_known_policy)


class Sender:
    """A message that waits for room; `task` is its sender's, None for an ask (it waits anyway)."""

    __slots__ = ("message", "task")

    def __init__(self, message: object, task: Task | None) -> None:
        self.message = message
        self.task = task


class LetterBox:
    """The mailbox at work: a deque, its limit, whether its reader sleeps, and who waits for room.

    `_limit` is the capacity while mail is taken, and -1 once the box is closed, so that `tell`
    needs one comparison for both. The rest of the class is for the runtime; `ActorRef` adds what
    senders use.
    """

    __slots__ = ("_asleep", "_cell", "_limit", "_queue", "_senders")

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._queue: deque[Any] = deque()
        self._limit = cell.cls.mailbox.capacity
        self._asleep = False
        self._senders: deque[Sender] | None = None

    def _deliver(self, message: object) -> None:
        """Mail from the runtime itself: always fits; lost if the actor takes no more."""
        if self._limit < 0:
            return
        self._queue.append(message)
        if self._asleep:
            self._cell.wake(cast("ActorRef", self))

    def _overflow(self, message: object) -> None:
        """The mailbox is full or closed."""
        if self._limit < 0:
            self._cell.dead_letter(message, "stopped")
        elif self._cell.cls.mailbox.overflow == "drop_oldest":
            self._drop_oldest()
            self._deliver(message)
        else:
            raise self._full()

    def _full(self) -> MailboxFull:
        return MailboxFull(f"the mailbox of {self._cell.path} is full ({self._limit} messages)")

    def _drop_oldest(self) -> None:
        queue = self._queue
        internal = self._cell.system.runtime_handlers
        for index, message in enumerate(queue):
            if isinstance(message, Call) or message.__class__ not in internal:
                del queue[index]
                if isinstance(message, Call):
                    message.fail(self._full())
                self._cell.dead_letter(message, "dropped")
                return

    def _queue_sender(self, message: object, task: Task | None = None) -> Sender:
        """Keep a message until there is room for it."""
        sender = Sender(message, task)
        if self._senders is None:
            self._senders = deque()
        self._senders.append(sender)
        return sender

    async def _wait_for_room(self, message: object) -> None:
        """`send` to a full mailbox: wait until the actor takes the message in."""
        waiter = CURRENT.get()
        if waiter is not None:
            begin_wait(waiter, self._cell)
        sender = self._queue_sender(message, current_task())

        def abort(_: object) -> Abort:
            if self._senders:
                self._senders.remove(sender)
            return Abort.SUCCEEDED

        try:
            await wait_task_rescheduled(abort)
        finally:
            if waiter is not None:
                end_wait(waiter, self._cell)
        if self._limit < 0 and sender.task is not None:
            raise self._cell.stopped_error()

    def _admit(self) -> None:
        """Take in the messages of those who wait, as far as there is room."""
        while self._senders and len(self._queue) < self._limit:
            sender = self._senders.popleft()
            if isinstance(sender.message, Call) and sender.message.outcome is not None:
                continue  # the asker has gone
            self._queue.append(sender.message)
            if sender.task is not None:
                task, sender.task = sender.task, None
                reschedule(task)

    def _close(self) -> None:
        """Take no more mail; those who wait for room are told."""
        self._limit = -1
        for sender in self._senders or ():
            if sender.task is not None:
                reschedule(sender.task)
            elif isinstance(sender.message, Call):
                sender.message.fail(self._cell.stopped_error())
        self._senders = None
