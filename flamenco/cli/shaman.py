"""`flamenco shaman`: Shaman's files, looked after by hand, also while the Manager runs."""

import logging
import signal
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import trio
from cyclopts import App, Parameter

from flamenco.cli.binding import bind, url_of
from flamenco.cli.errors import CommandError
from flamenco.cli.logs import start_logging
from flamenco.cli.provisioning import ConfigFrom
from flamenco.cli.texts import visible
from flamenco.config.durations import parse_duration
from flamenco.config.installation import Installation
from flamenco.config.manager import FILE_NAME, GarbageCollect, parse_address
from flamenco.model.links import LinkKind
from flamenco.shaman import Shaman, using
from web.alone import serve_shaman

logger = logging.getLogger(__name__)

T = TypeVar("T")

READY = "Shaman is ready:"
"""Beginning of the line on stdout with the address."""

app = App(name="shaman", help="Look after the files that Shaman keeps.")

Storage = Annotated[Path | None, Parameter(help="folder of the Manager, as for flamenco manager")]
Config = Annotated[Path | None, Parameter(help=f"configuration file; default: {FILE_NAME}")]


@app.command
def gc(
    *,
    show: Annotated[bool, Parameter(help="only count them", negative="")] = False,
    storage: Storage = None,
    config: Config = None,
    config_from: ConfigFrom = (),
) -> None:
    """Delete the files that no checkout links to and nobody has asked for in a long time.

    Example: flamenco shaman gc --show --storage /srv/flamenco
    """
    found = _installation(storage, config, config_from)
    trio.run(partial(print_garbage, found, delete=not show))


@app.command
def check(
    *,
    delete: Annotated[
        bool, Parameter(help="delete what is damaged, so that it is sent again", negative="")
    ] = False,
    storage: Storage = None,
    config: Config = None,
    config_from: ConfigFrom = (),
) -> int:
    """Read all files, and print those that are not what was sent; then the exit status is 1.

    Example: flamenco shaman check --storage /srv/flamenco
    """
    found = _installation(storage, config, config_from)
    return trio.run(partial(_print_damage, found, delete=delete))


@app.command
def serve(
    folder: Annotated[Path, Parameter(help="shared storage, with file-store and jobs in it")],
    /,
    *,
    listen: Annotated[
        str, Parameter(help="HOST:PORT to listen on; port 0 means any")
    ] = "127.0.0.1:8082",
    token_file: Annotated[
        Path | None, Parameter(help="file with the token that all requests have to show")
    ] = None,
    links: Annotated[
        LinkKind, Parameter(help="what the files of checkouts are: relative, hard, reflink or copy")
    ] = LinkKind.RELATIVE,
    gc_period: Annotated[str, Parameter(help="time between deletions of unused files")] = "24h",
    gc_max_age: Annotated[str, Parameter(help="time after which unused files go")] = "744h",
    verbose: Annotated[bool, Parameter(help="log more", negative="")] = False,
) -> None:
    """Serve Shaman alone, without a farm, until Ctrl-C.

    Its operations are the Manager's, at /api/v3/shaman; /openapi.json has their document. Checkouts
    stay until somebody deletes their folders.

    Example: flamenco shaman serve /srv/renders --listen :8082 --token-file /etc/shaman-token
    """
    start_logging(verbose=verbose)
    address = _checked("--listen", parse_address, listen)
    garbage = GarbageCollect(
        period=_checked("--gc-period", parse_duration, gc_period),
        max_age=_checked("--gc-max-age", parse_duration, gc_max_age),
    )
    token = "" if token_file is None else _token(token_file)
    if not folder.is_dir():
        raise CommandError(f"there is no folder {folder}")
    if not token and not address.is_loopback:
        logger.warning("whoever reaches this machine over the network may send and read files")
    with using(folder, alone=True), bind(address) as listener:
        trio.run(_serve, Shaman(folder, links), listener, token, garbage)


async def _serve(
    shaman: Shaman, listener: socket.socket, token: str, garbage: GarbageCollect
) -> None:
    """Serve until SIGINT or SIGTERM. Raises `StorageFailed` if there are no links of its kind."""
    await shaman.try_links()
    stop = trio.Event()
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            serving = partial(serve_shaman, shaman, listener, stop, token=token, garbage=garbage)
            await nursery.start(serving)
            print(READY, url_of(listener), flush=True)
            await anext(signals)
            stop.set()


def _checked(option: str, read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except ValueError as error:
        raise CommandError(f"{option}: {error}") from None


def _token(file: Path) -> str:
    try:
        token = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file}: {getattr(error, 'strerror', None) or error}") from None
    if not token:
        raise CommandError(f"{file} is empty; expected a token")
    return token


def usual_file(storage: Path | None) -> Path:
    """The configuration that nobody named: in the storage, unless it is in this folder only."""
    here = Path(FILE_NAME)
    if storage is None:
        return here
    inside = storage / FILE_NAME
    return here if here.exists() and not inside.exists() else inside


async def print_garbage(installation: Installation, *, delete: bool) -> None:
    """Print how much garbage there is, and delete it if ``delete`` is true."""
    max_age = installation.load().shaman.garbage_collect.max_age
    shaman = _shaman(installation)
    found = await (shaman.collect_garbage(max_age) if delete else shaman.garbage(max_age))
    what = "deleted" if delete else "would be deleted"
    every = found.files + found.kept
    print(f"{found.files} of {every} files ({found.size / 2**20:.1f} MiB) {what}")


async def _print_damage(installation: Installation, *, delete: bool) -> int:
    damaged, every = await _shaman(installation).damaged(delete=delete)
    for path in damaged:
        print(visible(str(path)))
    what = "damaged, and deleted" if delete else "damaged"
    print(f"{len(damaged)} of {every} files {what}")
    return 1 if damaged else 0


def _installation(
    storage: Path | None, config: Path | None, config_from: tuple[Path, ...]
) -> Installation:
    if config is not None and not config.exists():
        raise CommandError(f"there is no configuration file {config}")
    return Installation(
        file=config or usual_file(storage), storage=storage, config_from=config_from
    )


def _shaman(installation: Installation) -> Shaman:
    config = installation.load()
    shared = installation.paths(config).shared
    if shared is None or not config.shaman.enabled:
        raise CommandError("Shaman is not enabled, or there is no shared storage yet")
    return Shaman(shared, config.shaman.links)
