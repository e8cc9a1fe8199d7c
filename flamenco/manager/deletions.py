"""Deletions: a job's files first, then its rows, in pieces between which others can commit."""

import logging
import shutil
from collections import deque
from pathlib import Path, PurePosixPath

import attrs
import trio

import actors
from flamenco.logs import job_folder
from flamenco.manager.events import deleted_event
from flamenco.manager.packs import erase_pack
from flamenco.manager.services import SHAMAN, Services
from flamenco.manager.shaman import CheckoutRecords
from flamenco.model.jobs import Job
from flamenco.model.statuses import JobStatus
from flamenco.shaman import erase
from flamenco.store import DeleteJob, DeleteTasks

logger = logging.getLogger(__name__)

TASKS_AT_ONCE = 1000
"""Number of tasks that are deleted in one transaction."""


@attrs.frozen
class Erase:
    """A job that should be deleted holds no more leases: erase it."""

    job: Job
    tasks: int
    """Number of its tasks."""


@attrs.frozen
class EraseMore:
    """The files of a job are gone: erase its rows, or the rest of them."""

    erase: Erase
    failure: Exception | None = None


class Deletions(actors.Actor):
    """The actor that erases one job after another. Housekeeping tries again if that fails."""

    mailbox = actors.Mailbox(capacity=100_000)

    def __init__(self, services: Services) -> None:
        self._services = services
        self._waiting: deque[Erase] = deque()
        self._busy = False

    @actors.handles(Erase)
    def erase(self, message: Erase) -> None:
        """Queue a job, unless it is already queued with the same wish for its files."""
        wanted = (message.job.id, message.job.delete_files)
        if all((each.job.id, each.job.delete_files) != wanted for each in self._waiting):
            self._waiting.append(message)
        self._next()

    def _next(self) -> None:
        if self._busy or not self._waiting:
            return
        self._busy = True
        erase = self._waiting[0]
        self.start_soon(
            remove_files,
            erase.job,
            self._services,
            self.system.find(SHAMAN),
            done=lambda _: EraseMore(erase),
            failed=lambda error: EraseMore(erase, failure=error),
        )

    @actors.handles(EraseMore)
    def erase_more(self, message: EraseMore) -> None:
        """Erase some rows, or go on to the next job if the files could not be removed."""
        erase = message.erase
        if message.failure is not None:
            logger.warning("job %s can't be deleted yet: %s", erase.job.id, message.failure)
        elif erase.tasks > 0:
            self.record(DeleteTasks(erase.job.id, TASKS_AT_ONCE))
            fewer = attrs.evolve(erase, tasks=erase.tasks - TASKS_AT_ONCE)
            self.tell(self.ref, EraseMore(fewer))
            return
        else:
            self.record(DeleteJob(erase.job.id))
            self.publish(deleted_event(erase.job))
            logger.info("job %s (%s) is deleted", erase.job.id, erase.job.name)
        self._waiting.popleft()
        self._busy = False
        self._next()


async def own_files(job: Job, services: Services) -> PurePosixPath | None:
    """The checkout of a job, if Shaman made one for it, or its pack.

    Rendered output never counts, nor does any other folder that a job may name.
    """
    named, checkouts = job.shaman_checkout_id or "", services.checkouts
    path = PurePosixPath(named)
    if checkouts is None or str(path) != named or not await services.reader.is_checkout(named):
        return None
    is_pack = await services.reader.is_pack(named)
    look = checkouts.has_folder if is_pack else checkouts.holds
    there = await trio.to_thread.run_sync(look, path)
    return path if there else None


async def remove_local(job: Job, services: Services) -> None:
    """Remove a job's logs, pictures and videos, if they are there. Raises OSError."""
    await trio.to_thread.run_sync(services.videos.remove, job.id)
    local = services.paths.local
    await trio.to_thread.run_sync(_remove, local / job_folder(job.id), local)


async def remove_files(job: Job, services: Services, keeper: actors.ActorRef | None) -> None:
    """Remove a job's logs and pictures, and its checkout or pack, which the ``keeper`` forgets.

    It stays if another job uses it, and so does the pack of a job that was never complete: its
    submitter may come again with the same key. While Shaman is switched off, a checkout of Shaman
    also stays unless its removal was asked for (reference rules §11). Files that are already gone
    are fine. Raises OSError if something can't be removed.
    """
    await remove_local(job, services)
    is_pack = await services.reader.is_pack(job.shaman_checkout_id or "")
    if is_pack and job.status is JobStatus.UNDER_CONSTRUCTION:
        return
    if services.shaman is None and not job.delete_files and not is_pack:
        return
    own = await own_files(job, services)
    if own is None or services.checkouts is None or keeper is None:
        return
    if await services.reader.is_used(str(own), but=job.id):
        logger.info("the files of job %s stay: another job uses them", job.id)
        return
    remove = erase_pack if is_pack else erase
    await remove(own, services.checkouts, CheckoutRecords(keeper, services.reader))


def _remove(folder: Path, top: Path) -> None:
    """Remove a folder, and the empty folders above it, up to its top."""
    if folder.exists():
        shutil.rmtree(folder)
    for above in folder.parents:
        if above == top:
            return
        try:
            above.rmdir()
        except OSError:
            return
