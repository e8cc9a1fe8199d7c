"""Timers of an actor: a message to itself, once or again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.deadlines import Entry

if TYPE_CHECKING:
    from actors.actor import Actor
    from actors.cell import Cell


class Timer(Entry):
    """From `Actor.after` or `Actor.every`; gone with the life that set it.

    A periodic timer keeps its rhythm. If the actor is so busy that the last message still waits in
    the mailbox, the next one is left out: ticks never pile up.

    >>> import trio, actors
    >>> class Clock(actors.Actor):
    ...     async def started(self):
    ...         self.timer = self.every(0.001, "tick")
    ...     @actors.handles(str)
    ...     def tick(self, message):
    ...         print(message)
    ...         self.timer.cancel()
    ...         self.stop()
    >>> async def main():
    ...     async with actors.ActorSystem() as system:
    ...         await system.spawn(Clock).stopped()
    >>> trio.run(main)
    tick
    """

    __slots__ = ("_cell", "_due", "_message", "_period", "_queued", "active")

    def __init__(self, cell: Cell, seconds: float, message: object, period: float | None) -> None:
        super().__init__()
        self._cell = cell
        self._message = message
        self._period = period
        self._queued = False  # the timer itself is what lies in the mailbox
        self.active = True
        self._due = cell.system.deadlines.now() + seconds
        cell.system.deadlines.add(seconds, self)

    def cancel(self) -> None:
        """No further message comes, not even one that waits in the mailbox already.

        >>> Timer.cancel.__name__
        'cancel'
        """
        self.active = False
        self._cell.system.deadlines.discard(self)
        if self._cell.timers is not None:
            self._cell.timers.discard(self)

    def expire(self) -> None:
        """Put the timer into the mailbox, and set it again if it is periodic."""
        if not self._queued:
            self._queued = True
            self._cell.ref._deliver(self)
        if self._period is not None:
            deadlines = self._cell.system.deadlines
            now = deadlines.now()
            self._due += self._period
            if self._due <= now:
                self._due = now + self._period
            deadlines.add(self._due - now, self)


def ring(actor: Actor, timer: Timer) -> object:
    """The handler of timers: hand the message to its own handler, unless cancelled meanwhile."""
    timer._queued = False
    if not timer.active:
        return None
    if timer._period is None:
        timer.cancel()
    return actor._cell.dispatch(timer._message)
