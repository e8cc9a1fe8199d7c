"""The lock of a database: one Manager at a time uses it, by whatever name."""

import logging
import os
import sqlite3
import struct
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

from flamenco.store.errors import StoreError

logger = logging.getLogger(__name__)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other Managers away from a database, which need not be there yet.

    The lock is a transaction on a file of its own, so that it ends with the process in any case.
    That file lies beside the database itself, wherever symbolic links to it may be. On Linux the
    database itself is locked as well, in case that it has another name by a hard link.
    Raises `StoreError`, OSError, sqlite3.Error.
    """
    real = path.resolve()
    real.parent.mkdir(parents=True, exist_ok=True)
    with closing(_begun(Path(f"{real}.lock"), path)):
        by_inode = _inode_locked(real, path) if sys.platform == "linux" else nullcontext()
        with by_inode:
            if real.exists() and real.stat().st_nlink > 1:
                _tell_of_links(path)
            yield


def _begun(file: Path, path: Path) -> sqlite3.Connection:
    """The transaction that is the lock. A damaged file, which holds nothing, is made anew."""
    lock = sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.DatabaseError as error:
        lock.close()
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise _in_use(path) from None
        if error.sqlite_errorcode not in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise
        logger.warning("%s is damaged, and made anew", file)
        file.unlink()
        return _begun(file, path)
    return lock


if sys.platform == "linux":
    import fcntl

    _FIRST_BYTE = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 1, 0)
    """`struct flock` of a byte that SQLite does not lock."""

    @contextmanager
    def _inode_locked(real: Path, path: Path) -> Iterator[None]:
        """Lock the file, which must be closed after all connections: SQLite's locks end with it."""
        descriptor = os.open(real, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _FIRST_BYTE)
            except (BlockingIOError, PermissionError):
                raise _in_use(path) from None
            yield
        finally:
            os.close(descriptor)


def _tell_of_links(path: Path) -> None:
    """Warn of a second name, which no other Manager can use on Linux. Raises `StoreError` else."""
    told = f"the database {path} has a second name, a hard link"
    if sys.platform != "linux":
        raise StoreError(
            f"{told}, by which another Manager could use it at the same time: remove that link, or "
            "use a copy of the file"
        )
    logger.warning("%s: that is no copy of it, but changes with it", told)


def _in_use(path: Path) -> StoreError:
    return StoreError(f"{path} is in use by another Manager: stop it, or use another storage")
