"""The outside of an actor: its letter box, its name, its end.

A ref outlives the lives of its actor: it is the same after a restart and while the actor is
passivated. What lies behind it is in `mailbox.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from trio.lowlevel import (
    cancel_shielded_checkpoint,
    checkpoint_if_cancelled,
    current_task,
    wait_task_rescheduled,
)

from actors.ask import Call, begin_wait, end_wait
from actors.at_once import answer_at_once
from actors.current import CURRENT
from actors.mailbox import LetterBox
from actors.messages import Exit, Request

if TYPE_CHECKING:
    pass

R = TypeVar("R")


class ActorRef(LetterBox):
    """A handle to an actor. Hashable, equal to itself only, stable over restarts.

    >>> import trio, actors
    >>> async def main():
    ...     async with actors.ActorSystem() as system:
    ...         ref = system.spawn(actors.Actor, name="jobs")
    ...         return ref, ref.name, ref.path, ref.alive
    >>> trio.run(main)
    (<ActorRef /jobs>, 'jobs', '/jobs', True)
    """

    __slots__ = ("__weakref__",)

    def tell(self, message: object) -> None:
        """Put a message into the mailbox; never waits.

        A message to an ended actor becomes a `DeadLetter` event.

        Raises:
            MailboxFull: by the policy of the actor's `Mailbox`.

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
        queue = self._queue
        if len(queue) >= self._limit:
            self._overflow(message)
            return
        queue.append(message)
        if self._asleep:
            self._cell.wake(self)

    async def send(self, message: object) -> None:
        """Put a message into the mailbox, waiting for room: back-pressure.

        Cancelling it means the message was not sent.

        Raises:
            ActorStopped: the actor has ended, or ends while this waits.
            AskCycle: two actors would wait for each other's room.

        >>> import trio, actors
        >>> class Slow(actors.Actor):
        ...     mailbox = actors.Mailbox(capacity=1, overflow="wait")
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
        await checkpoint_if_cancelled()
        if self._limit < 0:
            raise self._cell.stopped_error()
        if len(self._queue) < self._limit:
            self.tell(message)
            await cancel_shielded_checkpoint()
        else:
            await self._wait_for_room(message)

    async def ask(self, request: Request[R], timeout: float = 5.0) -> R:
        """Send a request and wait for its reply.

        Args:
            request: what is asked; its class says what the reply is.
            timeout: seconds of Trio's clock; `math.inf` for none.

        Raises:
            AskTimeout: no reply in time.
            ActorStopped: the actor has ended or ends before it replies.
            ActorCrashed: the handler raised an error; it is the `__cause__`.
            AskCycle: the actor asked waits, directly or not, for the actor that asks.
            UnknownMessage: the actor has no handler for the request.
            CommitFailed: the changes the reply depends on could not be stored.
            MailboxFull: by the policy of the actor's `Mailbox`.

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
        await checkpoint_if_cancelled()
        cell = self._cell
        call = Call(request, cell, timeout)
        asker = CURRENT.get()
        if asker is not None:
            begin_wait(asker, cell)
        try:
            if not answer_at_once(cell, call):
                self._post(call)
            elif call.outcome is not None:
                await cancel_shielded_checkpoint()
                return cast("R", call.outcome.unwrap())
            call.task = current_task()
            cell.system.deadlines.add(timeout, call)
            return cast("R", await wait_task_rescheduled(call.abort))
        finally:
            if asker is not None:
                end_wait(asker, cell)

    def _post(self, call: Call) -> None:
        if len(self._queue) < self._limit:
            self._queue.append(call)
            if self._asleep:
                self._cell.wake(self)
        elif self._limit < 0:
            raise self._cell.stopped_error()
        elif self._cell.cls.mailbox.overflow == "wait":
            self._queue_sender(call)
        else:
            self._overflow(call)

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
        return await self._cell.wait_ended()

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
        cell = self._cell
        if cell.state == "passive":
            cell.regain(self)
            cell.finish(Exit("stopped"))
        else:
            cell.request_stop("stopped")

    @property
    def alive(self) -> bool:
        """False once the actor has ended for good.

        >>> ActorRef.alive.fget.__name__
        'alive'
        """
        return self._cell.exit is None

    @property
    def name(self) -> str:
        """The name among its parent's children.

        >>> ActorRef.name.fget.__name__
        'name'
        """
        return self._cell.name

    @property
    def path(self) -> str:
        """The names from the top of the system down to this actor: "/jobs/1234".

        >>> ActorRef.path.fget.__name__
        'path'
        """
        return self._cell.path

    def __repr__(self) -> str:
        return f"<ActorRef {self.path}>"
