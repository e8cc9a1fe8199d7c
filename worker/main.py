"""A Worker from its start to its exit code."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import trio

from flamenco import __version__
from flamenco.config.files import sweep
from flamenco.config.trust import trusted
from flamenco.config.worker import WorkerConfig
from worker.checks import CHECKS
from worker.commands import COMMANDS
from worker.credentials import FILE_NAME as CREDENTIALS_NAME
from worker.credentials import read_credentials
from worker.executor import Workshop
from worker.finding import Whereabouts, search_own
from worker.machine import Machine
from worker.outbox import HomeError, Outbox, open_outbox
from worker.pictures import PictureService
from worker.probes import PROBES
from worker.provided import read_provided, with_provided
from worker.registration import Identity
from worker.session import NotLetIn, Session
from worker.signals import watch_signals
from worker.stay import FOR_EVER, Stay, leave_in_time
from worker.warm.keeper import open_keeper
from worker.worker import SIGNALLED_EXIT_CODE, Worker

if TYPE_CHECKING:
    from flamenco.discovery import Network

log = logging.getLogger(__name__)

OUTBOX_NAME = "flamenco-worker.sqlite"
HTTP_SECONDS = 30.0
FLUSH_SECONDS = 60.0
PICTURES_SECONDS = 5.0
"""Maximum seconds of a Worker that leaves for its last pictures."""
NOT_LET_IN_EXIT_CODE = 3
"""Exit code of a new Worker whose registration secret or join token the Manager does not take."""


async def run_worker(
    config: WorkerConfig, stay: Stay = FOR_EVER, network: "Network | None" = None
) -> int:
    """Run a Worker until it is told to leave or ``stay`` is over; returns the process's exit code.

    The exit code is 0 if it left in time or the Manager asked it to go offline, the configured one
    if the Manager asked for a restart, 1 after a signal, and `NOT_LET_IN_EXIT_CODE`. Handles
    SIGINT, SIGTERM, SIGUSR1 and SIGUSR2, so it has to run in the main thread. Without a Manager's
    address it searches the ``network`` for one.

    Raises `HomeError` if its home folder cannot be used, `NoManagerFound` if the search fails.
    """
    async with _open(config, network) as (outbox, where):
        return await _run(config, stay, outbox, where)


async def send_the_rest(config: WorkerConfig, network: "Network | None" = None) -> int:
    """Send messages left from an earlier run, take no task, and sign off; returns the exit code.

    0 if the Manager has all of them, 1 if it could not be reached within `FLUSH_SECONDS`.
    """
    async with _open(config, network) as (outbox, where):
        if not outbox.size:
            log.info("Nothing to send")
            return 0
        identity = Identity(where.http, config)
        machine = Machine(config, (), {}, where.http)
        workshop = Workshop(COMMANDS, outbox, PictureService(where.http, identity))
        worker = Worker(config, workshop, machine)
        worker.go_offline()
        session = Session(where, worker, outbox, identity)
        with trio.move_on_after(FLUSH_SECONDS):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(machine.find)
                nursery.start_soon(session.run)
                await outbox.wait_until_empty()
                nursery.cancel_scope.cancel()
            log.info("Everything was sent")
            return 0
    log.error("Not everything could be sent; it is kept")
    return 1


@asynccontextmanager
async def _open(
    config: WorkerConfig, network: "Network | None"
) -> AsyncIterator[tuple[Outbox, Whereabouts]]:
    """The home of a Worker, and the way to its Manager."""
    home = trio.Path(config.home)
    try:
        await home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise HomeError(f"the Worker's home {home} cannot be created: {error.strerror}") from None
    log.info("Worker %s with home %s", config.name, home)
    url = config.manager_url or await search_own(read_credentials(config.home), network)
    async with (
        open_outbox(config.home / OUTBOX_NAME) as outbox,
        httpx.AsyncClient(
            base_url=url,
            headers={"User-Agent": f"Flamenco/{__version__}"},
            timeout=HTTP_SECONDS,
            trust_env=False,
            verify=trusted(),
        ) as http,
    ):
        await trio.to_thread.run_sync(sweep, config.home / CREDENTIALS_NAME)
        yield outbox, Whereabouts(url, http, was_found=not config.manager_url, network=network)


async def _run(config: WorkerConfig, stay: Stay, outbox: Outbox, where: Whereabouts) -> int:
    http = where.http
    identity = Identity(http, config)
    pictures = PictureService(http, identity)
    machine = Machine(with_provided(config, read_provided(config.home)), PROBES, CHECKS, http)
    code = SIGNALLED_EXIT_CODE
    async with open_keeper() as keeper, trio.open_nursery() as nursery:
        worker = Worker(config, Workshop(COMMANDS, outbox, pictures, keeper=keeper), machine)
        session = Session(where, worker, outbox, identity)

        async def stay_in_touch() -> None:
            nonlocal code
            try:
                await session.run()
            except NotLetIn as error:
                log.error("%s", error)
                code = NOT_LET_IN_EXIT_CODE
                nursery.cancel_scope.cancel()

        nursery.start_soon(watch_signals, worker, nursery.cancel_scope)
        nursery.start_soon(leave_in_time, worker, stay)
        nursery.start_soon(machine.find)
        nursery.start_soon(machine.meter.run)
        nursery.start_soon(stay_in_touch)
        nursery.start_soon(pictures.run)
        code = await worker.live()
        with trio.move_on_after(PICTURES_SECONDS):
            await pictures.wait_until_sent()
        nursery.cancel_scope.cancel()
    return code
