"""The write-ahead log: what was committed is brought into the database itself, beside the commits.

SQLite by itself does so within a commit, and everybody waits for that one, up to a quarter of a
second.
"""

import sqlite3
from pathlib import Path

import attrs
import trio

from flamenco.store.errors import StoreError

ROWS = 10_000
"""Number of changed rows, 5 to 20 MiB of the log, that are checkpointed together."""

MOST_PAGES = 16_384
"""Pages of the log, 64 MiB, at which a commit makes a checkpoint after all."""


@attrs.define(eq=False)
class WriteAheadLog:
    """The log of one database, and the connection that empties it."""

    path: Path
    _connection: sqlite3.Connection
    _rows: int = 0
    _grown: trio.Event = attrs.field(factory=trio.Event)
    _one_at_a_time: trio.CapacityLimiter = attrs.field(factory=lambda: trio.CapacityLimiter(1))

    def count(self, rows: int) -> None:
        """Count rows that a commit changed."""
        self._rows += rows
        if self._rows >= ROWS:
            self._grown.set()

    async def checkpoint_when_grown(self) -> None:
        """Wait until the log has grown, and make a checkpoint. Raises `StoreError` if it can't."""
        await self._grown.wait()
        before = self._rows
        await trio.to_thread.run_sync(self._checkpoint, limiter=self._one_at_a_time)
        meanwhile = self._rows - before
        self._rows, self._grown = 0, trio.Event()
        self.count(meanwhile)

    def _checkpoint(self) -> None:
        try:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.OperationalError as error:
            raise StoreError(f"cannot write {self.path}: {error}") from error
