"""Messages and facts the runtime itself speaks in: requests, ends of actors, life-cycle events.

Everything here is frozen: messages are shared between actors, so nobody may change them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Literal, TypeVar

import attrs

if TYPE_CHECKING:
    from actors.family import Background
    from actors.mail import ActorRef

R = TypeVar("R")

Reason = Literal[
    "stopped", "shutdown", "crashed", "refused", "restarted", "passivated", "cancelled"
]
"""Reason for the end of a life: asked to stop, the system shut down, an error, a refusal by its
start, a failed commit, idleness, or a cancelled scope."""

LetterReason = Literal["stopped", "parked", "full", "cancelled", "late", "refused"]


class Request(Generic[R]):
    """The base of messages that are asked: `Request[R]` is answered with an `R`.

    >>> import attrs
    >>> @attrs.frozen
    ... class Square(Request[int]):
    ...     number: int
    >>> Square(3)
    Square(number=3)
    """

    __slots__ = ()


@attrs.frozen
class Exit:
    """Why an actor (or one life of it) ended.

    `error` is set when `reason` is "crashed", or "refused": its start raised one of `replies_with`.

    >>> Exit("stopped")
    Exit(reason='stopped', error=None)
    """

    reason: Reason
    error: Exception | None = None

    def __str__(self) -> str:
        return self.reason if self.error is None else f"{self.reason}: {self.error!r}"


@attrs.frozen
class Terminated:
    """A watched actor has ended for good. Sent to each watcher, see `Actor.watch`.

    >>> import trio, actors
    >>> class Parent(actors.Actor):
    ...     async def started(self):
    ...         self.watch(self.spawn(actors.Actor, name="child")).stop()
    ...     @actors.handles(actors.Terminated)
    ...     def ended(self, message):
    ...         print(message.ref.path, message.exit.reason)
    ...         self.stop()
    >>> async def main():
    ...     async with actors.ActorSystem() as system:
    ...         await system.spawn(Parent, name="parent").stopped()
    >>> trio.run(main)
    /parent/child stopped
    """

    ref: ActorRef
    exit: Exit


@attrs.frozen
class BackgroundDone:
    """Background work returned `value`; the default of `start_soon(done=...)`.

    >>> BackgroundDone(None, 42).value
    42
    """

    background: Background
    value: object


@attrs.frozen
class BackgroundFailed:
    """Background work raised `error`; the default of `start_soon(failed=...)`.

    An actor without a handler for it crashes with that error: a failure is never silent.

    >>> BackgroundFailed(None, OSError("gone")).error
    OSError('gone')
    """

    background: Background
    error: Exception


@attrs.frozen
class Started:
    """Event: a life of this actor has begun (`started` has run).

    >>> Started(None)
    Started(ref=None)
    """

    ref: ActorRef


@attrs.frozen
class Restarted:
    """Event: the actor begins a new life because of `error`; `restarts` counts them.

    >>> Restarted(None, ValueError("boom"), 1).restarts
    1
    """

    ref: ActorRef
    error: Exception
    restarts: int


@attrs.frozen
class Parked:
    """Event: the actor has crashed once too often because of `error`, and pauses for `seconds`.

    >>> Parked(None, ValueError("boom"), 10.0).seconds
    10.0
    """

    ref: ActorRef
    error: Exception
    seconds: float


@attrs.frozen
class Stopped:
    """Event: the actor has ended for good.

    >>> Stopped(None, Exit("stopped")).exit.reason
    'stopped'
    """

    ref: ActorRef
    exit: Exit


@attrs.frozen
class DeadLetter:
    """Event: a message that nobody will handle, and why.

    `reason` is "stopped" (the actor has ended), "parked" (it pauses), "full" (told as an effect),
    "cancelled" (in hand when the life was cancelled), "late" (a reply nobody waits for) or
    "refused" (told, and answered by an exception in `replies_with`).

    >>> DeadLetter(None, "hello", "stopped").message
    'hello'
    """

    ref: ActorRef
    message: object
    reason: LetterReason


@attrs.frozen
class Unhandled:
    """Event: a message for which the actor has no handler.

    >>> Unhandled(None, "hello").message
    'hello'
    """

    ref: ActorRef
    message: object
