"""The write-ahead log: what was committed is brought into the database itself, beside the commits.

SQLite by itself does so within a commit, and everybody waits for that one, up to a quarter of a
second.
"""

import sqlite3
import struct
from pathlib import Path
from threading import Lock
from typing import BinaryIO

import attrs
import trio

from flamenco.store.errors import StoreError

PAGES = 2_560
"""Number of pages of the log, 10 MiB, that are checkpointed together."""

MOST_PAGES = 16_384
"""Pages of the log, 64 MiB, at which a commit makes a checkpoint after all."""


_FRAMES, _BROUGHT_OVER = 16, 96
"""Offsets of two numbers in the index (sqlite.org/walformat.html, "The WAL-Index File Format")."""


def open_index(path: Path) -> BinaryIO:
    """The index of the log of an open database.

    To be closed after all connections: when any file of a name is closed, the process loses the
    locks on it, SQLite's among them. Raises OSError.
    """
    return Path(f"{path.resolve()}-shm").open("rb", buffering=0)


@attrs.define(eq=False)
class WriteAheadLog:
    """The log of one database, and the connection that empties it."""

    path: Path
    _connection: sqlite3.Connection
    _index: BinaryIO
    _reading: Lock = attrs.field(factory=Lock, init=False)
    """Held while the index is read, since commits and checkpoints share the place in the file."""
    _left: int = 0
    """Number of pages that the last checkpoint left, since somebody still read older ones."""
    _grown: trio.Event = attrs.field(factory=trio.Event)
    _one_at_a_time: trio.CapacityLimiter = attrs.field(factory=lambda: trio.CapacityLimiter(1))

    def pages(self) -> int:
        """Number of pages in the log that a checkpoint would bring over. Blocks.

        0 while the index can't be read: what was committed before stays so.
        """
        try:
            with self._reading:
                self._index.seek(0)
                content = self._index.read(_BROUGHT_OVER + 4)
            (frames,) = struct.unpack_from("I", content, _FRAMES)
            (brought_over,) = struct.unpack_from("I", content, _BROUGHT_OVER)
        except (OSError, struct.error):
            return 0
        return int(frames - brought_over)

    def note(self, pages: int) -> None:
        """Note the number of pages after a commit."""
        self._left = min(self._left, pages)
        if pages - self._left >= PAGES:
            self._grown.set()

    async def checkpoint_when_grown(self) -> None:
        """Wait until the log has grown, and make a checkpoint. Raises `StoreError` if it can't."""
        await self._grown.wait()
        self._left = await trio.to_thread.run_sync(self._checkpoint, limiter=self._one_at_a_time)
        self._grown = trio.Event()

    def _checkpoint(self) -> int:
        try:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            return self.pages()
        except sqlite3.OperationalError as error:
            raise StoreError(f"cannot write {self.path}: {error}") from error
