"""Stored files, by their content. Everything here blocks and belongs in threads."""

import hashlib
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path, PurePosixPath
from threading import Lock
from typing import BinaryIO

import attrs

from flamenco.shaman.files import FileKey
from flamenco.shaman.folders import Folder, Found, Tree

ABANDONED_SECONDS = 24 * 3600.0
"""Seconds after which an upload without new bytes, or a checkout without a job, is given up."""

FRESH_SECONDS = 3600.0
"""Seconds for which a file that was marked as used is not marked again: marking costs more."""

KEPT_SECONDS = 2 * FRESH_SECONDS
"""Seconds for which a file is kept at least, so that none goes between such a look and its link."""


class WrongContent(Exception):
    """A file does not have the checksum or the length that was announced."""


def blob_path(key: FileKey) -> PurePosixPath:
    """The path of a file once it is stored, in the tree of the stored files."""
    return _folder(key) / f"{key.size}.blob"


def _sha(key: FileKey) -> str:
    return key.sha


def _folder(key: FileKey) -> PurePosixPath:
    return PurePosixPath(key.sha[:2], key.sha[2:])


@attrs.frozen
class FileStore:
    """Stored files and uploads, each in a tree.

    One lock orders the steps that must not overlap: a file is touched before it is linked, unless
    that was done within the hour, and dropped only if its time is still old. So garbage collection
    never takes a file that a checkout is about to use.
    """

    stored: Tree
    uploading: Tree
    _lock: Lock = attrs.field(factory=Lock, init=False, repr=False)

    def blob(self, key: FileKey) -> Path:
        """The path of a file once it is stored."""
        return self.stored.path / blob_path(key)

    def absent(self, keys: Iterable[FileKey], now: float) -> list[FileKey]:
        """Those that are missing; the others are marked as used at ``now`` (wall time in seconds).

        Most have been lately, as a client asks several times: these cost one look, and no lock.
        """
        every = list(keys)
        try:
            with self.stored.folder() as top:
                stale = [key for key in every if not _is_fresh(top, key, now)]
                there = self._touch(top, stale, now)
        except FileNotFoundError:
            return every
        return [key for key in stale if key not in there]

    def _touch(self, top: Folder, keys: Iterable[FileKey], now: float) -> set[FileKey]:
        """Mark files as used; returns those that are there."""
        there = set[FileKey]()
        for name, group in groupby(sorted(keys, key=_sha), lambda key: key.sha[:2]):
            with suppress(FileNotFoundError), top.inside(name) as shelf:
                for key in group:
                    if self._touch_in(shelf, key, now):
                        there.add(key)
        return there

    def _touch_in(self, shelf: Folder, key: FileKey, now: float) -> bool:
        blob = blob_path(key)
        with self._lock, suppress(FileNotFoundError), shelf.inside(blob.parent.name) as folder:
            about = folder.stat(blob.name)
            if stat.S_ISREG(about.st_mode) and about.st_size == key.size:
                folder.set_time(blob.name, now)
                return True
        return False

    def keep(self, unfinished: PurePosixPath, key: FileKey, now: float) -> None:
        """Turn a complete upload into a stored file."""
        blob = blob_path(key)
        with self._lock, self.uploading.folder(unfinished.parent) as here:
            here.set_time(unfinished.name, now)
            with self.stored.folder(blob.parent, make=True) as there:
                here.move(unfinished.name, there, blob.name)

    def drop_if_older(self, blob: PurePosixPath, oldest: float) -> bool:
        """Delete a stored file, unless it was touched at ``oldest`` or later."""
        with self._lock:
            try:
                with self.stored.folder(blob.parent) as folder:
                    if folder.stat(blob.name).st_mtime >= oldest:
                        return False
                    folder.unlink(blob.name)
            except FileNotFoundError:
                return False
            self.stored.remove_empty(blob.parent)
        return True

    def blobs(self) -> Iterator[Found]:
        """All stored files."""
        return (each for each in self.stored.walk() if each.path.suffix == ".blob")

    def abandoned(self, now: float) -> Iterator[PurePosixPath]:
        """Uploads that were abandoned."""
        for each in self.uploading.walk():
            with suppress(FileNotFoundError):
                if each.about().st_mtime < now - ABANDONED_SECONDS:
                    yield each.path

    def discard(self, upload: PurePosixPath) -> None:
        """Delete an upload, which may be gone."""
        with suppress(FileNotFoundError):
            self.uploading.remove(upload)
        self.uploading.remove_empty(upload.parent)


def _is_fresh(top: Folder, key: FileKey, now: float) -> bool:
    try:
        about = top.peek(f"{key.sha[:2]}/{key.sha[2:]}/{key.size}.blob")
    except OSError:
        return False
    return (
        stat.S_ISREG(about.st_mode)
        and about.st_size == key.size
        and now - FRESH_SECONDS < about.st_mtime <= now
    )


class Incoming:
    """A file that is being received, whose checksum and length are taken as it is written.

    Every method raises OSError if the disk fails.
    """

    def __init__(self, store: FileStore, key: FileKey) -> None:
        self._store, self._key = store, key
        self._path = PurePosixPath(f"{key.sha}-{key.size}-{secrets.token_hex(8)}.tmp")
        self._sum, self._size, self._finished = hashlib.sha256(), 0, False
        with store.uploading.folder(make=True) as folder:
            self._file: BinaryIO = folder.create(self._path.name)

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
        self._finished = True

    def close(self) -> None:
        """Delete the file unless it was finished."""
        self._file.close()
        if not self._finished:
            self._store.discard(self._path)


def receive_whole(store: FileStore, key: FileKey, content: bytes, now: float) -> None:
    """Store a file that has come completely. Raises `WrongContent`, OSError."""
    incoming = Incoming(store, key)
    try:
        incoming.write(content)
        incoming.finish(now)
    finally:
        incoming.close()
