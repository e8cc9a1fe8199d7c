"""Packs: folders that are handed out to submitters, who copy the files of a job there.

A pack lies beside Shaman's checkouts, and is recorded as one with a key: the key of the submission
that it was made for, whose job then owns it. What Shaman checked out for a submission with a key
waits for its job as long as a pack.
"""

import logging
import secrets
from datetime import timedelta
from pathlib import PurePosixPath

import attrs
import trio

import actors
from flamenco import clock
from flamenco.manager.refusals import NotAllowed, Refusal
from flamenco.manager.services import Services
from flamenco.manager.shaman import CheckoutRecords
from flamenco.model.names import file_name
from flamenco.shaman import Checkouts, Records, erase
from flamenco.store import GiveUpFiles, PutPack, Reader

logger = logging.getLogger(__name__)

KEPT = timedelta(days=1)
"""Time for which keys of submissions are remembered, and packs wait for their job."""

CLEAR_SECONDS = 600.0
TOP = PurePosixPath("jobs")
"""Folder of packs and checkouts below the shared storage."""


@attrs.frozen
class HandOutPack(actors.Request[str]):
    """Give a submission a folder of its own; its path below the shared storage is the answer.

    The same key gets the same folder again.
    """

    key: str
    name: str
    """Name of the job, which is only part of the folder's."""


@attrs.frozen
class ClearPacks:
    """Remove packs and checkouts of submissions for which no job came."""


@attrs.frozen
class GiveUp(actors.Request[None]):
    """No job comes for what a submission was given; a job that came all the same keeps it."""

    key: str


@attrs.frozen
class Cleared:
    """They are removed, or could not be."""

    failure: Exception | None = None


class Packs(actors.Actor):
    """The actor that hands out packs, and removes the files of submissions without a job after a
    day, or once they are given up."""

    replies_with = (Refusal,)

    def __init__(self, services: Services, keeper: actors.ActorRef) -> None:
        self._services = services
        self._keeper = keeper
        self._is_wanted = self._is_busy = False
        self._timer: actors.Timer | None = None

    async def started(self) -> None:
        """Clear up now and from time to time."""
        self.tell(self.ref, ClearPacks())

    @actors.handles(HandOutPack)
    async def hand_out(self, message: HandOutPack) -> str:
        """Record a fresh folder for a key. The submitter creates it, and so owns it."""
        if self._services.checkouts is None:
            raise Refusal("there is no shared storage: set shared_storage_path first")
        await check_not_given_up(message.key, self._services.reader)
        path = await self._services.reader.pack_of(message.key)
        if path is None:
            path = _fresh_name(message.name)
            self.record(PutPack(path, message.key, clock.now()))
        return (TOP / path).as_posix()

    @actors.handles(GiveUp)
    def give_up(self, message: GiveUp) -> None:
        """Begin to remove the files of a submission that will not come."""
        self.record(GiveUpFiles(message.key))
        self.tell(self.ref, ClearPacks())

    @actors.handles(ClearPacks)
    def clear(self, _: ClearPacks) -> None:
        """Begin to remove abandoned files in the background, or once that is done, anew."""
        self._is_wanted = True
        self._next()

    def _next(self) -> None:
        if self._is_busy:
            return
        if self._timer is not None:
            self._timer.cancel()
        if not self._is_wanted:
            self._timer = self.after(CLEAR_SECONDS, ClearPacks())
            return
        self._is_wanted, self._is_busy = False, True
        self.start_soon(self._clear, done=lambda _: Cleared(), failed=Cleared)

    @actors.handles(Cleared)
    def cleared(self, message: Cleared) -> None:
        """Set the timer for the next time."""
        if message.failure is not None:
            logger.warning("files without a job can't be removed yet: %s", message.failure)
        self._is_busy = False
        self._next()

    async def _clear(self) -> None:
        reader, checkouts = self._services.reader, self._services.checkouts
        if checkouts is None:
            return
        records = CheckoutRecords(self._keeper, reader)
        for path, is_pack in await reader.files_without_job(clock.now() - KEPT):
            remove = erase_pack if is_pack else erase
            if await reader.is_used(path):  # by a job that came meanwhile
                continue
            try:
                await remove(PurePosixPath(path), checkouts, records)
            except OSError as error:
                logger.warning("the files in %s can't be removed yet: %s", path, error)
            else:
                logger.info("the files in %s are removed: no job came for them", path)


async def check_not_given_up(key: str, reader: Reader) -> None:
    """Raises `Refusal` if the files of a submission are being removed."""
    if await reader.is_given_up(key):
        raise NotAllowed("this submission was given up: its files are gone, begin a new one")


async def erase_pack(path: PurePosixPath, checkouts: Checkouts, records: Records) -> None:
    """Remove a pack with all that is in it, and its record. It may be gone.

    No link in it is followed, nor one in its place. Raises OSError, also if the folder of all packs
    is gone: its disk may be missing.
    """
    files = await trio.to_thread.run_sync(_files, checkouts, path)
    await trio.to_thread.run_sync(checkouts.empty, path, files, frozenset[PurePosixPath]())
    await records.remove(path.as_posix())
    await trio.to_thread.run_sync(checkouts.release, path)


def _files(checkouts: Checkouts, path: PurePosixPath) -> list[PurePosixPath]:
    with checkouts.tree.folder():
        return [found.path for found in checkouts.tree.walk(path)]


def _fresh_name(job_name: str) -> str:
    moment = clock.now().strftime("%Y-%m-%d-%H%M%S")
    return f"{moment}-{file_name(job_name)}-{secrets.token_hex(4)}"
