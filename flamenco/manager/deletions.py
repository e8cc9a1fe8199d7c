"""Deletions: a job's files first, then its rows, in pieces between which others can commit."""

import logging
import os
import shutil
from collections import deque
from collections.abc import Iterable
from pathlib import Path

import attrs
import trio

import actors
from flamenco.config.manager import StoragePaths
from flamenco.logs import job_folder
from flamenco.manager.events import deleted_event
from flamenco.manager.services import Services
from flamenco.model.jobs import Job
from flamenco.shaman import remove_empty
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
            done=lambda _: EraseMore(erase),
            failed=lambda error: EraseMore(erase, error),
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


def own_files(job: Job, paths: StoragePaths) -> Path | None:
    """The folder of the files that were sent with a job, if it has one of its own.

    Rendered output never counts, nor do files outside the folder of the jobs' files.
    """
    if not job.shaman_checkout_id or paths.jobs is None:
        return None
    root = paths.jobs.resolve()
    folder = root / job.shaman_checkout_id
    if not os.path.exists(folder):  # noqa: PTH110 - Path's raises of what nothing can be called
        return None
    folder = folder.resolve()
    return folder if root in folder.parents else None


async def remove_files(job: Job, services: Services) -> None:
    """Remove a job's logs and pictures, and the files that were sent with it.

    A checkout of Shaman is removed (reference rules §11), unless another job uses it too; other
    files that were sent only on request. Files that are already gone are fine. Raises OSError if
    something can't be removed.
    """
    paths = services.paths
    folders = [(paths.local / job_folder(job.id), paths.local)]
    if services.shaman is not None or job.delete_files:
        own = own_files(job, paths)
        if own is not None and await services.reader.shares_files(job):
            logger.info("the files of job %s stay: another job uses them", job.id)
        elif own is not None and paths.jobs is not None:
            folders.append((own, paths.jobs.resolve()))
    await trio.to_thread.run_sync(_remove, folders)


def _remove(folders: Iterable[tuple[Path, Path]]) -> None:
    """Remove folders, and the empty folders above each, up to its top."""
    for folder, top in folders:
        if folder.exists():
            shutil.rmtree(folder)
        remove_empty(folder.parent, top)
