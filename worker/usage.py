"""What the programs of a task use, whether they show progress, and how the last one ended.

The launcher knows exactly what the largest process of a program held. What several held together,
as a script and the Blenders it starts, is measured now and then while they run.

A program makes progress when it prints something or works: when it and all below it have used more
than `LEAST_WORK` of a processor since the last look. A render on a GPU keeps a processor busy as
well; one that hangs in a driver, or waits for what never comes, does neither.
"""

from contextlib import suppress

import attrs
import psutil
import trio

from flamenco.launcher import Child

SAMPLE_SECONDS = 2.0
"""Between two measurements; one takes some milliseconds of a thread."""
LEAST_WORK = 0.01
"""Share of one processor. A Blender that waits on a lock uses less than a thousandth."""
STILL_SECONDS = 15.0
"""A program that showed no progress for so long is not alive as far as its lease goes."""


@attrs.frozen
class Sample:
    """What a process and all below it hold and have used."""

    memory: int = 0
    """Bytes."""
    work: float = 0.0
    """Seconds of processor time, that of children which have ended included."""


@attrs.define
class Usage:
    """The account of one task."""

    exit_code: int | None = None
    """Of the last program, 128 + N after death by signal N; None before the first has ended."""
    peak_memory: int | None = None
    """Bytes; of several processes that share memory, each counts it."""
    _running: Child | None = None
    _progress: float = attrs.field(init=False, default=0.0)
    """When there last was any, by Trio's clock."""
    _work: float = attrs.field(init=False, default=0.0)
    _measured: float = attrs.field(init=False, default=0.0)

    def started(self, child: Child) -> None:
        """A program runs from now on."""
        self._running = child
        self._work, self._measured = 0.0, trio.current_time()
        self.progressed()

    def progressed(self) -> None:
        """The program has printed something."""
        self._progress = trio.current_time()

    def ended(self) -> None:
        """It has ended, if one ran at all."""
        child, self._running = self._running, None
        if child is not None:
            self.exit_code = child.returncode
            self.count(child.peak_memory)

    @property
    def is_alive(self) -> bool:
        """Whether the program shows progress; what the Worker does by itself always does."""
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
        """So much memory was held."""
        if memory:
            self.peak_memory = max(memory, self.peak_memory or 0)

    def _look(self, sample: Sample) -> None:
        self.count(sample.memory)
        now = trio.current_time()
        if sample.work - self._work > (now - self._measured) * LEAST_WORK:
            self.progressed()
        self._work, self._measured = sample.work, now


def measure(pid: int) -> Sample:
    """What a process and all below it use; nothing when it is gone. Blocks."""
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
