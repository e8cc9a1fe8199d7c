"""Processor time, which other programs on the machine change less than the time on the clock."""

from contextlib import suppress

import psutil


def busy(process: psutil.Process | None = None) -> float:
    """Seconds of a processor that a process, or this one, and those below it have taken."""
    process = process or psutil.Process()
    taken = 0.0
    for each in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # then it counts among the ended ones of its parent
            taken += sum(each.cpu_times()[:4])
    return taken
