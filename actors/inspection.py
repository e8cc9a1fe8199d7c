"""Looking into a running system: the tree of actors, and the trace of their messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from time import perf_counter
from types import CoroutineType
from typing import TYPE_CHECKING, Literal

import attrs

if TYPE_CHECKING:
    from actors.actor import Actor
    from actors.behaviour import Handler
    from actors.cell import State
    from actors.ref import ActorRef


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
class Trace:
    """What the `trace` hook of an `ActorSystem` is called with: a message in, or done.

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


def describe(ref: ActorRef) -> ActorInfo:
    """The picture of an actor and everything below it."""
    cell = ref._cell
    family = cell.family
    now = cell.system.deadlines.now()
    return ActorInfo(
        name=cell.name,
        path=cell.path or "/",
        kind=cell.kind,
        state=cell.state,
        mailbox=len(ref._queue),
        handled=cell.handled,
        restarts=cell.restarts,
        busy_for=None if cell.busy_since is None else now - cell.busy_since,
        handler_ms=1000 * cell.busy_seconds / cell.timed if cell.timed else 0.0,
        children=() if family is None else tuple(map(describe, family.refs().values())),
    )


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
