"""Which stored files nobody needs any more (reference rules §12). Blocks: it is for threads."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs

from flamenco.shaman.store import FileStore, remove_empty, walk


@attrs.frozen
class Collected:
    """What garbage collection deleted."""

    files: int
    size: int
    """Bytes."""
    kept: int
    """Files that stay, because they are in use or not old enough."""


def collect(
    store: FileStore, checkouts: Path, now: float, max_age: float, pause: Callable[[], None]
) -> Collected:
    """Delete the files that nobody touched for ``max_age`` seconds and no checkout links to.

    ``pause`` is called now and then, and may raise to end this early. Raises OSError.
    """
    oldest = now - max_age
    kept, old = 0, {}
    for blob in store.blobs():
        pause()
        about = blob.stat()
        if about.st_mtime < oldest and about.st_nlink == 1:
            old[os.path.realpath(blob.path)] = about.st_size
        else:
            kept += 1
    if old:
        for target in _targets(checkouts):
            pause()
            kept += old.pop(target, None) is not None
    files = size = 0
    for path, length in old.items():
        pause()
        if store.drop_if_older(Path(path), oldest):
            files, size = files + 1, size + length
        else:
            kept += 1
    _sweep(store, now)
    return Collected(files, size, kept)


def _targets(checkouts: Path) -> Iterator[str]:
    for entry in walk(checkouts):
        if entry.is_symlink():
            yield os.path.realpath(entry.path)


def _sweep(store: FileStore, now: float) -> None:
    for upload in list(store.abandoned(now)):
        path = Path(upload.path)
        path.unlink(missing_ok=True)
        remove_empty(path.parent, store.uploading)
