"""Stored files, by their content. Everything here blocks and belongs in threads."""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import BinaryIO

import attrs

from flamenco.shaman.files import FileKey

ABANDONED_SECONDS = 24 * 3600.0
"""Seconds without new bytes after which an upload must be from a Manager that was killed."""


class WrongContent(Exception):
    """A file does not have the checksum or the length that was announced."""


@attrs.frozen
class FileStore:
    """Stored files and uploads below ``root``.

    One lock orders the steps that must not overlap: a file is touched before it is linked, and
    dropped only if its time is still old. So garbage collection never takes a file that a checkout
    is about to use.
    """

    root: Path
    _lock: Lock = attrs.field(factory=Lock, init=False, repr=False)

    @property
    def stored(self) -> Path:
        return self.root / "stored"

    @property
    def uploading(self) -> Path:
        return self.root / "uploading"

    def blob(self, key: FileKey) -> Path:
        """The path of a file once it is stored."""
        return self.stored / key.sha[:2] / key.sha[2:] / f"{key.size}.blob"

    def touch(self, key: FileKey, now: float) -> bool:
        """Mark a file as used at ``now`` (wall time in seconds); returns False if it is missing."""
        blob = self.blob(key)
        with self._lock:
            try:
                if blob.stat().st_size != key.size:
                    return False
                os.utime(blob, (now, now))
            except FileNotFoundError:
                return False
        return True

    def keep(self, unfinished: Path, key: FileKey, now: float) -> None:
        """Turn a complete upload into a stored file."""
        blob = self.blob(key)
        os.utime(unfinished, (now, now))
        with self._lock:
            blob.parent.mkdir(parents=True, exist_ok=True)
            unfinished.replace(blob)

    def drop_if_older(self, blob: Path, oldest: float) -> bool:
        """Delete a stored file, unless it was touched at ``oldest`` or later."""
        with self._lock:
            try:
                if blob.stat().st_mtime >= oldest:
                    return False
                blob.unlink()
            except FileNotFoundError:
                return False
            remove_empty(blob.parent, self.stored)
        return True

    def blobs(self) -> Iterator[os.DirEntry[str]]:
        """All stored files."""
        return (each for each in walk(self.stored) if each.name.endswith(".blob"))

    def abandoned(self, now: float) -> Iterator[os.DirEntry[str]]:
        """Uploads that were abandoned."""
        for each in walk(self.uploading):
            with suppress(FileNotFoundError):
                if each.stat().st_mtime < now - ABANDONED_SECONDS:
                    yield each


class Incoming:
    """A file that is being received, whose checksum and length are taken as it is written.

    Every method raises OSError if the disk fails.
    """

    def __init__(self, store: FileStore, key: FileKey) -> None:
        self._store, self._key = store, key
        folder = store.uploading / key.sha[:2] / key.sha[2:]
        self._path = folder / f"{key.size}-{secrets.token_hex(8)}.tmp"
        self._sum, self._size = hashlib.sha256(), 0
        self._file = self._open()

    def _open(self) -> BinaryIO:
        while True:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # another upload of this file just ended
                return self._path.open("xb", buffering=0)

    def write(self, content: bytes) -> None:
        """Add to the file. Raises `WrongContent` if it gets too long."""
        self._size += len(content)
        if self._size > self._key.size:
            raise WrongContent
        self._sum.update(content)
        rest = memoryview(content)
        while rest:
            rest = rest[self._file.write(rest) :]

    def finish(self, now: float) -> None:
        """Turn it into a stored file. Raises `WrongContent`."""
        if self._size != self._key.size or self._sum.hexdigest() != self._key.sha:
            raise WrongContent
        os.fsync(self._file.fileno())
        self._file.close()
        self._store.keep(self._path, self._key, now)

    def close(self) -> None:
        """Delete the file unless it was finished."""
        self._file.close()
        self._path.unlink(missing_ok=True)
        remove_empty(self._path.parent, self._store.uploading)


def walk(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    """All files and links below a folder, if it exists; links aren't followed."""
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from walk(entry.path)
            else:
                yield entry


def remove_empty(folder: Path, top: Path) -> None:
    """Remove a folder and the folders above it, up to ``top``, as long as they are empty."""
    while top in folder.parents:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
