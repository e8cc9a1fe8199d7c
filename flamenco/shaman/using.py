"""Users of a shared storage: Managers beside each other, or one Shaman on its own.

The lock is on the folder itself, and ends with the process in any case. Where folders can't be
locked (Windows, some network drives), nobody is kept away.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flamenco.shaman.errors import StorageFailed

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def using(shared: Path, *, alone: bool = False) -> Iterator[None]:
    """Use a storage, alone or beside others. Raises `StorageFailed` if others are in the way."""
    if fcntl is None or not shared.is_dir():
        yield
        return
    descriptor = os.open(shared, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            who = "a Manager, or another Shaman," if alone else "a Shaman on its own"
            raise StorageFailed(f"{shared} is in use by {who}: stop that first") from None
        except OSError:  # this storage has no locks
            pass
        yield
    finally:
        os.close(descriptor)
