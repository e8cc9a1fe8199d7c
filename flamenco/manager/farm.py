"""The farm's supervision tree, from the database up."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs

import actors
from flamenco.config.manager import ManagerConfig, StoragePaths
from flamenco.images import Previews
from flamenco.jobtypes import open_compiler
from flamenco.logs import TaskLogs
from flamenco.manager.images import Images
from flamenco.manager.jobs import Jobs
from flamenco.manager.scheduler import Scheduler
from flamenco.manager.services import IMAGES, JOBS, SCHEDULER, STATUS, WORKERS, Services
from flamenco.manager.status import Status
from flamenco.manager.workers import Workers
from flamenco.store import Store, open_reader, open_store

GRACE_SECONDS = 5.0
"""How long handlers may take to finish when the Manager stops."""


@attrs.frozen(kw_only=True)
class Farm:
    """A running farm: what the edge sends its requests to."""

    system: actors.ActorSystem
    store: Store
    services: Services
    jobs: actors.ActorRef
    workers: actors.ActorRef
    images: actors.ActorRef
    status: actors.ActorRef

    def worker(self, worker_id: str) -> actors.ActorRef | None:
        """The actor of a worker, or None if there is no such worker."""
        return self.system.find(f"{WORKERS}/{worker_id}")


@asynccontextmanager
async def open_farm(config: ManagerConfig, paths: StoragePaths) -> AsyncIterator[Farm]:
    """Start the actors of a farm, and stop them in the reverse order at the end.

    Raises `StoreError` when the database can't be used, OSError when a folder can't be made.
    """
    for folder in (paths.local, paths.jobs):
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    async with (
        open_store(paths.database) as store,
        open_reader(paths.database) as reader,
        open_compiler(paths.scripts) as compiler,
    ):
        services = Services(
            config=config,
            paths=paths,
            reader=reader,
            compiler=compiler,
            logs=TaskLogs(paths.local),
            previews=Previews(paths.local),
        )
        async with actors.ActorSystem("farm", store=store, grace=GRACE_SECONDS) as system:
            yield await _start(system, store, services)


async def _start(system: actors.ActorSystem, store: Store, services: Services) -> Farm:
    """Workers come before jobs: a job tells the workers of its open leases as it starts."""
    await system.start(Scheduler, name=SCHEDULER.strip("/"))
    workers = await system.start(Workers, services, name=WORKERS.strip("/"))
    jobs = await system.start(Jobs, services, name=JOBS.strip("/"))
    images = await system.start(Images, services, name=IMAGES.strip("/"))
    status = await system.start(Status, services, name=STATUS.strip("/"))
    return Farm(
        system=system,
        store=store,
        services=services,
        jobs=jobs,
        workers=workers,
        images=images,
        status=status,
    )
