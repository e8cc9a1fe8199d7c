"""Signs of life, by whose absence a worker is lost."""

from datetime import datetime

import attrs

import actors
from flamenco import clock, protocol
from flamenco.manager.services import Services
from flamenco.manager.workers.messages import CheckLife
from flamenco.model.statuses import WorkerStatus

UNWATCHED = (WorkerStatus.OFFLINE, WorkerStatus.ERROR)
"""Statuses in which a worker isn't expected to show signs of life."""

NOT_WORKING = (*UNWATCHED, WorkerStatus.ASLEEP)
"""Statuses in which a worker has returned its leases, or is about to."""

BEAT_FASTER = "the timeouts have changed, sign on again"

SEEN_SECONDS = 10.0
"""Seconds by which `last_seen` may lag behind, so that not every call is a commit."""


@attrs.define(eq=False)
class Life:
    """The last sign of life, and one timer for the time by which the next should have come.

    A worker is lost by the timeout of the time at which it was told how often to show them.
    """

    _actor: actors.Actor
    _services: Services
    timeout: float = attrs.field(init=False)
    """Seconds of silence after which the worker is lost; 0: never."""
    _period: float = attrs.field(init=False)
    _last_heard: float = attrs.field(init=False, factory=clock.running_time)
    _timer: actors.Timer | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self._promise()

    def _promise(self) -> float:
        config = self._services.config
        self.timeout = config.worker_timeout
        self._period = protocol.heartbeat_period(self.timeout, config.task_timeout)
        return self._period

    def begin(self, status: WorkerStatus) -> float:
        """Begin a session; returns how often signs of life have to come in it, in seconds."""
        self.change(status)
        self.heard()
        return self._period

    def change(self, status: WorkerStatus) -> bool:
        """Go by changed timeouts, from now on. True if signs of life have to come more often."""
        timeout, period = self.timeout, self._period
        if self._promise() != period or self.timeout != timeout:
            self.heard()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self.watch(status)
        return self._period < period

    def heard(self) -> None:
        """Note a sign of life."""
        self._last_heard = clock.running_time()

    def watch(self, status: WorkerStatus) -> None:
        """Tell the actor `CheckLife` when the worker may have been silent for too long."""
        if self.timeout and self._timer is None and status not in UNWATCHED:
            self._timer = self._actor.after(self.timeout - self._silence(), CheckLife())

    def is_lost(self, status: WorkerStatus) -> bool:
        """True if it has been silent for too long, asked when `CheckLife` has come."""
        self._timer = None
        silent = self.timeout > 0 and self._silence() >= self.timeout - clock.ROUNDING
        return silent and status not in UNWATCHED

    def _silence(self) -> float:
        return clock.running_time() - self._last_heard


def lags(last_seen: datetime | None) -> bool:
    """True if a sign of life is due to be noted in `last_seen`, whichever way the clock was put."""
    return last_seen is None or abs((clock.now() - last_seen).total_seconds()) >= SEEN_SECONDS
