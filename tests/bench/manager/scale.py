"""What lies still, or is woken, in a farm that has worked for years."""

import math
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import attrs
import trio

from flamenco.config.manager import ManagerConfig
from flamenco.logs import TaskLogs
from flamenco.manager.asking import ask_job
from flamenco.manager.farm import Farm, open_farm
from flamenco.manager.housekeeping import CleanUp
from flamenco.manager.jobs.messages import WhyWaiting
from flamenco.model.jobs import Job, Task
from flamenco.model.statuses import JobStatus, TaskStatus
from flamenco.store import InsertJob, InsertTasks, open_store

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FINISHED_JOBS = 100_000
LARGE = 400_000
PIECE = 10_000


@attrs.define
class Pauses:
    """Seconds for which the event loop was held, or somebody had to wait, each time."""

    seconds: list[float] = attrs.field(factory=list)

    @property
    def p99_ms(self) -> float:
        return 1000 * sorted(self.seconds)[math.ceil(len(self.seconds) * 0.99) - 1]

    @property
    def longest_ms(self) -> float:
        return 1000 * max(self.seconds)


class Turns(trio.abc.Instrument):
    """Measures each turn of the event loop by the processor time of its thread.

    Other processes of the machine, and threads that compute beside it, count for nothing.
    """

    def __init__(self) -> None:
        self.pauses = Pauses()
        self._began: float | None = None

    def after_io_wait(self, timeout: float) -> None:
        self._began = time.thread_time()

    def before_io_wait(self, timeout: float) -> None:
        if self._began is not None:
            self.pauses.seconds.append(time.thread_time() - self._began)


@contextmanager
def turns() -> Iterator[Pauses]:
    """The turns of the event loop during the block."""
    instrument = Turns()
    trio.lowlevel.add_instrument(instrument)
    try:
        yield instrument.pauses
    finally:
        trio.lowlevel.remove_instrument(instrument)


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(dir=os.environ.get("FLAMENCO_BENCH_FOLDER"))


def _config(**changes: float) -> ManagerConfig:
    quiet = {"worker_timeout": 0.0, "task_timeout": 0.0, "database_check_period": 0.0}
    return attrs.evolve(ManagerConfig(), **{**quiet, **changes})


def _job(number: int, status: JobStatus, **more: datetime) -> Job:
    times = {"created": LONG_AGO, "updated": LONG_AGO, **more}
    return Job(id=f"job-{number}", name="old", type="echo", status=status, **times)


async def fill(folder: Path, jobs: list[Job], tasks: int, status: TaskStatus) -> None:
    """A database with these jobs, each with so many tasks."""
    database = _config().paths(folder).database
    database.parent.mkdir(parents=True, exist_ok=True)
    async with open_store(database, TaskLogs(folder)) as store:
        for start in range(0, len(jobs), PIECE):
            await store.commit([InsertJob(each) for each in jobs[start : start + PIECE]])
        for each in jobs:
            for start in range(0, tasks, PIECE):
                piece = [
                    Task(
                        id=f"{each.id}-{place}",
                        job_id=each.id,
                        idx=place + 1,
                        name=f"render-{place}",
                        type="misc",
                        status=status,
                        depends_on=(f"{each.id}-{place - 1}",) if place % 100 else (),
                        created=LONG_AGO,
                        updated=LONG_AGO,
                    )
                    for place in range(start, min(start + PIECE, tasks))
                ]
                await store.commit([InsertTasks(tuple(piece), ((),) * len(piece))])


@asynccontextmanager
async def old_farm(
    jobs: list[Job], tasks: int, status: TaskStatus, **config: float
) -> AsyncIterator[Farm]:
    """A farm that finds such jobs at its start."""
    with _folder() as folder:
        await fill(Path(folder), jobs, tasks, status)
        settings = _config(**config)
        async with open_farm(settings, settings.paths(Path(folder))) as opened:
            yield opened


async def clean_up_hold_ms() -> float:
    """The longest turn of the event loop while two clean-ups find nothing that is due any more."""
    jobs = [_job(each, JobStatus.COMPLETED, archived_at=LONG_AGO) for each in range(FINISHED_JOBS)]
    async with old_farm(jobs, 0, TaskStatus.COMPLETED, archive_jobs_after=3600.0) as opened:
        await trio.sleep(3)
        housekeeping = opened.system.find("/housekeeping")
        assert housekeeping is not None
        with turns() as pauses:
            for _ in range(2):
                housekeeping.tell(CleanUp())
                await trio.sleep(3)
        return pauses.longest_ms


async def wake_400k_s() -> float:
    """From the first ask of a finished job with 400,000 tasks to its answer."""
    return (await _wake())[0]


async def wake_400k_others_p99_ms() -> float:
    """Asks of another job meanwhile, a hundred a second."""
    return (await _wake())[1].p99_ms


async def _wake() -> tuple[float, Pauses]:
    jobs = [_job(0, JobStatus.COMPLETED)]
    async with (
        old_farm(jobs, LARGE, TaskStatus.COMPLETED) as opened,
        trio.open_nursery() as nursery,
    ):
        await opened.store.commit([InsertJob(_job(1, JobStatus.PAUSED))])
        question, others = WhyWaiting(None), Pauses()
        await ask_job(opened.system, "job-1", question)

        async def others_ask() -> None:
            while True:
                began = time.perf_counter()
                await ask_job(opened.system, "job-1", question)
                others.seconds.append(time.perf_counter() - began)
                await trio.sleep(0.01)

        nursery.start_soon(others_ask)
        await trio.sleep(0.5)
        began = time.perf_counter()
        await ask_job(opened.system, "job-0", question)
        took = time.perf_counter() - began
        nursery.cancel_scope.cancel()
    return took, others


async def start_100k_s() -> float:
    """Until a farm with ten jobs of 10,000 unfinished tasks each is there."""
    with _folder() as folder:
        jobs = [_job(each, JobStatus.QUEUED) for each in range(10)]
        await fill(Path(folder), jobs, 10_000, TaskStatus.QUEUED)
        settings = _config()
        began = time.perf_counter()
        async with open_farm(settings, settings.paths(Path(folder))):
            return time.perf_counter() - began
