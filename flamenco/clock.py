"""Wall time for the whole farm, derived from Trio's clock.

Under a virtual clock wall time runs with it, so that schedules, time stamps and clean-up can be
simulated. No other module asks the operating system for the time.
"""

from datetime import UTC, datetime

import trio

_offset: trio.lowlevel.RunVar[float] = trio.lowlevel.RunVar("wall time minus Trio's time, seconds")


def set_wall_time(moment: datetime) -> None:
    """Make ``moment`` the present in this Trio run; time goes on from there."""
    _offset.set(moment.timestamp() - trio.current_time())


def now() -> datetime:
    """The present moment, in UTC."""
    try:
        offset = _offset.get()
    except LookupError:
        set_wall_time(datetime.now(UTC))
        offset = _offset.get()
    return datetime.fromtimestamp(trio.current_time() + offset, UTC)
