"""Signs of life, by whose absence a worker is lost."""

import attrs
import trio

import actors
from flamenco.manager.workers.messages import CheckLife
from flamenco.model.statuses import WorkerStatus

UNWATCHED = (WorkerStatus.OFFLINE, WorkerStatus.ERROR)
"""Statuses in which a worker isn't expected to show signs of life."""

CLOCK_ERROR = 0.001
"""Seconds that a timer may come early, by the rounding of sums."""


@attrs.define(eq=False)
class Life:
    """The last sign of life, and one timer for the time by which the next should have come."""

    _actor: actors.Actor
    _last_heard: float = attrs.field(factory=trio.current_time)
    _watching: bool = False

    def heard(self) -> None:
        """Note a sign of life."""
        self._last_heard = trio.current_time()

    def watch(self, status: WorkerStatus, timeout: float) -> None:
        """Tell the actor `CheckLife` when the worker may have been silent for ``timeout`` seconds.

        Zero seconds: it is never lost.
        """
        if timeout and not self._watching and status not in UNWATCHED:
            self._watching = True
            silence = trio.current_time() - self._last_heard
            self._actor.after(timeout - silence, CheckLife())

    def is_lost(self, status: WorkerStatus, timeout: float) -> bool:
        """True if it has been silent for ``timeout`` seconds, asked when `CheckLife` has come."""
        self._watching = False
        silent = trio.current_time() - self._last_heard >= timeout - CLOCK_ERROR
        return silent and status not in UNWATCHED
