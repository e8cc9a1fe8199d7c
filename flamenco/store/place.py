"""Files of an open database, which count only while they are at their paths."""

from pathlib import Path

import attrs

from flamenco.store.errors import StoreError

_Identity = tuple[int, int]


@attrs.frozen
class Place:
    """The database and its write-ahead log, by path, device and inode.

    No other file can get these numbers while the database is open.
    """

    path: Path
    _files: dict[Path, _Identity]

    @classmethod
    def of(cls, path: Path) -> "Place":
        """The place of a database that is open. Raises OSError."""
        files = (path, Path(f"{path.resolve()}-wal"))
        return cls(path, {file: _identity(file) for file in files})

    def check(self) -> None:
        """Raise `StoreError` if a file is gone, or another one is in its place."""
        for file, identity in self._files.items():
            try:
                is_there = _identity(file) == identity
            except FileNotFoundError:
                is_there = False
            except OSError as error:
                raise StoreError(f"cannot look for {file}: {error.strerror}") from error
            if not is_there:
                raise StoreError(
                    f"{file} was deleted, moved or replaced while the Manager runs, so nothing can "
                    "be stored: put it back, or stop the Manager and restore a copy"
                )


def _identity(file: Path) -> _Identity:
    about = file.stat()
    return about.st_dev, about.st_ino
