"""Garbage collection of stored files (reference rules §12). Blocks and belongs in threads."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs

from flamenco.shaman.store import FileStore, remove_empty, walk


@attrs.frozen
class Collected:
    """The result of garbage collection: files that it deleted or would delete."""

    files: int
    size: int
    """Bytes of these files."""
    kept: int
    """Number of files that stay, because they are in use or not old enough."""


Pause = Callable[[], None]
"""Function called from time to time, which may raise to end the work early."""


def collect(
    store: FileStore, checkouts: Path, now: float, max_age: float, pause: Pause
) -> Collected:
    """Delete the garbage, and remains of uploads. Raises OSError."""
    garbage, kept = find(store, checkouts, now - max_age, pause)
    files = size = 0
    for path, length in garbage.items():
        pause()
        if store.drop_if_older(path, now - max_age):
            files, size = files + 1, size + length
        else:
            kept += 1
    _sweep(store, now)
    return Collected(files, size, kept)


def find(
    store: FileStore, checkouts: Path, oldest: float, pause: Pause
) -> tuple[dict[Path, int], int]:
    """Files not touched since ``oldest`` (wall time in seconds) that no checkout links to.

    Returns them with their sizes in bytes, and the number of other files. Raises OSError.
    """
    kept, old = 0, dict[str, tuple[Path, int]]()
    for blob in store.blobs():
        pause()
        about = blob.stat()
        if about.st_mtime < oldest and about.st_nlink == 1:
            old[os.path.realpath(blob.path)] = Path(blob.path), about.st_size
        else:
            kept += 1
    if old:
        for target in _targets(checkouts):
            pause()
            kept += old.pop(target, None) is not None
    return dict(old.values()), kept


def _targets(checkouts: Path) -> Iterator[str]:
    for entry in walk(checkouts):
        if entry.is_symlink():
            yield os.path.realpath(entry.path)


def _sweep(store: FileStore, now: float) -> None:
    for upload in list(store.abandoned(now)):
        path = Path(upload.path)
        path.unlink(missing_ok=True)
        remove_empty(path.parent, store.uploading)
