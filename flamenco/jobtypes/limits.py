"""Limits of time and memory for scripts, and the words for a script that exceeds them."""

import sys

import attrs

if sys.platform == "linux":
    import resource

RESERVE = 64 * 2**20
"""Bytes that a process may use beyond its limit, to report that it reached it."""


@attrs.frozen
class Limits:
    """Limits for running a script."""

    seconds: float
    memory: int
    """Maximum memory in bytes."""


EXHAUSTED = "needs more memory than the limit for job types allows"


def too_long(seconds: float) -> str:
    """The reason for stopping a script that ran for longer than this."""
    return f"takes longer than {seconds:g} s"


def limit_memory(memory: int) -> None:
    """Limit the memory of this process, in bytes; on Linux only."""
    if sys.platform == "linux":
        hard = memory + RESERVE
        _with_reserve.append((hard, hard))
        resource.setrlimit(resource.RLIMIT_AS, (memory, hard))


def use_reserve() -> None:
    """Allow the memory needed to report that memory ran out, without allocating any."""
    if sys.platform == "linux" and _with_reserve:
        resource.setrlimit(resource.RLIMIT_AS, _with_reserve[0])


_with_reserve: list[tuple[int, int]] = []
