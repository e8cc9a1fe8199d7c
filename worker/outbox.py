"""Outbox: messages of the Worker that the Manager has not acknowledged yet.

They are in memory, and in SQLite so that they survive a crash: written later, many messages to a
commit. Online, most messages are acknowledged before they cost a write. On a full disk the outbox
goes on in memory. A database that is damaged is set aside, and what can be read of it is sent.

Sequence numbers grow for the life of the worker, even if its database is lost: a run starts above
the milliseconds since 1970 and above every number in the database.
"""

import logging
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import trio

from flamenco import clock
from flamenco.errors import Mendable
from flamenco.model.bounds import LARGEST
from flamenco.model.statuses import TaskStatus
from flamenco.protocol import HeldLease, Message, ProtocolError, Report, decode, encode
from worker.damaged import salvaged, set_aside

log = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    message TEXT NOT NULL
)
"""
SELECT = "SELECT seq, CAST(message AS BLOB) FROM outbox"
ENDINGS = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.QUEUED})
MOST = LARGEST // 2
"""Bound of sequence numbers: a larger one is damage, and leaves no room above it."""
FLUSH_SECONDS = 5.0
RETRY_SECONDS = 10.0
"""Seconds of pause after the disk refused a write."""


class HomeError(Mendable):
    """The Worker's home folder, or its content, cannot be used; the text says why."""


@attrs.define
class _Entry:
    message: Message
    size: int
    stored: bool = False


class Outbox:
    """The messages that wait for acknowledgement, in the order in which they were added."""

    def __init__(self, connection: sqlite3.Connection, last: int) -> None:
        self._connection = connection
        self._last = last
        self._entries: dict[int, _Entry] = {}
        self._deleted: list[int] = []
        self._changed = trio.Event()
        self._disk_works = True
        self.size = 0
        """Number of characters of all waiting messages."""

    def add(self, message: Message) -> int:
        """Keep a message until it is acknowledged; returns its sequence number."""
        self._last += 1
        self._enter(self._last, _Entry(message, len(encode(message))))
        self._tell()
        return self._last

    def acknowledge(self, seq: int) -> Message | None:
        """Forget a message and return it; None if it is already forgotten."""
        entry = self._entries.pop(seq, None)
        if entry is None:
            return None
        self.size -= entry.size
        if entry.stored:
            self._deleted.append(seq)
        self._tell()
        return entry.message

    def forget(self, task_id: str, lease: int) -> None:
        """Forget the reports on a task under a lease: the Manager may never answer them."""
        for seq, entry in list(self._entries.items()):
            said = entry.message
            if isinstance(said, Report) and (said.task_id, said.lease) == (task_id, lease):
                self.acknowledge(seq)

    async def after(self, seq: int) -> list[tuple[int, Message]]:
        """Wait for messages with a higher number than ``seq``, and return all of them."""
        while True:
            found = [(n, entry.message) for n, entry in self._entries.items() if n > seq]
            if found:
                return found
            await self._changed.wait()

    async def wait_until_empty(self) -> None:
        """Wait until every message is acknowledged."""
        while self._entries:
            await self._changed.wait()

    def ended_leases(self) -> tuple[HeldLease, ...]:
        """The leases whose end the Manager does not know yet, which are held until it does."""
        reports = [e.message for e in self._entries.values() if isinstance(e.message, Report)]
        return tuple(HeldLease(r.task_id, r.lease) for r in reports if r.status in ENDINGS)

    def restore(self, seq: int, text: bytes, *, stored: bool) -> None:
        """Add a message from an earlier run, if it is a report; others no longer mean anything."""
        try:
            message, _ = decode(text)
        except ProtocolError as error:
            log.warning("A message of an earlier run that can't be read was dropped: %s", error)
            message = None
        if isinstance(message, Report):
            self._enter(seq, _Entry(message, len(encode(message)), stored=stored))
            self._last = max(self._last, seq)
        elif stored:
            self._deleted.append(seq)

    async def write_behind(self) -> None:
        """Bring the database up to date, again and again, until cancelled."""
        while True:
            if not await self.write():
                await trio.sleep(RETRY_SECONDS)
            elif not self._is_dirty():
                await self._changed.wait()

    async def write(self) -> bool:
        """Bring the database up to date in one transaction; returns True if that worked.

        A failure is only logged: the messages stay in memory, and are written when that works.
        """
        if not self._is_dirty():
            return True
        deleted, self._deleted = self._deleted, []
        added = {n: entry for n, entry in self._entries.items() if not entry.stored}
        for entry in added.values():
            entry.stored = True
        rows = [(n, encode(entry.message)) for n, entry in added.items()]
        is_written = False
        try:
            await trio.to_thread.run_sync(self._store, rows, deleted)
            is_written = True
        except sqlite3.DatabaseError as error:
            if self._disk_works:
                log.warning("Unsent messages are kept in memory only: %s", error)
            self._disk_works = False
        finally:
            if not is_written:
                self._deleted += deleted
                for entry in added.values():
                    entry.stored = False
        if is_written and not self._disk_works:
            log.info("Unsent messages are on disk again")
            self._disk_works = True
        return is_written

    def _store(self, rows: list[tuple[int, str]], deleted: list[int]) -> None:
        with self._connection:
            self._connection.executemany(
                "DELETE FROM outbox WHERE seq = ?", [(n,) for n in deleted]
            )
            self._connection.executemany("INSERT OR IGNORE INTO outbox VALUES (?, ?)", rows)

    def _enter(self, seq: int, entry: _Entry) -> None:
        self._entries[seq] = entry
        self.size += entry.size

    def _is_dirty(self) -> bool:
        return bool(self._deleted) or not all(entry.stored for entry in self._entries.values())

    def _tell(self) -> None:
        self._changed.set()
        self._changed = trio.Event()


@asynccontextmanager
async def open_outbox(path: Path) -> AsyncIterator[Outbox]:
    """The outbox in a database that only this process may use, created if it does not exist.

    Raises `HomeError` if another Worker uses it, or if it cannot be opened.
    """
    milliseconds = int(clock.now().timestamp() * 1000)
    connection, outbox = await trio.to_thread.run_sync(_open, path, milliseconds)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(outbox.write_behind)
            try:
                yield outbox
            finally:
                nursery.cancel_scope.cancel()
        with trio.move_on_after(FLUSH_SECONDS, shield=True):
            await outbox.write()
    finally:
        connection.close()


class _Damaged(Exception):
    """The database is not what a Worker wrote."""


def _open(path: Path, least: int) -> tuple[sqlite3.Connection, Outbox]:
    """The outbox, and its connection, with numbers above ``least``."""
    try:
        return _open_sound(path, least)
    except _Damaged as damage:
        try:
            aside = set_aside(path, damage, "-wal", "-shm")
            rows = salvaged(aside, SELECT)
            connection, outbox = _open_sound(path, least)
        except (OSError, sqlite3.Error, _Damaged) as error:
            raise HomeError(f"{path} is damaged and can't be replaced: {error}") from None
    readable = [(seq, text) for seq, text in rows if 0 < seq < MOST]
    for seq, text in readable:
        outbox.restore(seq, text, stored=False)
    log.warning("Unsent messages that can be read in %s: %d", aside.name, len(readable))
    return connection, outbox


def _open_sound(path: Path, least: int) -> tuple[sqlite3.Connection, Outbox]:
    try:
        connection = sqlite3.connect(path, timeout=1.0, check_same_thread=False)
    except sqlite3.OperationalError as error:
        raise HomeError(f"{path} cannot be opened: {error}") from None
    try:
        return connection, _load(connection, least)
    except (sqlite3.DatabaseError, _Damaged) as error:
        connection.close()
        if isinstance(error, _Damaged):
            raise
        match getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF:
            case sqlite3.SQLITE_BUSY:
                raise HomeError(
                    f"{path.parent} is used by another Worker; give this one a folder of its own"
                    " with FLAMENCO_HOME"
                ) from None
            case sqlite3.SQLITE_FULL:
                raise HomeError(
                    f"the disk of {path.parent} is full; make room and try again"
                ) from None
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_ERROR:
                raise _Damaged(str(error)) from None
            case sqlite3.SQLITE_READONLY if os.access(path, os.W_OK):
                raise _Damaged(str(error)) from None
        raise HomeError(f"{path} cannot be used: {error}; move it away to start afresh") from None


def _load(connection: sqlite3.Connection, least: int) -> Outbox:
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    with connection:
        connection.execute(SCHEMA)
        connection.execute("DELETE FROM outbox WHERE seq < 0")  # takes the lock
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    last = connection.execute("SELECT max(seq) FROM sqlite_sequence").fetchone()[0] or 0
    if found != "ok" or not isinstance(last, int) or last >= MOST:
        raise _Damaged(found)
    outbox = Outbox(connection, max(last, least))
    for seq, text in connection.execute(f"{SELECT} ORDER BY seq"):
        outbox.restore(seq, text, stored=True)
    return outbox
