"""A task's log on its way to the Manager: gathered to chunks, and bounded.

The bound holds while the Manager does not keep up or is away: then lines are left out, and a line
says how much. So a program that floods its output fills neither memory nor disk.
"""

import attrs
import trio

from flamenco.protocol import Report
from worker.outbox import Outbox

CHUNK_CHARACTERS = 10 * 1024
CHUNK_SECONDS = 2.0
MOST_WAITING = 4 * 1024 * 1024
"""Characters in the outbox above which log lines are left out."""


@attrs.define
class TaskLog:
    """Collects lines and puts them into the outbox as reports under one lease."""

    outbox: Outbox
    task_id: str
    lease: int
    _lines: list[str] = attrs.field(init=False, factory=list)
    _size: int = attrs.field(init=False, default=0)
    _left_out: int = attrs.field(init=False, default=0)

    def write(self, line: str) -> None:
        """Add a line; sent when a chunk is full, or with the next `flush`."""
        if self.outbox.size > MOST_WAITING:
            self._left_out += len(line) + 1
            return
        if self._left_out:
            self._add(f"[... {self._left_out} characters were left out here ...]")
            self._left_out = 0
        self._add(line)
        if self._size >= CHUNK_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        """Send what has gathered."""
        if text := self.take():
            self.outbox.add(Report(task_id=self.task_id, lease=self.lease, log=text))

    def take(self) -> str | None:
        """What has gathered and was not sent, for a report that is on its way anyway."""
        if self._left_out:
            self._add(f"[... {self._left_out} characters were left out here ...]")
            self._left_out = 0
        text = "".join(self._lines)
        self._lines.clear()
        self._size = 0
        return text or None

    async def keep_flushing(self) -> None:
        """Send what has gathered every `CHUNK_SECONDS`, until cancelled."""
        while True:
            await trio.sleep(CHUNK_SECONDS)
            self.flush()

    def _add(self, line: str) -> None:
        self._lines.append(line + "\n")
        self._size += len(line) + 1
