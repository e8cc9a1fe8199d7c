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
"""So many changed rows, 5 to 20 MiB of the log, are brought over together."""

MOST_PAGES = 16_384
"""With 64 MiB of log, because nobody brought it over, a commit does so after all."""


@attrs.define(eq=False)
class WriteAheadLog:
    """The log of one database, and the connection that empties it."""

    path: Path
    _connection: sqlite3.Connection
    _rows: int = 0
    _grown: trio.Event = attrs.field(factory=trio.Event)
    _one_at_a_time: trio.CapacityLimiter = attrs.field(factory=lambda: trio.CapacityLimiter(1))

    def count(self, rows: int) -> None:
        """So many more rows were changed by a commit."""
        self._rows += rows
        if self._rows >= ROWS:
            self._grown.set()

    async def checkpoint_when_grown(self) -> None:
        """Wait until the log has grown, and bring it over. Raises `StoreError` if it can't."""
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
