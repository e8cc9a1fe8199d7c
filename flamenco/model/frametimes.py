"""Statistics of the times that frames of a job took, and which of them stand out."""

from collections.abc import Sequence
from statistics import fmean, median, quantiles

import attrs

ENOUGH = 8
"""Minimum number of frames among which one can stand out."""

FENCE = 3.0
"""Distance from the third quartile, in interquartile ranges, from which on a frame stands out:
Tukey's outer fence."""

LEAST_FACTOR = 1.5
"""Minimum time of such a frame in relation to the median: where all take equally long, the fence
is narrow, and nobody minds."""

MOST_OUTLIERS = 100


@attrs.frozen(kw_only=True)
class FrameTimes:
    """Times in seconds."""

    count: int
    mean: float
    shortest: float
    first_quartile: float
    median: float
    third_quartile: float
    longest: float
    limit: float | None
    """Time beyond which a frame stands out; None if they are too few to tell."""


def frame_times(seconds: Sequence[float]) -> FrameTimes | None:
    """The statistics of these times; None if there are none."""
    if not seconds:
        return None
    several = len(seconds) > 1
    first, _, third = quantiles(seconds, n=4, method="inclusive") if several else [seconds[0]] * 3
    middle = median(seconds)
    limit = max(third + FENCE * (third - first), LEAST_FACTOR * middle)
    return FrameTimes(
        count=len(seconds),
        mean=fmean(seconds),
        shortest=min(seconds),
        first_quartile=first,
        median=middle,
        third_quartile=third,
        longest=max(seconds),
        limit=limit if len(seconds) >= ENOUGH else None,
    )
