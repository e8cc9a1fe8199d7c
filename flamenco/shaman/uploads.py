"""Uploads under way, by file. For Trio's thread only, so without a lock."""

from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import trio

from flamenco.shaman.files import FileKey


@attrs.define(eq=False)
class Upload:
    """One client's upload, run in ``scope``, which is cancelled if another client was faster."""

    key: FileKey
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)


@attrs.define
class Uploads:
    """The uploads that are under way."""

    _running: dict[FileKey, set[Upload]] = attrs.field(factory=dict)

    def are_running(self, key: FileKey) -> bool:
        """True if a client is sending this file."""
        return key in self._running

    @contextmanager
    def running(self, key: FileKey) -> Iterator[Upload]:
        """Another upload, for as long as the block runs."""
        upload = Upload(key)
        self._running.setdefault(key, set()).add(upload)
        try:
            yield upload
        finally:
            others = self._running[key]
            others.discard(upload)
            if not others:
                del self._running[key]

    def done(self, upload: Upload) -> None:
        """End all other uploads of the same file."""
        for other in self._running[upload.key] - {upload}:
            other.scope.cancel()
