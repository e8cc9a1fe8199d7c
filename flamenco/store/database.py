"""The SQLite file: opening and migrating it, loading snapshots, committing changes.

WAL with ``synchronous=FULL``: what a commit returned from survives a power cut. All writing is
done on one connection by one thread at a time, so no lock is ever waited for.
"""

import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager, closing, suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

import attrs
import trio
from sqlite_utils import Database

from flamenco.logs import TaskLogs
from flamenco.model.livejob import LiveJob
from flamenco.store import snapshots
from flamenco.store.ahead import MOST_PAGES, WriteAheadLog, open_index
from flamenco.store.changes import write
from flamenco.store.details import begin_log_file
from flamenco.store.errors import NewerDatabase, StoreError, damage, shows_damage
from flamenco.store.lock import locked
from flamenco.store.migrations import MIGRATIONS
from flamenco.store.place import Place
from flamenco.store.steps import in_sql
from flamenco.store.touched import Touched

T = TypeVar("T")

BESIDE = ("-wal", "-shm")
"""Ends of the names of files that SQLite keeps beside a database."""

PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "cache_size = -65536",
    f"wal_autocheckpoint = {MOST_PAGES}",
)

FLAMENCO_3 = "goose_db_version"
"""Table by which a database of Flamenco 3's Manager is told (reference database)."""


@attrs.define(eq=False)
class Store:
    """Snapshots and changes on disk. One per Manager; see `open_store`."""

    path: Path
    ahead: WriteAheadLog
    _place: Place
    _db: Database
    _loading: Database
    _logs: TaskLogs
    touched: Touched = attrs.field(factory=Touched)
    _one_at_a_time: trio.CapacityLimiter = attrs.field(factory=lambda: trio.CapacityLimiter(1))
    _one_load: trio.CapacityLimiter = attrs.field(factory=lambda: trio.CapacityLimiter(1))

    async def load(self, key: str) -> LiveJob | snapshots.WorkerSnapshot | None:
        """The snapshot of this key as of the last commit, or None. Raises `UnreadableRow`.

        Read beside the commits, which don't wait while a large job is loaded.
        """
        return await trio.to_thread.run_sync(
            snapshots.load, self._loading.conn, key, limiter=self._one_load
        )

    async def commit(self, changes: Sequence[object]) -> None:
        """Write all changes or none; durable on return. Raises `StoreError` if it can't."""
        self.ahead.note(await self._in_thread(self._write, changes))
        self.touched.note(changes)

    async def begin_log_file(self, job_id: str, task_id: str) -> None:
        """Write what only the database holds of a task's log to its file; no commit is between."""
        await self._in_thread(begin_log_file, self._db.conn, job_id, task_id, self._logs)

    async def pages(self) -> int:
        """Number of pages in the database now."""
        return int(await self._in_thread(self._pragma, "page_count"))

    async def limit_pages(self, pages: int) -> None:
        """Limit the database to ``pages``, which looks like a full disk."""
        await self._in_thread(self._pragma, f"max_page_count = {pages}")

    def _pragma(self, text: str) -> int:
        return int(self._db.execute(f"PRAGMA {text}").fetchone()[0])

    def _write(self, changes: Sequence[object]) -> int:
        self._place.check()
        try:
            with self._db.atomic():
                write(self._db.conn, changes, self._logs)
        except sqlite3.DatabaseError as error:
            if shows_damage(error):
                raise damage(self.path, error) from error
            if not isinstance(error, sqlite3.OperationalError):
                raise
            raise StoreError(f"cannot write {self.path}: {error}") from error
        return self.ahead.pages()

    async def _in_thread(self, function: Callable[..., T], *args: object) -> T:
        return await trio.to_thread.run_sync(function, *args, limiter=self._one_at_a_time)


def connect(path: Path, *, read_only: bool = False) -> Database:
    """A connection that any thread may use, one at a time."""
    target = f"{path.absolute().as_uri()}{'?mode=ro' if read_only else ''}"
    connection = sqlite3.connect(target, uri=True, check_same_thread=False)
    connection.create_function("step_of", 1, in_sql, deterministic=True)
    db = Database(connection)
    for pragma in PRAGMAS[1 if read_only else 0 :]:
        connection.execute(f"PRAGMA {pragma}")
    return db


def make_private(path: Path) -> None:
    """Let only the Manager's user read a database, also one that is to be created.

    It has what Workers prove themselves with. SQLite gives the files beside it the same mode.
    """
    path.touch(0o600)
    with suppress(PermissionError):  # of somebody else, who has lent it
        for each in (path, *(Path(f"{path}{end}") for end in BESIDE)):
            if each.exists():
                each.chmod(each.stat().st_mode & ~0o077)


def _migrate(db: Database, path: Path, logs: TaskLogs) -> None:
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise NewerDatabase(
            f"{path} has schema {version}, this Flamenco knows {len(MIGRATIONS)}: "
            "it was written by a newer version, use that one"
        )
    if not version and db.table(FLAMENCO_3).exists():
        raise StoreError(
            f"{path} is the database of a Manager of Flamenco 3: bring it over with "
            "`flamenco import FOLDER --storage NEW_FOLDER`, where FOLDER is the one in which that "
            "Manager was started"
        )
    if not version and logs.has_any():
        raise StoreError(
            f"the database {path} is empty or new, but {logs.root} has logs of jobs: bring back "
            "their database; or move that folder away, too, to start with an empty farm"
        )
    if 0 < version < len(MIGRATIONS):
        _copy(db, Path(f"{path}.schema-{version}"))
    with db.atomic():
        for number, migration in enumerate(MIGRATIONS[version:], version + 1):
            migration(db)
            db.execute(f"PRAGMA user_version = {number}")


def _copy(db: Database, to: Path) -> None:
    """Copy the database. What is there by that name is whole at any moment."""
    begun = to.with_name(f"{to.name}.begun")
    begun.unlink(missing_ok=True)
    try:
        make_private(begun)
        db.execute("VACUUM INTO ?", [str(begun)])
        begun.replace(to)
    finally:
        begun.unlink(missing_ok=True)


def _open(path: Path, logs: TaskLogs) -> Database:
    with ExitStack() as on_failure:
        make_private(path)
        db = connect(path)
        on_failure.enter_context(closing(db.conn))
        problem = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise damage(path, problem)
        _migrate(db, path, logs)
        on_failure.pop_all()
        return db


PROGRESS_INSTRUCTIONS = 100_000
"""Instructions of SQLite's virtual machine between looks for a cancellation: milliseconds."""


async def check_integrity(path: Path) -> None:
    """Read the whole database and check that it is sound, beside all other work.

    Raises `DamagedDatabase` when it is not. Ends soon when it is cancelled.
    """
    await trio.to_thread.run_sync(_check_integrity, path)


def _check_integrity(path: Path) -> None:
    connection = connect(path, read_only=True).conn
    connection.set_progress_handler(_called_off, PROGRESS_INSTRUCTIONS)
    try:
        problem = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        dangling = connection.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as error:
        trio.from_thread.check_cancelled()
        if shows_damage(error):
            raise damage(path, error) from error
        raise
    finally:
        connection.close()
    if problem != "ok" or dangling:
        raise damage(path, problem if problem != "ok" else f"a row of {dangling[0]} is an orphan")


def _called_off() -> bool:
    """True if SQLite should break off; the thread's own check then raises `Cancelled`."""
    try:
        trio.from_thread.check_cancelled()
    except trio.Cancelled:
        return True
    return False


@attrs.frozen
class _Opened:
    """A database that no other Manager uses until ``closing`` is closed."""

    closing: ExitStack
    db: Database
    index: BinaryIO
    """The file of the index of the write-ahead log."""


def _open_alone(path: Path, logs: TaskLogs) -> _Opened:
    try:
        with ExitStack() as on_failure:
            on_failure.enter_context(locked(path))
            files = on_failure.enter_context(ExitStack())
            db = _open(path, logs)
            on_failure.enter_context(closing(db.conn))
            index = files.enter_context(open_index(path))
            return _Opened(on_failure.pop_all(), db, index)
    except (OSError, sqlite3.Error, StoreError) as error:
        raise _explained(path, error) from error


def _explained(path: Path, error: Exception) -> StoreError:
    if isinstance(error, StoreError):
        return error
    if shows_damage(error):
        return damage(path, error)
    hint = ", is the disk full?" if "disk" in str(error) else ""
    return StoreError(f"cannot open the database {path}: {error}{hint}")


@asynccontextmanager
async def open_store(path: Path, logs: TaskLogs) -> AsyncIterator[Store]:
    """Open or create the database, upgrade its schema (after a copy), close it at the end.

    The logs of tasks are written with the commits that they belong to.
    Raises `NewerDatabase` if it needs a newer Flamenco, `StoreError` if it cannot be used.
    """
    found = await trio.to_thread.run_sync(_open_alone, path, logs)
    with found.closing, ExitStack() as opened:
        loading = await trio.to_thread.run_sync(lambda: connect(path, read_only=True))
        opened.enter_context(closing(loading.conn))
        ahead = await trio.to_thread.run_sync(connect, path)
        opened.enter_context(closing(ahead.conn))
        place = await trio.to_thread.run_sync(Place.of, path)
        log = WriteAheadLog(path, ahead.conn, found.index)
        yield Store(path, log, place, found.db, loading, logs)
