"""Disks that may lose power, or may not be there."""

import os
from contextlib import suppress
from pathlib import Path

sync_content = getattr(os, "fdatasync", os.fsync)
"""Function that waits until the content of an open file is on its disk."""


def sync_folder(folder: Path) -> None:
    """Wait until the names of the files in a folder are on its disk, where that is possible.

    Windows opens no folders, and some network drives don't sync them.
    """
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def make_below(root: Path, folder: Path) -> None:
    """Make a folder and those above it up to ``root``, which has to be there.

    Else it would be made on another disk while its own is not mounted. Raises OSError.
    """
    root.stat()
    folder.mkdir(parents=True, exist_ok=True)
