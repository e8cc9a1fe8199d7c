"""Checkouts: folders of links to stored files. Everything here blocks and belongs in threads.

Links are symbolic and relative, so that a checkout works on every machine that sees the shared
storage, under whatever path. Where the storage does not support them (Windows without the right to
create them, some network drives) they are hard links.
"""

import errno
import os
import secrets
import shutil
import string
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from threading import Lock

import attrs

from flamenco.shaman.errors import BadPath, MissingFiles, NoFreePath, StorageFailed
from flamenco.shaman.files import CheckoutFile, FileKey, checked_tree, checkout_path
from flamenco.shaman.store import FileStore, remove_empty

ATTEMPTS = 10
SUFFIX_LENGTH = 4
_SUFFIX_LETTERS = string.ascii_lowercase + string.digits
_NAMED_MISSING = 10  # in an error

_NO_SYMLINKS = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}
_PRIVILEGE_NOT_HELD = 1314  # Windows
_BAD_NAME = {errno.ENAMETOOLONG, errno.ENOTDIR, errno.EEXIST, errno.EINVAL, errno.EILSEQ}


@attrs.frozen
class Checkouts:
    """The checkouts below ``root``."""

    root: Path
    store: FileStore
    _lock: Lock = attrs.field(factory=Lock, init=False, repr=False)
    """Held while folders come and go, so that no folder about to be used is removed as empty."""

    def make(self, wanted: str, files: Iterable[CheckoutFile], now: float) -> str:
        """Make a checkout and return its path, which gets a suffix if it is taken.

        A failure leaves nothing behind, and never touches other checkouts. Raises `BadPath`,
        `MissingFiles`, `NoFreePath`, `StorageFailed`, OSError.
        """
        path, tree = checkout_path(wanted), checked_tree(files)
        missing = [str(path) for path, key in tree.items() if not self.store.touch(key, now)]
        if missing:
            raise MissingFiles(_missing(missing))
        folder = self._own_folder(path)
        try:
            self._fill(folder, tree)
        except BaseException:
            self._erase(folder)
            raise
        return folder.relative_to(self.root).as_posix()

    def _own_folder(self, path: PurePosixPath) -> Path:
        """A new folder that belongs to this checkout alone."""
        for attempt in range(ATTEMPTS):
            folder = self.root / (path if not attempt else f"{path}-{_suffix()}")
            with self._lock:
                try:
                    folder.parent.mkdir(parents=True, exist_ok=True)
                except OSError as error:
                    raise _refused(error, path) from None
                try:
                    folder.mkdir()
                except FileExistsError:
                    continue
                except OSError as error:
                    remove_empty(folder.parent, self.root)
                    raise _refused(error, path) from None
            return folder
        raise NoFreePath(f"the checkout path {str(path)!r} is taken, and so are its variants")

    def _fill(self, folder: Path, tree: Mapping[PurePosixPath, FileKey]) -> None:
        real, blobs = Path(os.path.realpath(folder)), Path(os.path.realpath(self.store.root))
        for path, key in tree.items():
            place = real / path
            blob = blobs / self.store.blob(key).relative_to(self.store.root)
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                link(blob, place)
            except OSError as error:
                raise _refused(error, path) from None

    def _erase(self, folder: Path) -> None:
        with suppress(FileNotFoundError):
            shutil.rmtree(folder)
        with self._lock:
            remove_empty(folder.parent, self.root)


def link(blob: Path, place: Path) -> None:
    """Link a stored file into a checkout. Raises OSError, `StorageFailed`."""
    try:
        place.symlink_to(os.path.relpath(blob, place.parent))
    except OSError as error:
        windows = getattr(error, "winerror", None)
        if error.errno not in _NO_SYMLINKS and windows != _PRIVILEGE_NOT_HELD:
            raise
    else:
        return
    try:
        os.link(blob, place)
    except OSError as error:
        if error.errno not in _NO_SYMLINKS:
            raise
        raise StorageFailed(
            "the shared storage has neither symbolic nor hard links: set shaman.enabled to false"
        ) from None


def _refused(error: OSError, path: PurePosixPath) -> Exception:
    if error.errno in _BAD_NAME:
        return BadPath(f"the path {str(path)!r} can't be created: {error.strerror}")
    return error


def _suffix() -> str:
    return "".join(secrets.choice(_SUFFIX_LETTERS) for _ in range(SUFFIX_LENGTH))


def _missing(paths: list[str]) -> str:
    more = len(paths) - _NAMED_MISSING
    listed = ", ".join(paths[:_NAMED_MISSING]) + (f" and {more} more" if more > 0 else "")
    return f"these files have not been sent yet: {listed}"
