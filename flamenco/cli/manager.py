"""`flamenco manager`: run the Manager."""

import logging
import os
import signal
import socket
from functools import partial
from pathlib import Path
from typing import Annotated

import attrs
import trio
from cyclopts import Parameter

from flamenco.cli.errors import CommandError
from flamenco.cli.logs import start_logging
from flamenco.config.manager import (
    FILE_NAME,
    Address,
    ManagerConfig,
    StoragePaths,
    load_manager_config,
    parse_address,
)
from flamenco.discovery import LAN, Network, advert_of, advertise
from flamenco.manager.farm import open_farm
from web.pages import HOW_TO_BUILD, has_page
from web.server import serve_farm

logger = logging.getLogger(__name__)

STOP_SECONDS = 20.0
"""An orderly stop that takes longer is given up."""

READY = "Flamenco Manager is ready:"
"""How the line on stdout begins that tells the address of the page."""


def manager(
    *,
    storage: Annotated[
        Path | None, Parameter(help="folder for everything the Manager keeps")
    ] = None,
    listen: Annotated[
        str | None, Parameter(help="HOST:PORT to listen on; port 0 takes any")
    ] = None,
    config: Annotated[Path | None, Parameter(help=f"configuration, default: {FILE_NAME}")] = None,
    discoverable: Annotated[
        bool | None, Parameter(help="whether Workers find it in the network without its URL")
    ] = None,
    verbose: Annotated[bool, Parameter(help="log more", negative="")] = False,
) -> None:
    """Run the Manager: takes jobs, hands their tasks to Workers, serves the web page.

    Without --storage and without a configuration file, everything is kept below the current
    folder in ./flamenco-manager-storage. Ctrl-C stops it; a second Ctrl-C stops it at once.

    Example: flamenco manager --storage /srv/flamenco --listen :8080
    """
    start_logging(verbose=verbose)
    settings = load_manager_config(config)
    if config is not None and not config.exists():
        raise CommandError(f"there is no configuration file {config}")
    if listen is not None:
        settings = attrs.evolve(settings, listen=_checked(listen))
    if discoverable is not None:
        settings = attrs.evolve(settings, autodiscoverable=discoverable)
    if storage is None and not settings.shared_storage_path:
        storage = Path("flamenco-manager-storage")
    folder = (config or Path(FILE_NAME)).parent
    trio.run(run_manager, settings, settings.paths(storage, folder))


def _checked(listen: str) -> str:
    try:
        parse_address(listen)
    except ValueError as error:
        raise CommandError(f"--listen: {error}") from None
    return listen


def bind(address: Address) -> socket.socket:
    """A listening socket. Raises `CommandError` if the address can't be had."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family, backlog=1024)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        where = f"{address.host or '*'}:{address.port}"
        raise CommandError(
            f"cannot listen on {where}: {reason}; choose another one with --listen HOST:PORT"
        ) from error


def url_of(listener: socket.socket) -> str:
    """Where a browser on this machine reaches a listening socket."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104
        host = "localhost"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


async def run_manager(config: ManagerConfig, paths: StoragePaths, network: Network = LAN) -> None:
    """Run a Manager until SIGINT or SIGTERM; Workers find it in ``network``, if they may."""
    stop = trio.Event()
    with bind(config.address) as listener:
        async with open_farm(config, paths) as farm, trio.open_nursery() as watching:
            await watching.start(_stop_on_signal, stop)
            async with trio.open_nursery() as serving:
                await serving.start(serve_farm, farm, listener, stop)
                if not has_page():
                    logger.warning("there is no web page: %s", HOW_TO_BUILD)
                print(READY, url_of(listener), flush=True)
                if config.autodiscoverable:
                    serving.start_soon(_advertise, config, listener, network, stop)
            watching.cancel_scope.cancel()


async def _advertise(
    config: ManagerConfig, listener: socket.socket, network: Network, stop: trio.Event
) -> None:
    """Let Workers find the Manager until it stops."""
    host, port = listener.getsockname()[:2]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(advertise, partial(advert_of, config.manager_name, host, port), network)
        await stop.wait()
        nursery.cancel_scope.cancel()


async def _stop_on_signal(
    stop: trio.Event, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Stop at the first signal; at the second, or when stopping takes too long, end at once.

    Ending at once loses nothing that was answered: that is on disk.
    """
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        await anext(signals)
        logger.info("stopping")
        stop.set()
        with trio.move_on_after(STOP_SECONDS):
            await anext(signals)
    logger.error("stopped without waiting for what was under way")
    os._exit(1)
