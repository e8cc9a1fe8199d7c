"""What the programs of a task use: the memory at most, and how the last one ended.

The launcher knows exactly what the largest process of a program held. What several held together,
as a script and the Blenders it starts, is measured now and then while they run.
"""

import attrs
import psutil
import trio

from flamenco.launcher import Child

SAMPLE_SECONDS = 2.0
"""Between two measurements; one takes some milliseconds of a thread."""


@attrs.define
class Usage:
    """The account of one task."""

    exit_code: int | None = None
    """Of the last program, 128 + N after death by signal N; None before the first has ended."""
    peak_memory: int | None = None
    """Bytes; of several processes that share memory, each counts it."""
    _running: Child | None = None

    def started(self, child: Child) -> None:
        """A program runs from now on."""
        self._running = child

    def ended(self) -> None:
        """It has ended, if one ran at all."""
        child, self._running = self._running, None
        if child is not None:
            self.exit_code = child.returncode
            self._count(child.peak_memory)

    async def keep_measuring(self) -> None:
        """Measure the running program again and again, until cancelled."""
        while True:
            await trio.sleep(SAMPLE_SECONDS)
            if self._running is not None:
                self._count(await trio.to_thread.run_sync(memory_of_tree, self._running.pid))

    def _count(self, memory: int | None) -> None:
        if memory:
            self.peak_memory = max(memory, self.peak_memory or 0)


def memory_of_tree(pid: int) -> int:
    """Bytes of memory that a process and all below it hold; 0 when it is gone. Blocks."""
    try:
        process = psutil.Process(pid)
        return sum(_memory_of(each) for each in (process, *process.children(recursive=True)))
    except psutil.Error:
        return 0


def _memory_of(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
