"""What a script may use, and the words for one that needs more."""

import sys

import attrs

if sys.platform == "linux":
    import resource

RESERVE = 64 * 2**20
"""Bytes that a process may have beyond its limit, to say that it reached it."""


@attrs.frozen
class Limits:
    """What running a script may cost."""

    seconds: float
    memory: int
    """Bytes."""


EXHAUSTED = "needs more memory than the limit for job types allows"


def too_long(seconds: float) -> str:
    """Why a script was stopped that ran for longer than this."""
    return f"takes longer than {seconds:g} s"


def limit_memory(memory: int) -> None:
    """Bound the memory of this process, in bytes; on Linux only."""
    if sys.platform == "linux":
        hard = memory + RESERVE
        _with_reserve.append((hard, hard))
        resource.setrlimit(resource.RLIMIT_AS, (memory, hard))


def use_reserve() -> None:
    """Have what is needed to tell that there is no memory left; allocates nothing for that."""
    if sys.platform == "linux" and _with_reserve:
        resource.setrlimit(resource.RLIMIT_AS, _with_reserve[0])


_with_reserve: list[tuple[int, int]] = []
