"""Usage of a task's programs: their memory, their progress, and the end of the last one.

The launcher knows exactly how much memory the largest process of a program used. The sum of several
processes, such as a script and the Blenders it starts, is measured periodically while they run.

A program makes progress if it prints something or works, that is, if it and all processes below it
have used more than `LEAST_WORK` of a processor since the last look. A render on a GPU keeps a
processor busy as well; one that hangs in a driver, or waits for something that never comes, does
neither.
"""

from contextlib import suppress

import attrs
import psutil
import trio

from flamenco.launcher import Child

SAMPLE_SECONDS = 2.0
"""Seconds between measurements, each of which takes some milliseconds of a thread."""
LEAST_WORK = 0.01
"""Minimum share of one processor; a Blender that waits on a lock uses less than a thousandth."""
STILL_SECONDS = 15.0
"""Seconds without progress after which a program no longer keeps its lease alive."""


@attrs.frozen
class Sample:
    """Memory and processor time of a process and all below it."""

    memory: int = 0
    """Memory in bytes."""
    work: float = 0.0
    """Seconds of processor time, including children that have ended."""


@attrs.define
class Usage:
    """The account of one task."""

    exit_code: int | None = None
    """Exit code of the last program, 128 + N after signal N; None before the first has ended."""
    peak_memory: int | None = None
    """Peak memory in bytes; memory shared by several processes counts for each."""
    _running: Child | None = None
    _progress: float = attrs.field(init=False, default=0.0)
    """Time of the last progress, by Trio's clock."""
    _work: float = attrs.field(init=False, default=0.0)
    _measured: float = attrs.field(init=False, default=0.0)

    def started(self, child: Child) -> None:
        """Begin to measure a program."""
        self._running = child
        self._work, self._measured = 0.0, trio.current_time()
        self.progressed()

    def progressed(self) -> None:
        """Note that the program has printed something."""
        self._progress = trio.current_time()

    def ended(self) -> None:
        """Note that the program has ended, if one was running."""
        child, self._running = self._running, None
        if child is not None:
            self.exit_code = child.returncode
            self.count(child.peak_memory)

    def left(self) -> None:
        """Note that the program has done its work, and waits for more."""
        self._running, self.exit_code = None, 0

    @property
    def is_alive(self) -> bool:
        """True if the program makes progress; the Worker's own work always does."""
        still = trio.current_time() - self._progress
        return self._running is None or still <= STILL_SECONDS

    async def keep_measuring(self) -> None:
        """Measure the running program again and again, until cancelled."""
        while True:
            await trio.sleep(SAMPLE_SECONDS)
            child = self._running
            if child is not None:
                sample = await trio.to_thread.run_sync(measure, child.pid)
                if child is self._running:
                    self._look(sample)

    def count(self, memory: int | None) -> None:
        """Take a measurement of memory, in bytes, into account."""
        if memory:
            self.peak_memory = max(memory, self.peak_memory or 0)

    def _look(self, sample: Sample) -> None:
        self.count(sample.memory)
        now = trio.current_time()
        if sample.work - self._work > (now - self._measured) * LEAST_WORK:
            self.progressed()
        self._work, self._measured = sample.work, now


def measure(pid: int) -> Sample:
    """The usage of a process and all below it, zero if it is gone. Blocks."""
    memory, work = 0, 0.0
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                times = each.cpu_times()
                work += times.user + times.system
                work += times.children_user + times.children_system
                memory += each.memory_info().rss
    return Sample(memory, work)
