"""The farm's supervision tree, from the database up."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from math import inf
from pathlib import Path
from random import Random

import attrs
import trio

import actors
from flamenco.config.file import ConfigFile
from flamenco.config.files import sweep
from flamenco.config.installation import Installation, restart_keys
from flamenco.config.manager import FILE_NAME, ManagerConfig, StoragePaths
from flamenco.jobtypes import Compiler, Limits, open_compiler
from flamenco.logs import TaskLogs
from flamenco.manager import supervision
from flamenco.manager.asking import worker_actor
from flamenco.manager.audit import Audit
from flamenco.manager.connections import Reconfigured
from flamenco.manager.deletions import Deletions
from flamenco.manager.housekeeping import Housekeeping
from flamenco.manager.images import Images
from flamenco.manager.interpreter import responsive
from flamenco.manager.jobs.messages import WaitForJobs
from flamenco.manager.jobs.supervisor import Jobs
from flamenco.manager.mqtt import Mqtt
from flamenco.manager.notices import Notices
from flamenco.manager.outbox import Outbox
from flamenco.manager.packs import Packs
from flamenco.manager.people import People
from flamenco.manager.pictures import PictureKeeper
from flamenco.manager.scheduling.actor import Scheduler
from flamenco.manager.services import (
    AUDIT,
    DELETIONS,
    HOUSEKEEPING,
    IMAGES,
    JOBS,
    MQTT,
    NOTICES,
    OUTBOX,
    PACKS,
    PEOPLE,
    PICTURES,
    SCHEDULER,
    SHAMAN,
    STATUS,
    SUBMISSIONS,
    TAGS,
    UPSTREAM,
    VIDEOS,
    WORKERS,
    Services,
)
from flamenco.manager.shaman import ShamanKeeper
from flamenco.manager.status import Status
from flamenco.manager.submissions import Submissions
from flamenco.manager.tags import Tags
from flamenco.manager.upstream import Upstream
from flamenco.manager.videos import Videos
from flamenco.manager.workers.messages import ConfigChanged, WaitForWorkers
from flamenco.manager.workers.supervisor import Workers
from flamenco.model.links import LinkKind
from flamenco.pictures.files import PictureFiles
from flamenco.pictures.videos import VideoFiles
from flamenco.shaman import Shaman, StorageFailed, using
from flamenco.store import Store, open_reader, open_store

logger = logging.getLogger(__name__)

Compiling = Callable[[Path, Limits, Path | None], AbstractAsyncContextManager[Compiler]]
"""Function that opens the compiler of the scripts in a folder, with limits and shared storage."""

Around = Callable[[Callable[..., object]], Callable[..., object]]
"""Function that wraps a handler."""

SLOW_SECONDS = 0.25
"""Seconds from which on a message counts as slow."""

LOST_FOLDER = (
    "%s was not there, though the database %s was: it is a new, empty folder now; if its disk is "
    "not mounted, stop the Manager, and mount it"
)

GRACE_SECONDS = 5.0
"""Maximum seconds for handlers to finish when the Manager stops."""


@attrs.frozen(kw_only=True)
class Farm:
    """A running farm, to which the edge sends its requests."""

    system: actors.ActorSystem
    store: Store
    services: Services
    submissions: actors.ActorRef
    jobs: actors.ActorRef
    workers: actors.ActorRef
    tags: actors.ActorRef
    images: actors.ActorRef
    pictures: actors.ActorRef
    videos: actors.ActorRef
    status: actors.ActorRef
    notices: actors.ActorRef
    outbox: actors.ActorRef
    mqtt: actors.ActorRef
    upstream: actors.ActorRef
    people: actors.ActorRef
    audit: actors.ActorRef
    shaman: actors.ActorRef
    packs: actors.ActorRef

    async def take_configuration(self) -> tuple[str, ...]:
        """Run on with the configuration as it is now; returns the keys that need a restart.

        Raises ConfigError.
        """
        wanted = await self.services.file.counts()
        self.services.take_over(wanted)
        self.workers.tell(ConfigChanged())
        self.mqtt.tell(Reconfigured())
        self.upstream.tell(Reconfigured())
        return restart_keys(self.services.config_at_start, wanted)

    def worker(self, worker_id: str) -> actors.ActorRef | None:
        """The actor of a worker; None if there is no such worker."""
        return worker_actor(self.system, worker_id)


@asynccontextmanager
async def open_farm(
    config: ManagerConfig,
    paths: StoragePaths,
    *,
    installation: Installation | None = None,
    compiling: Compiling = open_compiler,
    around: Around | None = None,
    random: Random | None = None,
) -> AsyncIterator[Farm]:
    """Start the actors of a farm, and stop them in the reverse order at the end.

    A simulation has its own ways of ``compiling``, puts faults ``around`` the actors' handlers, and
    seeds the ``random`` waits before their restarts. Without an ``installation`` the configuration
    file lies beside the database.

    Raises `StoreError` if the database can't be used, OSError if a folder can't be created.
    """
    lost = await trio.to_thread.run_sync(_make_folders, paths)
    logs = TaskLogs(paths.local)
    async with (
        open_store(paths.database, logs) as store,
        open_reader(paths.database) as reader,
        compiling(paths.scripts, _limits(config), paths.shared) as compiler,
        _using(paths.shared),
    ):
        for folder in lost:
            logger.warning(LOST_FOLDER, folder, paths.database)
        installation = installation or _beside(paths.database)
        await trio.to_thread.run_sync(sweep, installation.file)
        shaman = Shaman(paths.shared, config.shaman.links) if paths.shared else None
        if shaman is not None and config.shaman.enabled:
            await _try_links(shaman)
        services = Services(
            config=config,
            file=ConfigFile(installation),
            paths=paths,
            reader=reader,
            ahead=store.ahead,
            compiler=compiler,
            logs=logs,
            pictures=PictureFiles(paths.local),
            videos=VideoFiles(paths.local),
            shaman=shaman if config.shaman.enabled else None,
            checkouts=shaman.checkouts if shaman else None,
        )
        async with actors.ActorSystem(
            "farm",
            store=store,
            grace=GRACE_SECONDS,
            supervision=supervision.FARM,
            around=around,
            random=random,
            trace=tell_slow if logger.isEnabledFor(logging.DEBUG) else None,
        ) as system:
            with responsive():
                yield await _start(system, store, services)


@asynccontextmanager
async def _using(shared: Path | None) -> AsyncIterator[None]:
    """Keep a Shaman on its own away from the storage; say so if one is there."""
    with ExitStack() as stack:
        if shared is not None:
            try:
                await trio.to_thread.run_sync(stack.enter_context, using(shared))
            except StorageFailed as error:
                logger.error("%s", error)
        yield


async def _try_links(shaman: Shaman) -> None:
    """Say so if the storage lacks the chosen kind; for the usual one there is always a way."""
    if shaman.links is LinkKind.RELATIVE:
        return
    try:
        await shaman.try_links()
    except StorageFailed as error:
        logger.error("Shaman can make no checkouts: %s", error)


def _make_folders(paths: StoragePaths) -> list[Path]:
    """Make the folders that aren't there; returns those that should be: a disk may be missing."""
    is_new = not paths.database.exists()
    made = []
    for folder in (paths.local, paths.jobs):
        if folder is not None and not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            made.append(folder)
    return [] if is_new else made


def tell_slow(trace: actors.Trace) -> None:
    """Tell in the log which message took long; only a Manager that logs more pays for knowing."""
    if trace.seconds is not None and trace.seconds >= SLOW_SECONDS:
        kind = type(trace.message).__qualname__
        logger.debug("%s took %.2f s for %s", trace.ref.path, trace.seconds, kind)


def _limits(config: ManagerConfig) -> Limits:
    return Limits(config.job_type_timeout, config.job_type_memory * 1024**2)


def _beside(database: Path) -> Installation:
    return Installation(file=database.with_name(FILE_NAME), storage=database.parent)


async def _start(system: actors.ActorSystem, store: Store, services: Services) -> Farm:
    """Workers come before jobs: a job tells the workers of its open leases as it starts.

    One that is parked before it has started keeps nobody waiting.
    """

    async def start(kind: type[actors.Actor], path: str, *args: object) -> actors.ActorRef:
        try:
            return await system.start(kind, *args, name=path.strip("/"))
        except actors.ActorParked:
            parked = system.find(path)
            if parked is None:
                raise
            return parked

    await start(Scheduler, SCHEDULER)
    shaman = await start(ShamanKeeper, SHAMAN, services)
    packs = await start(Packs, PACKS, services, shaman)
    await start(Deletions, DELETIONS, services)
    workers = await start(Workers, WORKERS, services)
    await _ready(workers, WaitForWorkers())
    jobs = await start(Jobs, JOBS, services)
    await _ready(jobs, WaitForJobs())
    farm = Farm(
        system=system,
        store=store,
        services=services,
        workers=workers,
        jobs=jobs,
        tags=await start(Tags, TAGS, services),
        pictures=await start(PictureKeeper, PICTURES, services),
        videos=await start(Videos, VIDEOS, services),
        images=await start(Images, IMAGES, services),
        status=await start(Status, STATUS, services),
        notices=await start(Notices, NOTICES, services),
        outbox=await start(Outbox, OUTBOX, services),
        mqtt=await start(Mqtt, MQTT, services),
        upstream=await start(Upstream, UPSTREAM, services),
        people=await start(People, PEOPLE, services),
        audit=await start(Audit, AUDIT, services),
        submissions=await start(Submissions, SUBMISSIONS, services),
        shaman=shaman,
        packs=packs,
    )
    await start(Housekeeping, HOUSEKEEPING, services)
    return farm


async def _ready(supervisor: actors.ActorRef, wait: actors.Request[None]) -> None:
    """Wait until all children have begun, in whichever life of their supervisor."""
    while True:
        try:
            return await supervisor.ask(wait, timeout=inf)
        except actors.ActorParked:
            return None
        except (actors.ActorCrashed, actors.ActorStopped):
            if not supervisor.alive:
                raise
