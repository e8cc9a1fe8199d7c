"""Uploads under way, by file. For Trio's thread only, so without a lock."""

import math
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import attrs
import trio

from flamenco.shaman.files import FileKey

TURN_SECONDS = 40.0
"""Seconds for which a client waits for another one that is sending the same file: most bear a
minute of that."""

STILL_SECONDS = 1.0
"""Seconds without new bytes after which the other one is not waited for."""

Read = Callable[[], Awaitable[bytes]]
"""Function that waits for the next bytes of an upload; empty at its end."""


@attrs.define(eq=False)
class Upload:
    """One client's upload, run in ``scope``, which is cancelled if another client was faster."""

    key: FileKey
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    over: trio.Event = attrs.field(factory=trio.Event)
    moved: float = math.inf
    """Trio's time of the newest bytes, or of its turn; infinite until then."""

    def noting(self, read: Read) -> Read:
        """The same function, which notes when bytes come."""

        async def noted() -> bytes:
            content = await read()
            self.moved = trio.current_time()
            return content

        return noted

    async def wait(self) -> bool:
        """Wait until it is over, which is True, or stands still."""
        while not self.over.is_set() and trio.current_time() < self.moved + STILL_SECONDS:
            with trio.move_on_after(STILL_SECONDS):
                await self.over.wait()
        return self.over.is_set()


@attrs.define
class Uploads:
    """The uploads that are under way."""

    _running: dict[FileKey, dict[Upload, None]] = attrs.field(factory=dict)
    """Uploads of each file, in the order in which they began."""

    def are_running(self, key: FileKey) -> bool:
        """True if a client is sending this file."""
        return key in self._running

    @contextmanager
    def running(self, key: FileKey) -> Iterator[Upload]:
        """Another upload, for as long as the block runs."""
        upload = Upload(key)
        self._running.setdefault(key, {})[upload] = None
        try:
            yield upload
        finally:
            upload.over.set()
            others = self._running[key]
            del others[upload]
            if not others:
                del self._running[key]

    async def turn(self, upload: Upload) -> None:
        """Wait for the uploads of the same file that began earlier, for a while."""
        with trio.move_on_after(TURN_SECONDS):
            for first in iter(lambda: next(iter(self._running[upload.key])), upload):
                if not await first.wait():
                    break
        upload.moved = trio.current_time()

    def done(self, upload: Upload) -> None:
        """End all other uploads of the same file."""
        for other in self._running[upload.key]:
            if other is not upload:
                other.scope.cancel()
