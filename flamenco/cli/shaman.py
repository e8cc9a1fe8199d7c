"""`flamenco shaman`: Shaman's files, looked after by hand, also while the Manager runs."""

from functools import partial
from pathlib import Path
from typing import Annotated

import trio
from cyclopts import App, Parameter

from flamenco.cli.errors import CommandError
from flamenco.cli.provisioning import ConfigFrom
from flamenco.cli.texts import visible
from flamenco.config.installation import Installation
from flamenco.config.manager import FILE_NAME
from flamenco.shaman import Shaman

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
