"""Garbage collection of stored files (reference rules §12). Blocks and belongs in threads."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath

import attrs

from flamenco.shaman.folders import Tree
from flamenco.shaman.store import KEPT_SECONDS, FileStore


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
    store: FileStore, checkouts: Tree, now: float, max_age: float, pause: Pause
) -> Collected:
    """Delete the garbage, and remains of uploads. Raises OSError."""
    oldest = oldest_kept(now, max_age)
    garbage, kept = find(store, checkouts, oldest, pause)
    files = size = 0
    for path, length in garbage.items():
        pause()
        if store.drop_if_older(path, oldest):
            files, size = files + 1, size + length
        else:
            kept += 1
    for upload in list(store.abandoned(now)):
        store.discard(upload)
    return Collected(files, size, kept)


def oldest_kept(now: float, max_age: float) -> float:
    """Moment since which files are kept if they were used, and be it not long enough ago."""
    return now - max(max_age, KEPT_SECONDS)


def find(
    store: FileStore, checkouts: Tree, oldest: float, pause: Pause
) -> tuple[Mapping[PurePosixPath, int], int]:
    """Files not touched since ``oldest`` (wall time in seconds) that no checkout links to.

    Returns them with their sizes in bytes, and the number of other files. Raises OSError.
    """
    kept, old = 0, dict[str, tuple[PurePosixPath, int]]()
    for blob in store.blobs():
        pause()
        about = blob.about()
        if about.st_mtime < oldest and about.st_nlink == 1:
            old[str(store.stored.path / blob.path)] = blob.path, about.st_size
        else:
            kept += 1
    if old:
        for target in _targets(checkouts):
            pause()
            kept += old.pop(target, None) is not None
    return dict(old.values()), kept


def _targets(checkouts: Tree) -> Iterator[str]:
    for found in checkouts.walk():
        if found.entry.is_symlink():
            yield os.path.realpath(checkouts.path / found.path)
