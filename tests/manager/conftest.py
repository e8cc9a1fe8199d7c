"""A real farm on a real database, and workers that are played by the test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import pytest
import trio

from flamenco import protocol
from flamenco.config.manager import ManagerConfig
from flamenco.manager.farm import Farm, open_farm
from flamenco.manager.jobs.messages import WakeJob
from flamenco.manager.submissions import SubmitJob
from flamenco.manager.workers.messages import Connect, Disconnected, FromWorker, RegisterWorker
from flamenco.model.jobs import Job
from flamenco.model.specs import Specs
from flamenco.model.statuses import TaskStatus, WorkerStatus
from tests.compiling import in_this_process
from tests.patience import PATIENCE, until

TASK_TYPES = ("misc", "blender", "ffmpeg", "file-management")


@attrs.define(eq=False)
class PlayedWorker:
    """A worker's end of a session, in the test's hands."""

    farm: Farm
    id: str
    name: str
    specs: Specs | None = None
    closed: str | None = None
    _seq: int = 0
    _pushed: list = attrs.field(factory=lambda: [*trio.open_memory_channel(1000)])

    def push(self, message: protocol.Message) -> None:
        self._pushed[0].send_nowait(message)

    def close(self, reason: str) -> None:
        self.closed = reason

    async def connect(self, *leases: protocol.HeldLease) -> protocol.Welcome:
        hello = protocol.Hello(
            name=self.name,
            software_version="1",
            task_types=TASK_TYPES,
            leases=leases,
            specs=self.specs,
        )
        welcome = await self.farm.worker(self.id).ask(Connect(self, "127.0.0.1", hello))
        if not leases:
            await self.went_to(welcome.status_requested)
        return welcome

    def disconnect(self) -> None:
        self.farm.worker(self.id).tell(Disconnected(self))

    def say(self, message: protocol.Message, seq: int | None = None) -> None:
        self.farm.worker(self.id).tell(FromWorker(self, message, seq))

    async def went_to(self, status: WorkerStatus) -> None:
        self._seq += 1
        self.say(protocol.StateChanged(status), self._seq)
        assert (await self.hears(protocol.Acknowledge)).seq == self._seq

    async def report(self, assign: protocol.Assign, seq: int | None = None, **said):
        """Report about a task; what the Manager acknowledges."""
        if seq is None:
            self._seq += 1
            seq = self._seq
        report = protocol.Report(task_id=assign.task_id, lease=assign.lease, **said)
        self.say(report, seq)
        return await self.hears(protocol.Acknowledge)

    async def complete(self, assign: protocol.Assign):
        return await self.report(assign, status=TaskStatus.COMPLETED)

    async def fail(self, assign: protocol.Assign):
        return await self.report(assign, status=TaskStatus.FAILED, activity="Failed: it broke")

    async def hears_any(self):
        """The next pushed message."""
        with trio.fail_after(PATIENCE):
            return await self._pushed[1].receive()

    async def hears(self, kind: type):
        """The next pushed message, which has to be of this class."""
        message = await self.hears_any()
        assert isinstance(message, kind), message
        return message


SHAPED = '''
"""Tasks as the setting says: types, each with the places of the tasks that it needs: a b:0 c:0+1"""

from flamenco.jobtypes.authoring import Author, JobToCompile, JobType, Setting

JOB_TYPE = JobType(label="Shaped", settings=[Setting("shape", "string", required=True)])


def compile_job(job: JobToCompile, author: Author) -> None:
    made = []
    for place, word in enumerate(job.settings["shape"].split()):
        kind, _, needs = word.partition(":")
        after = [made[int(need)] for need in needs.split("+") if need]
        task = author.task(f"{kind}-{place}", kind, after=after)
        task.command("echo", {"message": word})
        made.append(task)
'''


@attrs.frozen
class Stage:
    """A farm, and what tests do with it."""

    farm: Farm

    async def limit_pages(self, pages: int) -> None:
        """Let the database grow to so many pages at most, as a full disk does."""
        await self.farm.store.limit_pages(pages)

    async def worker(self, name: str, specs: Specs | None = None) -> PlayedWorker:
        """A new worker that is awake."""
        played = await self.registered(name, specs)
        await played.connect()
        return played

    async def registered(self, name: str, specs: Specs | None = None) -> PlayedWorker:
        """A new worker that has not come so far."""
        registered = await self.farm.workers.ask(
            RegisterWorker(
                name=name,
                secret_hash="x",
                platform="linux",
                address="127.0.0.1",
                task_types=TASK_TYPES,
            )
        )
        await until(lambda: self.farm.worker(registered.id))
        return PlayedWorker(self.farm, registered.id, name, specs)

    async def submit(self, repeats: int = 2, **changes) -> Job:
        """A job of one `echo` task and so many `sleep` tasks that depend on it."""
        settings = {"message": "hi", "sleep_duration_seconds": 1, "sleep_repeats": repeats}
        usual = {"name": "job", "type": "echo-sleep-test", "metadata": {}, "settings": settings}
        message = SubmitJob(**{**usual, **changes})
        return await self.farm.submissions.ask(message, timeout=30)

    async def shaped(self, shape: str, **changes) -> Job:
        """A job of tasks as `SHAPED` reads them."""
        return await self.submit(type="shaped", settings={"shape": shape}, **changes)

    async def ask(self, job: Job, message):
        actor = await self.farm.jobs.ask(WakeJob(job.id))
        return await actor.ask(message)

    async def statuses(self, job: Job) -> list[str]:
        return [task.status.value for task in await self.farm.services.reader.tasks(job.id)]

    async def task(self, job: Job, place: int):
        """A task of a job by its place, from 0."""
        return (await self.farm.services.reader.tasks(job.id))[place]

    async def until_job(self, job: Job, status: str) -> None:
        """Wait until a job has a status."""

        async def reached() -> bool:
            return await self.status(job) == status

        await until(reached)

    async def status(self, job: Job) -> str:
        return (await self.farm.services.reader.job(job.id)).status.value

    async def tail(self, assign: protocol.Assign) -> str:
        """The last lines of a task's log."""
        services = self.farm.services
        return await services.log_tail(await services.reader.task(assign.task_id))

    async def until_status(self, job: Job, *expected: str) -> None:
        """Wait until all tasks of a job have these statuses."""

        async def reached() -> bool:
            return await self.statuses(job) == list(expected)

        await until(reached)


@asynccontextmanager
async def stage_at(
    folder: Path, compiling=in_this_process, around=None, **config
) -> AsyncIterator[Stage]:
    """A farm whose files lie in a folder; faults may be put ``around`` its handlers."""
    settings = attrs.evolve(ManagerConfig(), **config)
    (folder / "scripts").mkdir(exist_ok=True)
    (folder / "scripts" / "shaped.py").write_text(SHAPED)
    paths = settings.paths(folder)
    async with open_farm(settings, paths, compiling=compiling, around=around) as farm:
        yield Stage(farm)


@pytest.fixture
async def stage(tmp_path):
    async with stage_at(tmp_path) as stage:
        yield stage
