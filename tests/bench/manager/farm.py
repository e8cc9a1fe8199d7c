"""A real farm on disk, and workers that are simulated in the same process."""

import gc
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import trio

from flamenco import protocol
from flamenco.config.manager import ManagerConfig
from flamenco.manager.farm import Farm, open_farm
from flamenco.manager.jobs.messages import SetTaskStatus, WakeJob
from flamenco.manager.submissions import SubmitJob
from flamenco.manager.workers.messages import Connect, FromWorker, RegisterWorker
from flamenco.model.jobs import Job
from flamenco.model.statuses import TaskStatus, WorkerStatus


@attrs.define(eq=False)
class Load:
    """Number of further tasks for the workers to complete before they pause."""

    left: int = 0
    paused: list["SimulatedWorker"] = attrs.field(factory=list)
    workers: int = 0
    done: trio.Event = attrs.field(factory=trio.Event)

    async def run(self, cycles: int) -> float:
        """Let the workers complete so many tasks and take one more each; the seconds it took."""
        self.left, self.done = cycles, trio.Event()
        waiting, self.paused = self.paused, []
        began = trio.current_time()
        for worker in waiting:
            worker.finish()
        await self.done.wait()
        return trio.current_time() - began


@attrs.define(eq=False)
class SimulatedWorker:
    """Completes each task at once, as long as there is load left."""

    farm: Farm
    id: str
    load: Load
    _assign: protocol.Assign | None = None
    _seq: int = 1

    async def connect(self) -> None:
        hello = protocol.Hello(name=self.id, software_version="1", task_types=("misc",))
        actor = self.farm.worker(self.id)
        assert actor is not None
        await actor.ask(Connect(self, "127.0.0.1", hello))
        actor.tell(FromWorker(self, protocol.StateChanged(WorkerStatus.AWAKE), self._seq))

    def push(self, message: protocol.Message) -> None:
        if not isinstance(message, protocol.Assign):
            return
        self._assign = message
        if self.load.left:
            self.finish()
            return
        self.load.paused.append(self)
        if len(self.load.paused) == self.load.workers:
            self.load.done.set()

    def finish(self) -> None:
        """Report the task in hand as completed."""
        assert self._assign is not None
        self.load.left = max(0, self.load.left - 1)
        self._seq += 1
        report = protocol.Report(
            task_id=self._assign.task_id, lease=self._assign.lease, status=TaskStatus.COMPLETED
        )
        actor = self.farm.worker(self.id)
        assert actor is not None
        actor.tell(FromWorker(self, report, self._seq))

    def close(self, reason: str) -> None:
        raise RuntimeError(f"the Manager closed the session: {reason}")


@asynccontextmanager
async def farm() -> AsyncIterator[Farm]:
    """A farm in a folder of its own; nobody is lost for being silent."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("FLAMENCO_BENCH_FOLDER")) as folder:
        config = ManagerConfig(worker_timeout=0.0, task_timeout=0.0, database_check_period=0.0)
        async with open_farm(config, config.paths(Path(folder))) as opened:
            yield opened
        gc.collect()


async def submit(farm: Farm, tasks: int) -> Job:
    """A job of a task, and so many that need it."""
    settings = {"message": "hi", "sleep_duration_seconds": 0, "sleep_repeats": tasks}
    message = SubmitJob(name="job", type="echo-sleep-test", settings=settings, metadata={})
    return await farm.submissions.ask(message, timeout=300)


async def open_up(farm: Farm, job: Job) -> None:
    """Complete the task that all others of a job wait for."""
    first = (await farm.services.reader.tasks(job.id))[0].id
    actor = await farm.jobs.ask(WakeJob(job.id))
    await actor.ask(SetTaskStatus(first, TaskStatus.COMPLETED, "by hand"), timeout=60)


async def hire(farm: Farm, number: int) -> Load:
    """A number of workers, each with a task in hand."""
    load = Load(workers=number)
    for name in range(number):
        registered = await farm.workers.ask(
            RegisterWorker(
                name=str(name),
                secret_hash="x",
                platform="linux",
                address="127.0.0.1",
                task_types=("misc",),
            )
        )
        while True:
            if farm.worker(registered.id):
                break
            await trio.sleep(0.001)
        await SimulatedWorker(farm, registered.id, load).connect()
    await load.done.wait()
    return load
