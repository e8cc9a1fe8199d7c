"""Entries of checkouts, of each kind. Everything here blocks and belongs in threads."""

import errno
import hashlib
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import BinaryIO

import attrs

from flamenco.disks import sync_content
from flamenco.model.links import LinkKind
from flamenco.shaman.errors import StorageFailed
from flamenco.shaman.files import FileKey
from flamenco.shaman.folders import Folder, Tree
from flamenco.shaman.store import FileStore, blob_path, receive_whole

OWN_FILES = frozenset({LinkKind.REFLINK, LinkKind.COPY})
"""Kinds that are files of their own, which nothing ties to the stored ones."""

UNFINISHED = ".shaman"
"""End of the name of a copy that is being made."""

_CLONE = 0x40049409
"""Linux: FICLONE, with which a file shares the content of another."""
_NO_LINKS = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
_NO_CLONES = {*_NO_LINKS, errno.EINVAL, errno.EXDEV, errno.ENOTTY}
_PRIVILEGE_NOT_HELD = 1314  # Windows


@attrs.frozen
class Entry:
    """An entry to be made: ``name`` in the folder ``place``, for a stored file."""

    store: FileStore
    key: FileKey
    place: Folder
    name: str
    stored: str
    """The way from ``place`` to the folder of stored files."""
    time: float
    """Time that a copy gets, in seconds: one that was changed since has another."""


def make(kind: LinkKind, entry: Entry) -> None:
    """Make an entry. Raises OSError, `StorageFailed` if the storage has no entries of this kind."""
    try:
        _MAKERS[kind](entry)
    except OSError as error:
        if error.errno not in (_NO_CLONES if kind is LinkKind.REFLINK else _NO_LINKS):
            raise
        raise StorageFailed(_HAS_NOT[kind]) from None


_HAS_NOT: Mapping[LinkKind, str] = {
    LinkKind.RELATIVE: "the shared storage has neither symbolic nor hard links: set shaman.links to"
    " copy, or shaman.enabled to false",
    LinkKind.HARD: "the shared storage has no hard links: set shaman.links to relative or copy",
    LinkKind.REFLINK: "the shared storage has no reflinks, as Btrfs and XFS on Linux have them: set"
    " shaman.links to relative, hard or copy",
    LinkKind.COPY: "the shared storage lets no files be copied in it",
}


def _relative(entry: Entry) -> None:
    try:
        entry.place.symlink(entry.name, f"{entry.stored}/{blob_path(entry.key)}")
    except OSError as error:
        windows = getattr(error, "winerror", None)
        if error.errno not in _NO_LINKS and windows != _PRIVILEGE_NOT_HELD:
            raise
        _hard(entry)


def _hard(entry: Entry) -> None:
    blob = blob_path(entry.key)
    with entry.store.stored.folder(blob.parent) as there:
        entry.place.hard_link(entry.name, there, blob.name)


def _reflink(entry: Entry) -> None:
    _filled(entry, _clone)


def _copy(entry: Entry) -> None:
    _filled(entry, shutil.copyfileobj)


def _clone(source: BinaryIO, target: BinaryIO) -> None:
    if sys.platform != "linux":
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
    from fcntl import ioctl  # it is not everywhere

    ioctl(target.fileno(), _CLONE, source.fileno())


def _filled(entry: Entry, fill: Callable[[BinaryIO, BinaryIO], None]) -> None:
    """Make a file of its own; it gets its name when it is whole, and on the disk."""
    blob, place, begun = blob_path(entry.key), entry.place, f".{entry.name}{UNFINISHED}"
    with entry.store.stored.folder(blob.parent) as there, there.read(blob.name) as source:
        try:
            with place.create(begun) as target:
                fill(source, target)
                sync_content(target.fileno())
            place.set_time(begun, entry.time)
            place.rename(begun, place, entry.name)
        except BaseException:
            with suppress(OSError):
                place.unlink(begun)
            raise


_MAKERS: Mapping[LinkKind, Callable[[Entry], None]] = {
    LinkKind.RELATIVE: _relative,
    LinkKind.HARD: _hard,
    LinkKind.REFLINK: _reflink,
    LinkKind.COPY: _copy,
}


def try_out(kind: LinkKind, store: FileStore, checkouts: Tree) -> None:
    """Make an entry in the folder of checkouts, for a file of its own, and remove both.

    Raises OSError, `StorageFailed`.
    """
    content = secrets.token_bytes(16)
    key = FileKey(hashlib.sha256(content).hexdigest(), len(content))
    name, blob = f".try-{key.sha[:16]}", blob_path(key)
    receive_whole(store, key, content, 0.0)
    try:
        with checkouts.folder(make=True) as place:
            stored = os.path.relpath(store.stored.path, place.path)
            make(kind, Entry(store, key, place, name, stored, 0.0))
            place.unlink(name)
    finally:
        store.stored.remove(blob)
        store.stored.remove_empty(blob.parent)
