"""One clock for the whole farm: wall time, and the seconds for which this process really ran.

Wall time is the machine's, asked anew each time, so a corrected clock counts at once. Under a
virtual clock it runs with Trio's, so that schedules, time stamps and clean-up can be simulated.
No other module asks the operating system for the time.

Durations are Trio's. Where one is somebody's silence, it is measured in `running_time`: a process
that was stopped, swapped out or suspended could not hear anybody.
"""

import logging
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from math import inf

import attrs
import trio

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""Seconds between two looks at the clock."""

STALL_SECONDS = 2.0
"""Seconds from one look to the next, of which the rest counts as a stall."""

CORRECTION_SECONDS = 1.0
"""Difference to the machine's other clock, in seconds, that counts as a correction."""

ROUNDING = 0.001
"""Seconds that a timer may come early, by the rounding of sums."""

if sys.platform == "linux":
    _steady = partial(time.clock_gettime, time.CLOCK_BOOTTIME)
elif sys.platform == "darwin":
    _steady = partial(time.clock_gettime, time.CLOCK_MONOTONIC_RAW)
else:
    _steady = trio.current_time

_machine: trio.lowlevel.RunVar[Callable[[], float]] = trio.lowlevel.RunVar("seconds since 1970")


@attrs.define
class _Watch:
    """A finding of the look at Trio's clock each second."""

    looked: float = inf
    """Time of the latest look; infinite while nobody looks."""
    ahead: float | None = None
    """Seconds from the machine's time to wall time, as told; None before the first look."""
    suspended: float = 0.0
    """Seconds from Trio's time to the machine's, as they were told."""
    stalled: float = 0.0
    """Seconds of all stalls up to then."""

    def stalled_until(self, now: float) -> float:
        """Seconds of all stalls, with the one that may just have ended."""
        return self.stalled + max(0.0, now - self.looked - STALL_SECONDS)


_watch: trio.lowlevel.RunVar[_Watch] = trio.lowlevel.RunVar("watch")


def set_wall_time(moment: datetime) -> None:
    """Make ``moment`` the present in this Trio run; time goes on from there, with Trio's clock."""
    offset = moment.timestamp() - trio.current_time()
    _machine.set(lambda: trio.current_time() + offset)


def now() -> datetime:
    """The present moment, in UTC."""
    try:
        machine = _machine.get()
    except LookupError:
        if _time_is_virtual():
            set_wall_time(datetime.now(UTC))
            return now()
        machine = time.time
    return datetime.fromtimestamp(machine(), UTC)


def running_time() -> float:
    """Trio's time in seconds, without the stalls that `watch` has found."""
    present = trio.current_time()
    return present - _watch.get(_Watch()).stalled_until(present)


async def watch(corrected: Callable[[], None], resumed: Callable[[], None]) -> None:
    """Find stalls of this process, and tell corrections of the clock. Never ends.

    While a machine is suspended, Trio's clock may stand still, and timers with it. That the machine
    has ``resumed`` is told, too: wall time is right, but timers for moments of it are late.
    """
    found = _watch.get(_Watch())
    _watch.set(found)
    found.looked = trio.current_time()
    if found.ahead is None:
        found.ahead, found.suspended = _ahead(), _suspended()
    try:
        while True:
            await trio.sleep(LOOK_SECONDS)
            present = trio.current_time()
            if stalled := found.stalled_until(present) - found.stalled:
                logger.warning("stood still for %s; that is nobody's silence", _text(stalled))
                found.stalled += stalled
            found.looked = present
            suspended = _suspended() - found.suspended
            if suspended >= STALL_SECONDS:
                found.suspended += suspended
                logger.warning("was suspended for %s; that is nobody's silence", _text(suspended))
                resumed()
            correction = _ahead() - found.ahead
            if abs(correction) >= CORRECTION_SECONDS:
                found.ahead += correction
                where = "forward" if correction > 0 else "back"
                logger.warning("the clock was put %s by %s", where, _text(abs(correction)))
                corrected()
    finally:
        found.looked = inf


def _ahead() -> float:
    return now().timestamp() - _machine_time()


def _suspended() -> float:
    return _machine_time() - trio.current_time()


def _machine_time() -> float:
    """Seconds by a clock that nobody corrects, and that also runs while the machine is suspended.

    On Windows that is Trio's own.
    """
    return trio.current_time() if _time_is_virtual() else _steady()


def _text(seconds: float) -> str:
    return f"{timedelta(seconds=round(seconds))} h"


def _time_is_virtual() -> bool:
    """True if a test's clock runs. `trio.testing` would bring pytest along, so it is looked up."""
    testing = sys.modules.get("trio.testing")
    return testing is not None and isinstance(trio.lowlevel.current_clock(), testing.MockClock)
