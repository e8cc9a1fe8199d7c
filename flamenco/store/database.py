"""The SQLite file: opening and migrating it, loading snapshots, committing changes.

WAL with ``synchronous=FULL``: what a commit returned from survives a power cut. All writing is
done on one connection by one thread at a time, so no lock is ever waited for.
"""

import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import attrs
import trio
from sqlite_utils import Database

from flamenco.model.workers import Worker
from flamenco.store import snapshots
from flamenco.store.changes import write
from flamenco.store.migrations import MIGRATIONS

T = TypeVar("T")

PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 5000")


class StoreError(Exception):
    """The database cannot be used; the text says why."""


class NewerDatabase(StoreError):
    """The database was written by a newer Flamenco."""


@attrs.define(eq=False)
class Store:
    """Snapshots and changes on disk. One per Manager; see `open_store`."""

    path: Path
    _db: Database
    _one_at_a_time: trio.CapacityLimiter = attrs.field(factory=lambda: trio.CapacityLimiter(1))

    async def load(self, key: str) -> snapshots.JobSnapshot | Worker | None:
        """The snapshot of this key as of the last commit, or None."""
        return await self._in_thread(snapshots.load, self._db.conn, key)

    async def commit(self, changes: Sequence[object]) -> None:
        """Write all changes or none; durable on return. Raises `StoreError` if it can't."""
        await self._in_thread(self._write, changes)

    async def pages(self) -> int:
        """How many pages the database has now."""
        return int(await self._in_thread(self._pragma, "page_count"))

    async def limit_pages(self, pages: int) -> None:
        """Let the database grow to so many pages at most: what a full disk looks like."""
        await self._in_thread(self._pragma, f"max_page_count = {pages}")

    def _pragma(self, text: str) -> int:
        return int(self._db.execute(f"PRAGMA {text}").fetchone()[0])

    def _write(self, changes: Sequence[object]) -> None:
        try:
            with self._db.atomic():
                for change in changes:
                    write(self._db.conn, change)
        except sqlite3.OperationalError as error:
            raise StoreError(f"cannot write {self.path}: {error}") from error

    async def _in_thread(self, function: Callable[..., T], *args: object) -> T:
        return await trio.to_thread.run_sync(function, *args, limiter=self._one_at_a_time)


def connect(path: Path, *, read_only: bool = False) -> Database:
    """A connection that any thread may use, one at a time."""
    target = f"{path.absolute().as_uri()}{'?mode=ro' if read_only else ''}"
    connection = sqlite3.connect(target, uri=True, check_same_thread=False)
    db = Database(connection)
    for pragma in PRAGMAS[1 if read_only else 0 :]:
        connection.execute(f"PRAGMA {pragma}")
    return db


def _migrate(db: Database, path: Path) -> None:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise NewerDatabase(
            f"{path} has schema {version}, this Flamenco knows {len(MIGRATIONS)}: "
            "it was written by a newer version, use that one"
        )
    if 0 < version < len(MIGRATIONS):
        db.execute("VACUUM INTO ?", [f"{path}.schema-{version}"])
    with db.atomic():
        for number, migration in enumerate(MIGRATIONS[version:], version + 1):
            migration(db)
            db.execute(f"PRAGMA user_version = {number}")


def _open(path: Path) -> Database:
    db = connect(path)
    problem = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if problem != "ok":
        raise StoreError(f"{path} is damaged: {problem}; restore it from a copy")
    _migrate(db, path)
    return db


def _open_alone(path: Path) -> tuple[sqlite3.Connection, Database]:
    """The database, and the lock that keeps other Managers away from it until it is closed.

    The lock is a transaction on a file of its own, so that it ends with the process in any case.
    """
    lock = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = sqlite3.connect(
            f"{path}.lock", timeout=0, isolation_level=None, check_same_thread=False
        )
        lock.execute("BEGIN EXCLUSIVE")
        return lock, _open(path)
    except (OSError, sqlite3.Error, StoreError) as error:
        if lock is not None:
            lock.close()
        raise _explained(path, error) from error


def _explained(path: Path, error: Exception) -> StoreError:
    if isinstance(error, StoreError):
        return error
    if getattr(error, "sqlite_errorname", "") == "SQLITE_BUSY":
        return StoreError(f"{path} is in use by another Manager: stop it, or use another storage")
    hint = ", is the disk full?" if "disk" in str(error) else ""
    return StoreError(f"cannot open the database {path}: {error}{hint}")


@asynccontextmanager
async def open_store(path: Path) -> AsyncIterator[Store]:
    """Open or create the database, upgrade its schema (after a copy), close it at the end.

    Raises `NewerDatabase` if it needs a newer Flamenco, `StoreError` if it cannot be used.
    """
    lock, db = await trio.to_thread.run_sync(_open_alone, path)
    try:
        yield Store(path, db)
    finally:
        db.conn.close()
        lock.close()
