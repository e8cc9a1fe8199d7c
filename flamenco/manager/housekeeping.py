"""The actor for duties that nobody requests: cleaning up, and looking after the database."""

import logging
from collections.abc import AsyncIterator, Awaitable
from datetime import datetime, timedelta
from functools import partial

import attrs
import trio

import actors
from flamenco import clock
from flamenco.manager.asking import ask_job, worker_actor
from flamenco.manager.interpreter import Collector, give_memory_back
from flamenco.manager.jobs.messages import ArchiveJob, RemoveJob
from flamenco.manager.refusals import Refusal
from flamenco.manager.services import WORKERS, Services
from flamenco.manager.workers.messages import ClockCorrected, RemoveWorker
from flamenco.model.cleanup import Due, due_jobs, due_workers
from flamenco.model.statuses import FINISHED_JOBS
from flamenco.store import DamagedDatabase, ForgetLoads, check_integrity

logger = logging.getLogger(__name__)

CLEAN_UP_SECONDS = 60.0

JOBS_AT_ONCE = 100
"""Number of old jobs that are read together."""

PACK_SECONDS = 3600.0
"""Seconds between two looks for logs of finished jobs."""

QUIET_FOR = timedelta(minutes=30)
"""Time for which nothing was written to the logs that are compressed."""

CHECKPOINT_AGAIN_SECONDS = 30.0
"""Seconds of pause after a checkpoint that could not be made."""


@attrs.frozen
class CleanUp:
    """Clean up old jobs and workers, or, if ``done``, note that this is done."""

    done: bool = False


@attrs.frozen
class Resumed:
    """The machine was suspended, and runs again."""


@attrs.frozen
class CheckDatabase:
    """Check the database for damage, or, if ``done``, take the result, with the damage if any."""

    done: bool = False
    failure: Exception | None = None


@attrs.frozen
class PackLogs:
    """Compress the logs of finished jobs, or, if ``done``, wait for the next time."""

    done: bool = False


@attrs.frozen
class Checkpoint:
    """Make a checkpoint of the write-ahead log, whenever it is long enough."""


@attrs.frozen
class CheckpointFailed:
    """The checkpoint could not be made now."""

    error: Exception


class Housekeeping(actors.Actor):
    """The actor with a timer for each of its duties."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._cleaning = False
        self._collector = Collector()

    async def started(self) -> None:
        """Begin all duties, the checks of the database only if they are configured."""
        corrected, resumed = (partial(self.ref.tell, m) for m in (ClockCorrected(), Resumed()))
        self.start_soon(clock.watch, corrected, resumed)
        self.tell(self.ref, CleanUp())
        self.tell(self.ref, Checkpoint())
        self.after(PACK_SECONDS, PackLogs())
        self.every(CLEAN_UP_SECONDS, CleanUp())
        if self._services.config.database_check_period:
            self.after(self._services.config.database_check_period, CheckDatabase())

    # The clock

    @actors.handles(ClockCorrected)
    def clock_corrected(self, _: ClockCorrected) -> None:
        """Count absences from now on, and let the workers follow their schedules anew."""
        self._services.present_since = clock.now()
        self._set_schedules_anew()

    @actors.handles(Resumed)
    def resumed(self, _: Resumed) -> None:
        """Let the workers follow their schedules, whose timers are late; absences go on."""
        self._set_schedules_anew()

    def _set_schedules_anew(self) -> None:
        workers = self.system.find(WORKERS)
        if workers is not None:
            self.tell(workers, ClockCorrected())

    # The database

    @actors.handles(CheckDatabase)
    def check_database(self, message: CheckDatabase) -> None:
        """Begin a check, or deal with its result."""
        if message.failure is not None:
            logger.critical("%s", message.failure)
            raise message.failure
        if message.done:
            self.after(self._services.config.database_check_period, CheckDatabase())
        else:
            self.start_soon(
                self._check,
                done=lambda _: CheckDatabase(done=True),
                failed=lambda error: CheckDatabase(done=True, failure=_damage(error)),
            )

    async def _check(self) -> None:
        began = trio.current_time()
        await check_integrity(self._services.paths.database)
        logger.debug("the database is sound (%.1f s)", trio.current_time() - began)

    @actors.handles(Checkpoint)
    def checkpoint(self, _: Checkpoint) -> None:
        """Wait until the log is long enough, and make a checkpoint."""
        self.start_soon(
            self._services.ahead.checkpoint_when_grown,
            done=lambda _: Checkpoint(),
            failed=CheckpointFailed,
        )

    @actors.handles(CheckpointFailed)
    def checkpoint_failed(self, message: CheckpointFailed) -> None:
        """Try again later. Nothing is lost: the write-ahead log keeps it."""
        logger.warning("%s", message.error)
        self.after(CHECKPOINT_AGAIN_SECONDS, Checkpoint())

    # Logs

    @actors.handles(PackLogs)
    def pack_logs(self, message: PackLogs) -> None:
        """Begin to compress, or set the timer."""
        if message.done:
            self.after(PACK_SECONDS, PackLogs())
        else:
            self.start_soon(self._pack_logs, done=lambda _: PackLogs(done=True), failed=_packed)

    async def _pack_logs(self) -> None:
        logs, reader = self._services.logs, self._services.reader
        ids = await logs.quiet_jobs(clock.now() - QUIET_FOR)
        for start in range(0, len(ids), JOBS_AT_ONCE):
            for job in await reader.jobs_among(ids[start : start + JOBS_AT_ONCE]):
                if job.status in FINISHED_JOBS and job.delete_requested_at is None:
                    await logs.pack(job.id)

    # Old jobs and workers

    @actors.handles(CleanUp)
    def clean_up(self, message: CleanUp) -> None:
        """Begin a clean-up, unless one is under way."""
        if message.done:
            self._cleaning = False
        elif not self._cleaning:
            self._cleaning = True
            self.record(ForgetLoads(clock.now()))
            done = CleanUp(done=True)
            self.start_soon(self._clean_up, done=lambda _: done, failed=_tried)

    async def _clean_up(self) -> None:
        await self._clear_away()
        is_calm = not await self._services.reader.unfinished_jobs()
        self._collector.collect(is_calm=is_calm)
        give_memory_back()

    async def _clear_away(self) -> None:
        config, reader, now = self._services.config, self._services.reader, clock.now()
        for job_id in await reader.jobs_being_deleted():
            await self._try(f"job {job_id}", ask_job(self.system, job_id, RemoveJob()))
        async for due in self._due_jobs(now, 0.0, config.delete_jobs_after):
            for job in due.delete:
                remove = RemoveJob(unchanged_since=job.updated)
                if await self._try(f"job {job.id}", ask_job(self.system, job.id, remove)):
                    logger.info("job %s (%s) is deleted: it is old", job.id, job.name)
        async for due in self._due_jobs(now, config.archive_jobs_after, 0.0):
            for job in due.archive:
                archive = ArchiveJob(archived=True)
                await self._try(f"job {job.id}", ask_job(self.system, job.id, archive))
        after = config.delete_workers_after
        for worker in due_workers(await reader.workers() if after else (), now, after):
            ref = worker_actor(self.system, worker.id)
            gone = RemoveWorker(unchanged_since=worker.updated)
            if ref is not None and await self._try(f"worker {worker.id}", ref.ask(gone)):
                logger.info("worker %s is deleted: it was gone for too long", worker.name)

    async def _due_jobs(
        self, now: datetime, archive_after: float, delete_after: float
    ) -> AsyncIterator[Due]:
        """The jobs that are due, a hundred at most at a time."""
        reader, shortest = self._services.reader, archive_after or delete_after
        if not shortest:
            return
        moment = now - timedelta(seconds=shortest)
        ids = await reader.jobs_untouched_since(moment, archived=bool(delete_after))
        for start in range(0, len(ids), JOBS_AT_ONCE):
            old = await reader.jobs_among(ids[start : start + JOBS_AT_ONCE])
            yield due_jobs(old, now, archive_after, delete_after)

    async def _try(self, what: str, answer: Awaitable[None]) -> bool:
        """True if it was done. Somebody may need it again by now, or it may be parked; one whose
        actor crashes is tried again the next time, and keeps no other from being looked after."""
        try:
            await answer
        except Refusal:
            return False
        except actors.ActorError as error:
            logger.warning("the clean-up could not look after %s: %s", what, error)
            return False
        return True


def _damage(error: Exception) -> DamagedDatabase | None:
    """The damage, if that is the error; a check that could not be made is tried again."""
    if isinstance(error, DamagedDatabase):
        return error
    logger.warning("the database could not be checked: %s", error)
    return None


def _packed(error: Exception) -> PackLogs:
    logger.warning("logs could not be compressed: %s", error)
    return PackLogs(done=True)


def _tried(error: Exception) -> CleanUp:
    """The end of a clean-up that was refused, or could not be stored: the next one tries again."""
    logger.warning("the clean-up was cut short: %s", error)
    return CleanUp(done=True)
