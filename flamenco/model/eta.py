"""The time at which a job is likely to be done, from the times that its frames took so far.

Each worker makes one frame at a time, and the last ones are finished up to one frame's time apart.
Both the times of single frames and their mean are uncertain.
"""

from datetime import datetime, timedelta
from math import sqrt

import attrs

from flamenco.model.bounds import Amount, Count, Time

DEVIATIONS = 1.28
"""Standard deviations on either side of the middle that hold 80 % of a normal distribution."""

USUAL_VARIATION = 0.5
"""Standard deviation of frame times in relation to their mean, as long as only one is known."""

LONGEST = timedelta(days=3650)
"""Longest time that is estimated; beyond it no estimate is of use."""


@attrs.frozen(kw_only=True)
class Pace:
    """The pace of a job: what its frames took so far, what is left, and who works on it.

    Where several tasks make a frame together, and in jobs without frames, it counts tasks.
    """

    measured: Count = 0
    """Number of finished frames whose time is known."""
    mean: Amount = 0.0
    """Mean of their times in seconds."""
    squares: Amount = 0.0
    """Sum of the squares of their differences from the mean."""
    finished: datetime | None = None
    """Time at which the last of them was finished."""
    left: Count = 0
    """Number of frames that are queued or being made."""
    workers: Count = 0
    """Number of workers that make some of them now."""

    def measure(self, seconds: float, frames: int, now: datetime) -> "Pace":
        """The pace after ``frames`` more of them took so many seconds together.

        Welford's method, for several equal values at a time.
        """
        each = seconds / frames
        measured = self.measured + frames
        difference = each - self.mean
        return attrs.evolve(
            self,
            measured=measured,
            mean=self.mean + difference * frames / measured,
            squares=self.squares + difference**2 * self.measured * frames / measured,
            finished=now,
        )


@attrs.frozen(kw_only=True)
class Eta:
    """An estimate: the job is done between these times in four of five cases."""

    earliest: Time
    likely: Time
    """The middle of the estimate."""
    latest: Time


def eta(pace: Pace, now: datetime) -> Eta | None:
    """The estimate at this time; None without a finished frame, or if nobody works on it."""
    if not (pace.measured and pace.workers and pace.left and pace.finished):
        return None
    workers = min(pace.workers, pace.left)
    rounds = pace.left / workers
    variance = (pace.squares + (USUAL_VARIATION * pace.mean) ** 2) / pace.measured
    deviation = sqrt(variance * rounds * (1 + rounds / pace.measured))
    middle, apart = rounds * pace.mean, pace.mean * (1 - 1 / workers)
    spread = DEVIATIONS * deviation + apart / 2
    if middle + spread > LONGEST.total_seconds():
        return None
    begin = max(min(pace.finished, now), now - timedelta(seconds=pace.mean))
    times = (middle - spread, middle, middle + spread)
    earliest, likely, latest = (max(now, begin + timedelta(seconds=each)) for each in times)
    return Eta(earliest=earliest, likely=likely, latest=latest)
