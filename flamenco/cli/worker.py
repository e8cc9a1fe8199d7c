"""`flamenco worker`: run a Worker."""

from pathlib import Path
from typing import Annotated

import attrs
import trio
from cyclopts import Parameter

from flamenco.cli.logs import start_logging
from flamenco.config.worker import DEFAULT_MANAGER_URL, FILE_NAME, load_worker_config
from worker.main import run_worker


def worker(
    *,
    manager: Annotated[str, Parameter(help=f"URL, default: {DEFAULT_MANAGER_URL}")] = "",
    name: Annotated[str, Parameter(help="name on the farm, default: the machine's")] = "",
    home: Annotated[
        Path | None, Parameter(help="folder of credentials and unsent messages")
    ] = None,
    config: Annotated[Path, Parameter(help="configuration file")] = Path(FILE_NAME),
    verbose: Annotated[bool, Parameter(help="log more", negative="")] = False,
) -> int:
    """Run a Worker: takes tasks from the Manager and runs them with Blender and FFmpeg.

    A Worker registers itself the first time and keeps its credentials in its home folder; two
    Workers on one machine need two homes. Ctrl-C hands the running task back and signs off; a
    second Ctrl-C stops at once. SIGUSR1 sends the Worker to sleep, SIGUSR2 wakes it.

    Example: flamenco worker --manager http://manager.local:8080/
    """
    start_logging(verbose=verbose)
    settings = load_worker_config(config, manager_url=manager)
    if name:
        settings = attrs.evolve(settings, name=name)
    if home is not None:
        settings = attrs.evolve(settings, home=home.absolute())
    return trio.run(run_worker, settings)
