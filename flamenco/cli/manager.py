"""`flamenco manager`: run the Manager."""

import logging
import os
import signal
import socket
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Annotated

import attrs
import trio
from cyclopts import Parameter

from flamenco.cli.binding import bind, url_of, written_url
from flamenco.cli.crashes import Crashes
from flamenco.cli.errors import CommandError
from flamenco.cli.logs import start_logging
from flamenco.cli.provisioning import ConfigFrom
from flamenco.cli.shaman import print_garbage, usual_file
from flamenco.config.beginning import begin, first_config, is_new
from flamenco.config.errors import ConfigError
from flamenco.config.installation import Installation
from flamenco.config.manager import FILE_NAME, ManagerConfig, parse_address
from flamenco.discovery import LAN, Network, advert_of, advertise
from flamenco.manager.farm import Farm, open_farm
from flamenco.manager.workers.joining import first_join_token
from flamenco.manager.workers.messages import AddJoinToken
from flamenco.model.access import AuthMode, Danger, danger_of
from web.pages import HOW_TO_BUILD, has_page
from web.room import raise_limit
from web.server import serve_farm
from web.signing import first_operators_link
from web.starting import serve_starting
from web.tls import Tls, own_tls

logger = logging.getLogger(__name__)

FROM_ELSEWHERE = (
    "paths, addresses and secrets are changed on this machine, or from another one with "
    "%sapp/settings#operator=%s"
)

SAID_OF = {
    Danger.OPEN: "whoever reaches this machine over the network may use the farm, and run any "
    "program on the Workers: auth.mode is open",
    Danger.CLEAR: "passwords and tokens travel over the network in clear, unless a proxy adds TLS",
}

FIRST_OPERATOR = "Become the first operator, once and within two days:"
FIRST_WORKERS = "Let Workers join, within two days: flamenco worker --manager %s --join-token %s"

HANGUP = getattr(signal, "SIGHUP", None)
"""The signal that lets the Manager read its configuration anew; not on Windows."""

STOP_SECONDS = 20.0
"""Maximum seconds for an orderly stop."""

FIRST_RUN = (
    "there is no shared storage yet: the page asks for it; or set shared_storage_path in the "
    "configuration, or start with --storage FOLDER"
)

READY = "Flamenco Manager is ready:"
"""Beginning of the line on stdout with the address of the page."""


def manager(
    *,
    storage: Annotated[Path | None, Parameter(help="folder for all files of the Manager")] = None,
    listen: Annotated[
        str | None, Parameter(help="HOST:PORT to listen on; port 0 means any")
    ] = None,
    config: Annotated[
        Path | None, Parameter(help=f"configuration file; default: {FILE_NAME}")
    ] = None,
    config_from: ConfigFrom = (),
    discoverable: Annotated[
        bool | None, Parameter(help="let Workers find it in the network without its URL")
    ] = None,
    setup_assistant: Annotated[
        bool, Parameter(help="start the setup assistant, as in a first run", negative="")
    ] = False,
    shaman_gc_show: Annotated[
        bool, Parameter(help="only count Shaman's unused files", negative="")
    ] = False,
    shaman_gc_delete: Annotated[
        bool, Parameter(help="only delete Shaman's unused files", negative="")
    ] = False,
    verbose: Annotated[bool, Parameter(help="log more", negative="")] = False,
) -> None:
    """Run the Manager, which takes jobs, gives their tasks to Workers, and serves the web page.

    Without --storage, and without shared_storage_path in its configuration, it has no shared
    storage and waits to be set up on its page. Ctrl-C stops it; a second Ctrl-C stops it at once.
    SIGHUP lets it read its configuration anew, unless its terminal was closed: that stops it.

    Example: flamenco manager --storage /srv/flamenco --listen :8080
    """
    start_logging(verbose=verbose)
    if config is not None and not config.exists():
        raise CommandError(f"there is no configuration file {config}")
    installation = Installation(
        file=config or usual_file(storage),
        storage=storage,
        listen=None if listen is None else _checked(listen),
        discoverable=discoverable,
        config_from=config_from,
        assist=setup_assistant,
    )
    if shaman_gc_show or shaman_gc_delete:
        trio.run(partial(print_garbage, installation, delete=shaman_gc_delete))
    else:
        trio.run(run_manager, installation)


def _checked(listen: str) -> str:
    try:
        parse_address(listen)
    except ValueError as error:
        raise CommandError(f"--listen: {error}") from None
    return listen


async def run_manager(installation: Installation, network: Network = LAN) -> None:
    """Run a Manager until SIGINT or SIGTERM, with a restart after it was set up or has crashed.

    Workers can find it in ``network`` if it is discoverable. Raises what keeps it from its first
    start, and `CommandError` when it crashed and won't start again.
    """
    raise_limit()
    if HANGUP is not None and not _at_terminal():
        signal.signal(HANGUP, signal.SIG_IGN)  # until it can be heard
    stop, crashes = trio.Event(), Crashes()
    async with trio.open_nursery() as watching:
        await watching.start(_stop_on_signal, stop)
        with ExitStack() as listening:
            listener, address = None, None
            new = is_new(installation)
            while not stop.is_set():
                config = first_config(installation) if new else installation.load(logger.warning)
                if listener is None or config.address != address:
                    listening.close()
                    listener, address = bind(config.address), config.address
                    listening.enter_context(listener)
                if new:
                    begin(installation, config)
                    new = False
                tls = own_tls(installation.paths(config))
                started, ready = trio.Event(), trio.Event()
                await watching.start(serve_starting, listener, started, tls)
                run = partial(_run_once, installation, config, listener, tls, network)
                try:
                    await run(stop, started, ready)
                except Exception as error:
                    started.set()
                    if stop.is_set() or not (ready.is_set() or crashes.happened):
                        raise
                    with trio.move_on_after(crashes.pause_after(error)):
                        await stop.wait()
                installation = attrs.evolve(installation, assist=False)
        watching.cancel_scope.cancel()


async def _run_once(
    installation: Installation,
    config: ManagerConfig,
    listener: socket.socket,
    tls: Tls | None,
    network: Network,
    stop: trio.Event,
    started: trio.Event,
    ready: trio.Event,
) -> None:
    """Run a Manager until ``stop``, or until it has to restart.

    ``started`` when it begins to answer on ``listener``, ``ready`` when it takes jobs.
    """
    if installation.is_first_run(config):
        logger.warning(FIRST_RUN)
    over = trio.Event()
    paths = installation.paths(config)
    async with (
        open_farm(config, paths, installation=installation) as farm,
        trio.open_nursery() as serving,
    ):
        started.set()
        await serving.start(partial(serve_farm, farm, listener, over, tls=tls))
        if not has_page():
            logger.warning("there is no web page: %s", HOW_TO_BUILD)
        async with trio.open_nursery() as hearing:
            if HANGUP is not None and not _at_terminal():
                await hearing.start(_read_anew_on_signal, farm, HANGUP)
            if tls is not None:
                hearing.start_soon(tls.keep_current)
            print(READY, url_of(listener, tls), flush=True)
            await _tell_the_way_in(farm, config, listener, tls)
            ready.set()
            if config.autodiscoverable:
                serving.start_soon(_advertise, config, listener, tls, network, over)
            await _either(stop, farm.services.file.restart)
            hearing.cancel_scope.cancel()
        over.set()


async def _tell_the_way_in(
    farm: Farm, config: ManagerConfig, listener: socket.socket, tls: Tls | None
) -> None:
    """Tell what is open, and how secrets are changed, or how the first operator gets in."""
    is_reached = not config.address.is_loopback
    danger = danger_of(config.auth.mode, is_reached=is_reached, is_encrypted=tls is not None)
    if danger is not None:
        logger.warning(SAID_OF[danger])
    here = written_url(socket.gethostname(), listener.getsockname()[1], tls)
    if config.auth.mode is AuthMode.OPEN:
        logger.info(FROM_ELSEWHERE, here, farm.services.file.token)
    elif secret := await first_operators_link(farm):
        print(FIRST_OPERATOR, f"{url_of(listener, tls)}#link={secret}", flush=True)
        shown, token = first_join_token()
        await farm.workers.ask(AddJoinToken(token))
        print(FIRST_WORKERS % (here, shown), flush=True)


def _at_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


async def _read_anew_on_signal(
    farm: Farm, number: int, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Read the configuration anew at each signal; a wrong one changes nothing."""
    with trio.open_signal_receiver(number) as signals:
        task_status.started()
        async for _ in signals:
            try:
                file = farm.services.file
                anew = await trio.to_thread.run_sync(file.installation.anew)
                await trio.to_thread.run_sync(anew.load, logger.warning)
                file.installation = anew
                keys = await farm.take_configuration()
            except ConfigError as error:
                for line in str(error).splitlines():
                    logger.error("the configuration stays as it is: %s", line)
                continue
            logger.info("the configuration was read anew")
            if keys:
                logger.warning("these changes need a restart: %s", ", ".join(keys))


async def _either(*events: trio.Event) -> None:
    async with trio.open_nursery() as nursery:

        async def wait(event: trio.Event) -> None:
            await event.wait()
            nursery.cancel_scope.cancel()

        for event in events:
            nursery.start_soon(wait, event)


async def _advertise(
    config: ManagerConfig,
    listener: socket.socket,
    tls: Tls | None,
    network: Network,
    stop: trio.Event,
) -> None:
    """Let Workers find the Manager until it stops."""
    host, port = listener.getsockname()[:2]
    async with trio.open_nursery() as nursery:
        describe = partial(
            advert_of, config.manager_name, host, port, certified=tls.name if tls else None
        )
        nursery.start_soon(advertise, describe, network.where_heard(host))
        await stop.wait()
        nursery.cancel_scope.cancel()


async def _stop_on_signal(
    stop: trio.Event, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Stop at the first signal; at the second, or if stopping takes too long, end at once.

    Ending at once loses nothing that was answered, since that is on disk.
    """
    stops = [signal.SIGINT, signal.SIGTERM]
    if HANGUP is not None and _at_terminal():
        stops.append(HANGUP)
    with trio.open_signal_receiver(*stops) as signals:
        task_status.started()
        await anext(signals)
        logger.info("stopping")
        stop.set()
        with trio.move_on_after(STOP_SECONDS):
            await anext(signals)
    logger.error("stopped without waiting for work under way")
    os._exit(1)
