"""The asynchronous interface of Shaman, which does its file work in a few threads of its own."""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from enum import Enum
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TypeVar

import attrs
import trio

from flamenco import clock
from flamenco.model.links import LinkKind
from flamenco.model.statuses import FileStatus
from flamenco.shaman.checking import check
from flamenco.shaman.checkouts import Checkouts
from flamenco.shaman.copies import Copies
from flamenco.shaman.errors import StorageFailed
from flamenco.shaman.files import CheckoutFile, FileKey, once
from flamenco.shaman.folders import Tree
from flamenco.shaman.garbage import Collected, collect, find, oldest_kept
from flamenco.shaman.linking import try_out
from flamenco.shaman.records import Records, erase
from flamenco.shaman.store import (
    ABANDONED_SECONDS,
    FileStore,
    Incoming,
    WrongContent,
    receive_whole,
)
from flamenco.shaman.uploads import Read, Uploads

logger = logging.getLogger(__name__)

T = TypeVar("T")

THREADS = 8
"""Maximum number of files that are read or written at once."""

CLEAN_UP_SECONDS = 30.0

PIECE_BYTES = 2**20
"""Bytes that an upload gathers before it writes them: all the memory that it takes."""


class Received(Enum):
    """Outcome of an upload."""

    STORED = "stored"
    ELSEWHERE = "another client was faster"
    WRONG = "checksum or length are not those announced"


@attrs.frozen
class Shaman:
    """Shaman for one shared storage.

    Its methods raise `StorageFailed` if the storage fails.
    """

    shared: Path
    links: LinkKind = LinkKind.RELATIVE
    """Kind of the entries in new checkouts."""
    _uploads: Uploads = attrs.field(factory=Uploads, init=False)
    _threads: trio.CapacityLimiter = attrs.field(
        factory=lambda: trio.CapacityLimiter(THREADS), init=False
    )
    _collecting: trio.CapacityLimiter = attrs.field(
        factory=lambda: trio.CapacityLimiter(1), init=False
    )
    store: FileStore = attrs.field(init=False)
    checkouts: Checkouts = attrs.field(init=False)

    @store.default
    def _store(self) -> FileStore:
        stored, uploading = (f"file-store/{name}" for name in ("stored", "uploading"))
        return FileStore(Tree(self.shared, stored), Tree(self.shared, uploading))

    @checkouts.default
    def _checkouts(self) -> Checkouts:
        copies = Copies(Tree(self.shared, "file-store/copies"))
        return Checkouts(Tree(self.shared, "jobs"), self.store, copies, self.links)

    # Files

    async def requirements(
        self, files: Sequence[CheckoutFile]
    ) -> list[tuple[CheckoutFile, FileStatus]]:
        """The files that have to be sent, each once and in their order; the others are touched."""
        now = _now()
        asked = once(files)
        absent = await self._in_thread(lambda: self.store.absent(asked, now))
        return [(asked[key], self._absent(key)) for key in absent]

    async def status(self, key: FileKey) -> FileStatus:
        """The status of a file; a stored one is touched."""
        now = _now()
        absent = await self._in_thread(lambda: self.store.absent([key], now))
        return self._absent(key) if absent else FileStatus.STORED

    def _absent(self, key: FileKey) -> FileStatus:
        running = self._uploads.are_running(key)
        return FileStatus.UPLOADING if running else FileStatus.UNKNOWN

    async def receive(self, key: FileKey, read: Read) -> Received:
        """Store the bytes read if they are the file; otherwise leave nothing behind."""
        with self._uploads.running(key) as upload, upload.scope:
            await self._uploads.turn(upload)
            try:
                await self._store_what_comes(key, upload.noting(read))
            except WrongContent:
                return Received.WRONG
            self._uploads.done(upload)
            return Received.STORED
        return Received.ELSEWHERE

    async def _store_what_comes(self, key: FileKey, read: Read) -> None:
        if key.size < PIECE_BYTES:  # one thread's turn, of which each costs as much as a small file
            content, now = await _gather(read), _now()
            await self._in_thread(lambda: receive_whole(self.store, key, content, now))
            return
        incoming = await self._in_thread(lambda: Incoming(self.store, key))
        try:
            await self._write(incoming, read)
            now = _now()
            await self._in_thread(lambda: incoming.finish(now))
        finally:
            await self._close(incoming)

    async def _write(self, incoming: Incoming, read: Read) -> None:
        """Write what comes, piece by piece, and take in the next one meanwhile."""
        content = await _gather(read)
        while len(content) >= PIECE_BYTES:
            async with _together() as nursery:
                nursery.start_soon(self._in_thread, partial(incoming.write, content))
                content = await _gather(read)
        await self._in_thread(partial(incoming.write, content))

    async def _close(self, incoming: Incoming) -> None:
        with trio.move_on_after(CLEAN_UP_SECONDS, shield=True), suppress(OSError):
            await trio.to_thread.run_sync(incoming.close)

    # Checkouts

    async def checkout(self, path: str, files: Sequence[CheckoutFile], records: Records) -> str:
        """Make a checkout and return its path, which gets a suffix if the wanted one is taken.

        A failure leaves nothing behind, and never touches other checkouts. Raises `BadPath`,
        `MissingFiles`, `NoFreePath`, and what ``records`` raise.
        """
        now = _now()
        place, tree = await self._in_thread(lambda: self.checkouts.reserve(path, files, now))
        try:
            await records.add(place.as_posix())
            await self._in_thread(lambda: self.checkouts.fill(place, tree, now))
            await trio.lowlevel.checkpoint_if_cancelled()
        except BaseException:
            with trio.move_on_after(CLEAN_UP_SECONDS, shield=True):
                await self._give_up(place, records)
            raise
        return place.as_posix()

    async def try_links(self) -> None:
        """Make an entry as checkouts have them. Raises `StorageFailed` if there are none."""
        await self._in_thread(lambda: try_out(self.links, self.store, self.checkouts.tree))

    async def _give_up(self, place: PurePosixPath, records: Records) -> None:
        try:
            await erase(place, self.checkouts, records)
        except Exception as error:  # noqa: BLE001  # the first error counts
            logger.warning("the checkout %s failed, and is not removed yet: %s", place, error)

    async def forget_checkout(self, path: str, records: Records) -> bool:
        """Remove a checkout if it is a day old; True if it is gone.

        A folder that Shaman did not make stays, and is forgotten.
        """
        place, oldest = PurePosixPath(path), _now() - ABANDONED_SECONDS
        try:
            if not await self._in_thread(lambda: self.checkouts.is_older(place, oldest)):
                return False
            if not await self._in_thread(lambda: self.checkouts.is_own(place)):
                logger.warning("the folder %s stays: Shaman did not make it", path)
                await records.remove(path)
                return False
            await erase(place, self.checkouts, records)
        except (StorageFailed, OSError) as error:
            logger.warning("the checkout %s can't be deleted: %s", path, error)
            return False
        return True

    # Garbage

    async def collect_garbage(self, max_age: float) -> Collected:
        """Delete files that are unused and have not been touched for ``max_age`` seconds."""
        now, pause = _now(), trio.from_thread.check_cancelled
        return await self._in_thread(
            lambda: collect(self.store, self.checkouts.tree, now, max_age, pause),
            self._collecting,
        )

    async def garbage(self, max_age: float) -> Collected:
        """The garbage that `collect_garbage` would delete."""
        oldest, pause = oldest_kept(_now(), max_age), trio.from_thread.check_cancelled
        found, kept = await self._in_thread(
            lambda: find(self.store, self.checkouts.tree, oldest, pause), self._collecting
        )
        return Collected(len(found), sum(found.values()), kept)

    async def damaged(self, *, delete: bool) -> tuple[list[Path], int]:
        """Stored files that are not what their names say, and the number of all.

        With ``delete`` they are deleted, so that clients send them again.
        """
        pause = trio.from_thread.check_cancelled

        def work() -> tuple[list[Path], int]:
            checked = list(check(self.store, pause))
            damaged = [each.path for each in checked if not each.is_good]
            for path in damaged if delete else ():
                self.store.stored.remove(path)
            return [self.store.stored.path / path for path in damaged], len(checked)

        return await self._in_thread(work, self._collecting)

    async def _in_thread(
        self, work: Callable[[], T], limiter: trio.CapacityLimiter | None = None
    ) -> T:
        try:
            return await trio.to_thread.run_sync(work, limiter=limiter or self._threads)
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            raise StorageFailed(f"the shared storage refused: {error.strerror}{where}") from error


@asynccontextmanager
async def _together() -> AsyncIterator[trio.Nursery]:
    """A nursery that raises what fails first in it, as it is."""
    try:
        async with trio.open_nursery() as nursery:
            yield nursery
    except BaseExceptionGroup as group:
        cancelled = group.subgroup(trio.Cancelled)
        raise cancelled or group.exceptions[0] from None


async def _gather(read: Read) -> bytes:
    content = bytearray()
    while len(content) < PIECE_BYTES and (piece := await read()):
        content += piece
    return bytes(content)


def _now() -> float:
    return clock.now().timestamp()
