"""Looking into a running system: the tree of actors, what got lost, and the trace of messages.

Every message that nobody handles and every crash is counted, and told to the log: a crash always,
lost messages at most once a second for each reason, so that a flood of them is no flood of lines.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from math import inf
from time import perf_counter
from types import CoroutineType
from typing import TYPE_CHECKING, Literal, get_args

import attrs

from actors.messages import LetterReason

if TYPE_CHECKING:
    from actors.actor import Actor
    from actors.cell import Cell, State
    from actors.loop import Handler
    from actors.mail import ActorRef
    from actors.system import ActorSystem

log = logging.getLogger("actors")

QUIET_SECONDS = 1.0  # between two lines about messages that were lost for the same reason
LEVELS: Mapping[LetterReason | Literal["unhandled"], int] = {
    "stopped": logging.INFO,  # usual while parts of a system end
    "parked": logging.INFO,  # the pause itself is an error in the log
    "late": logging.INFO,  # the asker was told
    "full": logging.WARNING,
    "cancelled": logging.WARNING,
    "refused": logging.WARNING,
    "unhandled": logging.ERROR,
}


@attrs.frozen
class ActorInfo:
    """One actor at this moment, with its children; from `ActorSystem.tree`.

    >>> import trio, actors
    >>> async def main():
    ...     async with actors.ActorSystem("farm") as system:
    ...         await system.start(actors.Actor, name="jobs")
    ...         return [(child.path, child.state) for child in system.tree().children]
    >>> trio.run(main)
    [('/jobs', 'running')]
    """

    name: str
    path: str
    kind: str
    """The name of its class."""
    state: State
    mailbox: int
    """Messages that wait."""
    handled: int
    """Messages handled, over all lives."""
    restarts: int
    busy_for: float | None
    """Seconds the `async def` handler under way has taken so far; None between messages."""
    handler_ms: float
    """Mean milliseconds a message took, over all lives; sampled where messages come singly."""
    children: tuple[ActorInfo, ...]


@attrs.frozen
class Statistics:
    """Counts of what went wrong since the system was made; from `ActorSystem.statistics`.

    >>> import trio, actors
    >>> async def main():
    ...     async with actors.ActorSystem() as system:
    ...         ref = system.spawn(actors.Actor)
    ...         ref.stop()
    ...         await ref.stopped()
    ...         ref.tell("too late")
    ...         return system.statistics().dead_letters["stopped"]
    >>> trio.run(main)
    1
    """

    dead_letters: Mapping[LetterReason, int]
    """Messages that nobody handled, by the reason of their `DeadLetter`."""
    unhandled: int
    """Messages for which an actor has no handler."""
    crashes: int
    """Errors that ended a life of an actor, or came while it ended."""
    restarts: int
    """Lives that followed a crash or a failed commit."""
    failed_commits: int
    """Times that an actor went back to its last committed state since a commit failed."""


class Counts:
    """The counters of one system, and the log of messages that were lost."""

    __slots__ = ("_last", "_system", "crashes", "failed_commits", "numbers", "restarts", "silent")

    def __init__(self, system: ActorSystem) -> None:
        self._system = system
        self.numbers = dict.fromkeys(LEVELS, 0)
        self.silent = dict.fromkeys(LEVELS, 0)  # since the last line in the log
        self._last = dict.fromkeys(LEVELS, -inf)
        self.crashes = self.restarts = self.failed_commits = 0

    def lost(self, path: str, message: object, reason: LetterReason | Literal["unhandled"]) -> None:
        """Count a message that nobody handles; a line in the log if there was none just now."""
        self.numbers[reason] += 1
        now = self._system.deadlines.now()
        if now - self._last[reason] < QUIET_SECONDS:
            self.silent[reason] += 1
            return
        more, self.silent[reason], self._last[reason] = self.silent[reason], 0, now
        log.log(
            LEVELS[reason],
            "%s: %s was not handled: %s%s",
            path,
            type(message).__qualname__,
            reason,
            f", and {more} other messages since the last such line" if more else "",
        )

    def statistics(self) -> Statistics:
        """The counts at this moment."""
        return Statistics(
            dead_letters={reason: self.numbers[reason] for reason in get_args(LetterReason)},
            unhandled=self.numbers["unhandled"],
            crashes=self.crashes,
            restarts=self.restarts,
            failed_commits=self.failed_commits,
        )


class Figures:
    """The figures of one actor, over all its lives."""

    __slots__ = ("busy_seconds", "busy_since", "handled", "restarts", "timed")

    def __init__(self) -> None:
        self.handled = 0
        self.restarts = 0
        self.timed = 0  # messages, in `busy_seconds` altogether
        self.busy_seconds = 0.0
        self.busy_since: float | None = None  # on the clock that times handlers


def describe(root: ActorRef) -> ActorInfo:
    """The picture of an actor and everything below it, however deep."""
    order = [root]
    for ref in order:
        family = ref._cell.family
        order.extend(() if family is None else family.refs().values())
    children: dict[Cell | None, list[ActorInfo]] = {}
    for ref in reversed(order):  # children come after their parents
        below = tuple(reversed(children.pop(ref._cell, [])))
        info = _picture(ref, below)
        children.setdefault(ref._cell.parent, []).append(info)
    return info


def _picture(ref: ActorRef, children: tuple[ActorInfo, ...]) -> ActorInfo:
    cell, figures = ref._cell, ref._cell.figures
    since = figures.busy_since
    return ActorInfo(
        name=cell.name,
        path=cell.path or "/",
        kind=cell.kind,
        state=cell.state,
        mailbox=len(ref._queue),
        handled=figures.handled,
        restarts=figures.restarts,
        busy_for=None if since is None else cell.system.tick() - since,
        handler_ms=1000 * figures.busy_seconds / figures.timed if figures.timed else 0.0,
        children=children,
    )


@attrs.frozen
class Trace:
    """Argument of the `trace` hook of an `ActorSystem`: a message that arrived, or was handled.

    `seconds` and `error` are set when `phase` is "out".

    >>> import trio, actors
    >>> class Echo(actors.Actor):
    ...     @actors.handles(str)
    ...     def echo(self, message): ...
    >>> async def main():
    ...     async with actors.ActorSystem(trace=lambda t: print(t.phase, t.message)) as system:
    ...         system.spawn(Echo).tell("hello")
    >>> trio.run(main)
    in hello
    out hello
    """

    ref: ActorRef
    message: object
    phase: Literal["in", "out"]
    seconds: float | None = None
    error: Exception | None = None


def traced(handler: Handler, hook: Callable[[Trace], object]) -> Handler:
    """The same handler, reporting to the hook. Untraced systems never come here."""

    def handle(actor: Actor, message: object) -> object:
        ref, began = actor._cell.ref, perf_counter()

        def out(error: Exception | None = None) -> None:
            hook(Trace(ref, message, "out", perf_counter() - began, error))

        async def see_through(coroutine: Awaitable[object]) -> object:
            try:
                result = await coroutine
            except Exception as error:
                out(error)
                raise
            out()
            return result

        hook(Trace(ref, message, "in"))
        try:
            result = handler(actor, message)
        except Exception as error:
            out(error)
            raise
        if isinstance(result, CoroutineType):
            return see_through(result)
        out()
        return result

    return handle
