"""Check of stored files: whether each is what its name says. Blocks and belongs in threads."""

import errno
import hashlib
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import PurePosixPath

import attrs

from flamenco.shaman.files import FileKey
from flamenco.shaman.store import FileStore, blob_path

PIECE_BYTES = 2**20

Pause = Callable[[], None]
"""Function called from time to time, which may raise to end the work early."""


@attrs.frozen
class Checked:
    """A stored file that was read."""

    path: PurePosixPath
    size: int
    """Number of bytes that were read."""
    is_good: bool


def check(store: FileStore, pause: Pause) -> Iterator[Checked]:
    """All stored files, read from the disk. One that goes meanwhile is left out. Raises OSError."""
    for found in store.blobs():
        with suppress(FileNotFoundError):
            yield _checked(store, found.path, pause)


def _checked(store: FileStore, path: PurePosixPath, pause: Pause) -> Checked:
    digest, size = hashlib.sha256(), 0
    with store.stored.folder(path.parent) as folder:
        if not stat.S_ISREG(folder.stat(path.name).st_mode):
            return Checked(path, 0, is_good=False)
        with folder.read(path.name) as file:
            try:
                while piece := file.read(PIECE_BYTES):
                    pause()
                    digest.update(piece)
                    size += len(piece)
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                return Checked(path, size, is_good=False)
    return Checked(path, size, blob_path(FileKey(digest.hexdigest(), size)) == path)
