"""The compiler of most tests' farms, in this process.

A child process takes a third of a second to start, for each farm of each test. It has its own
tests, in `tests/jobtypes` and wherever a farm's limits for scripts are what is tested.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from flamenco.jobtypes import Compiler, Limits, inline_compiler


@asynccontextmanager
async def in_this_process(
    scripts: Path | None, limits: Limits, shared: Path | None = None
) -> AsyncIterator[Compiler]:
    """A compiler without a process of its own, and without limits."""
    yield inline_compiler(scripts, shared)
