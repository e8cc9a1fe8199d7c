"""Log of a running task on its way to the Manager: gathered into chunks, and bounded.

A task's log has a head, which is sent as it comes, and a tail, of which only the newest lines are
kept. Lines go to the tail while the Manager does not keep up or is away, and when the head has its
full size. The tail is sent as soon as there is room, at the latest with the task's end, after a
line that says how much was left out. So a program that floods its output fills neither memory nor
disk, here or at the Manager.
"""

from collections import deque

import attrs
import trio

from flamenco.model.bounds import LONGEST_PROSE, cut
from flamenco.protocol import Report
from worker.outbox import Outbox

CHUNK_CHARACTERS = 10 * 1024
CHUNK_SECONDS = 2.0
FOLLOWED_SECONDS = 0.2
"""Seconds between chunks while the log is being followed."""
MOST_WAITING = 4 * 1024 * 1024
"""Number of characters in the outbox above which lines go to the tail."""
MOST_HEAD = 64 * 1024 * 1024
"""Number of characters of a task's log after which only its tail is of interest."""
MOST_TAIL = 256 * 1024


@attrs.define
class Tail:
    """The newest lines, and the number of characters left out before them."""

    _lines: deque[str] = attrs.field(factory=deque)
    _size: int = 0
    _left_out: int = 0

    def add(self, line: str) -> None:
        """Keep a line; older ones are dropped if there are too many."""
        self._lines.append(line)
        self._size += len(line)
        while self._size > MOST_TAIL:
            gone = len(self._lines.popleft())
            self._size -= gone
            self._left_out += gone

    def take(self) -> list[str]:
        """The lines, after one that says how much was left out before them."""
        note = f"[... {self._left_out} characters were left out here ...]\n"
        taken = [note, *self._lines] if self._left_out else [*self._lines]
        self._lines.clear()
        self._size = self._left_out = 0
        return taken


@attrs.define
class TaskLog:
    """A collector of a task's lines and activity into reports under one lease."""

    outbox: Outbox
    task_id: str
    lease: int
    _lines: list[str] = attrs.field(init=False, factory=list)
    _size: int = attrs.field(init=False, default=0)
    _sent: int = attrs.field(init=False, default=0)
    _tail: Tail = attrs.field(init=False, factory=Tail)
    _activity: str | None = attrs.field(init=False, default=None)
    _period: float = attrs.field(init=False, factory=lambda: CHUNK_SECONDS)
    _hurries: trio.Event = attrs.field(init=False, factory=trio.Event)

    def write(self, line: str) -> None:
        """Add a line; sent when a chunk is full, or with the next `flush`."""
        line = cut(line, LONGEST_PROSE)
        if self._sent > MOST_HEAD or self.outbox.size > MOST_WAITING:
            self._tail.add(line + "\n")
            return
        self._empty_tail()
        self._add(line + "\n")
        if self._size >= CHUNK_CHARACTERS:
            self.flush()

    def tell(self, activity: str) -> None:
        """Set the task's present activity, sent with the next `flush`."""
        self._activity = cut(activity, LONGEST_PROSE)

    def flush(self) -> None:
        """Send everything gathered; the activity only if there is room."""
        has_room = self.outbox.size <= MOST_WAITING
        if has_room and self._sent <= MOST_HEAD:
            self._empty_tail()
        text, activity = self._taken(), self._activity if has_room else None
        if text or activity:
            self._activity = None
            self.outbox.add(
                Report(task_id=self.task_id, lease=self.lease, log=text, activity=activity)
            )

    def take_all(self) -> str | None:
        """All unsent lines including the tail, for the report of the task's end."""
        self._empty_tail()
        self._activity = None
        return self._taken()

    async def keep_flushing(self) -> None:
        """Flush periodically, until cancelled."""
        while True:
            with trio.move_on_after(self._period):
                await self._hurries.wait()
            self._hurries = trio.Event()
            self.flush()

    def follow(self, followed: bool) -> None:
        """Send sooner while the log is being followed, and less often otherwise."""
        self._period = FOLLOWED_SECONDS if followed else CHUNK_SECONDS
        self._hurries.set()

    def _taken(self) -> str | None:
        text = "".join(self._lines)
        self._lines.clear()
        self._size = 0
        return text or None

    def _empty_tail(self) -> None:
        for line in self._tail.take():
            self._add(line)

    def _add(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line)
        self._sent += len(line)
