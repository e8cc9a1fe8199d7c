"""Time to wait before trying again."""

import secrets

FIRST_SECONDS = 0.5
MOST_SECONDS = 30.0

_random = secrets.SystemRandom()


def backoff(failures: int, longest: float = MOST_SECONDS) -> float:
    """Seconds to wait after ``failures`` in a row: doubling, up to ``longest``, with jitter.

    The result is between half and all of the doubled time, so that a farm's workers do not all come
    back to a restarted Manager at the same moment.
    """
    most = min(longest, FIRST_SECONDS * 2.0 ** min(failures, 16))
    return most * _random.uniform(0.5, 1.0)
