"""The supervisor of all workers: registers new ones, and keeps an actor for each."""

import uuid

import actors
from flamenco import clock
from flamenco.manager.events import worker_event
from flamenco.manager.refusals import Refusal
from flamenco.manager.scheduling.messages import Announce
from flamenco.manager.services import Services
from flamenco.manager.supervision import JOBS_AND_WORKERS
from flamenco.manager.tags import TagGone
from flamenco.manager.workers.actor import WorkerActor
from flamenco.manager.workers.messages import LogFollowed, RegisterWorker, StartWorker
from flamenco.model.workers import Worker
from flamenco.store import PutWorker


class Workers(actors.Actor):
    """Parent of the worker actors, each named by the worker's id."""

    replies_with = (Refusal,)
    supervision = JOBS_AND_WORKERS

    def __init__(self, services: Services) -> None:
        self._services = services

    async def started(self) -> None:
        workers = await self._services.reader.workers()
        self._services.names.begin(workers)
        for worker in workers:
            await self._start_worker(worker.id)

    async def _start_worker(self, worker_id: str) -> None:
        if worker_id not in self.children:
            await self.start(WorkerActor, self._services, worker_id, name=worker_id)

    @actors.handles(RegisterWorker)
    def register(self, message: RegisterWorker) -> None:
        now = clock.now()
        worker = Worker(
            id=str(uuid.uuid4()),
            name=message.name,
            secret_hash=message.secret_hash,
            address=message.address,
            platform=message.platform,
            task_types=message.task_types,
            specs=message.specs,
            created=now,
            updated=now,
        )
        self.record(PutWorker(worker))
        self.tell(self.ref, StartWorker(worker, self.defer_reply()))
        self.publish(worker_event(worker))

    @actors.handles(StartWorker)
    async def start_worker(self, message: StartWorker) -> None:
        await self._start_worker(message.worker.id)
        message.answer(message.worker)

    @actors.handles(Announce, TagGone, LogFollowed)
    def pass_on(self, message: Announce | TagGone | LogFollowed) -> None:
        for worker in self.children.values():
            self.tell(worker, message)
