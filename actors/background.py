"""Background work of an actor: an async function beside it, its outcome comes as a message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import trio

from actors.current import CURRENT
from actors.errors import unwrap
from actors.messages import BackgroundDone, BackgroundFailed

if TYPE_CHECKING:
    from actors.actor import Actor
    from actors.cell import Cell


class Background:
    """Work started with `Actor.start_soon`; runs under `cancel_scope` in the actor's nursery.

    >>> import trio, actors
    >>> class Waiter(actors.Actor):
    ...     async def started(self):
    ...         self.start_soon(trio.sleep, 0.001)
    ...     @actors.handles(actors.BackgroundDone)
    ...     def done(self, message):
    ...         print("slept")
    ...         self.stop()
    >>> async def main():
    ...     async with actors.ActorSystem() as system:
    ...         await system.spawn(Waiter).stopped()
    >>> trio.run(main)
    slept
    """

    __slots__ = ("_cell", "_life", "cancel_scope", "cancelled")

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._life = cell.life
        self.cancel_scope = trio.CancelScope()
        self.cancelled = False

    def cancel(self) -> None:
        """End the work; no message comes of it, not even one that is on its way already.

        >>> Background.cancel.__name__
        'cancel'
        """
        self.cancelled = True
        self.cancel_scope.cancel()

    async def run(
        self,
        async_fn: Callable[..., Awaitable[Any]],
        args: tuple[object, ...],
        done: Callable[[Any], object] | None,
        failed: Callable[[Exception], object] | None,
    ) -> None:
        """The task: run the function and report how it ended."""
        CURRENT.set(None)  # its asks do not block the actor
        try:
            message = await self._outcome(async_fn, args, done, failed)
        except Exception as error:  # noqa: BLE001 - `done` or `failed` itself is wrong: a crash
            self._cell.fail(unwrap(error))
        else:
            if message is not None:
                self._cell.ref._deliver(Result(self, message))
        finally:
            family = self._cell.family
            if family is not None:
                family.backgrounds.discard(self)

    async def _outcome(
        self,
        async_fn: Callable[..., Awaitable[Any]],
        args: tuple[object, ...],
        done: Callable[[Any], object] | None,
        failed: Callable[[Exception], object] | None,
    ) -> object | None:
        try:
            with self.cancel_scope:
                value = await async_fn(*args)
                return BackgroundDone(self, value) if done is None else done(value)
        except Exception as caught:  # noqa: BLE001 - reported to the actor, which decides
            error = unwrap(caught)
            return BackgroundFailed(self, error) if failed is None else failed(error)
        return None  # cancelled


class Result:
    """The outcome of background work, on its way through the mailbox."""

    __slots__ = ("background", "message")

    def __init__(self, background: Background, message: object) -> None:
        self.background = background
        self.message = message


def report(actor: Actor, result: Result) -> object:
    """The handler of results: hand the message on, unless cancelled or from an earlier life."""
    background = result.background
    if background.cancelled or background._life != actor._cell.life:
        return None
    return actor._cell.dispatch(result.message)
