"""Pieces every system's sample uses: timing, memory, percentiles."""

from __future__ import annotations

import gc
import resource
from pathlib import Path
from time import perf_counter

SENDERS = 100
RING = 1_000
SLOW_SECONDS = 100e-6
FLOOD = 1_000


def rss_kib() -> float:
    """Resident memory of this process now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024


def p99(seconds: list[float]) -> float:
    """The 99th percentile, in microseconds."""
    return sorted(seconds)[int(len(seconds) * 0.99)] * 1e6


def spin(seconds: float) -> None:
    """Keep the processor busy, as a handler that computes would."""
    until = perf_counter() + seconds
    while perf_counter() < until:
        pass
