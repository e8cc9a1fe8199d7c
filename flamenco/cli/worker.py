"""`flamenco worker`: run a Worker."""

import logging
from pathlib import Path
from typing import Annotated

import attrs
import trio
from cyclopts import App, Parameter

from flamenco.cli.errors import CommandError
from flamenco.cli.logs import start_logging
from flamenco.cli.provisioning import ConfigFrom
from flamenco.cli.running import until_interrupted
from flamenco.cli.texts import visible
from flamenco.config.durations import parse_duration
from flamenco.config.worker import (
    FILE_NAME,
    WorkerConfig,
    hide_secret,
    load_worker_config,
)
from worker.finding import FIND_SECONDS, search
from worker.main import run_worker, send_the_rest
from worker.provided import read_provided, told, with_provided
from worker.stay import IDLE_SECONDS, Stay
from worker.testmode import run_test

logger = logging.getLogger(__name__)


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class Options:
    """Identity of the Worker; each option overrides the configuration."""

    manager: Annotated[str, Parameter(help="URL; default: search the network")] = ""
    name: Annotated[str, Parameter(help="name on the farm; default: the machine's")] = ""
    home: Annotated[Path | None, Parameter(help="folder of credentials and unsent messages")] = None
    join_token: Annotated[str, Parameter(help="token by which it joins the farm, once")] = ""
    config: Annotated[Path, Parameter(help="configuration file")] = Path(FILE_NAME)
    config_from: ConfigFrom = ()
    restart_exit_code: Annotated[
        int | None, Parameter(help="exit code that makes a service manager restart it")
    ] = None

    def settings(self) -> WorkerConfig:
        """The configuration. Raises ConfigError and `CommandError`."""
        code = self.restart_exit_code
        if code is not None and not 0 <= code <= 255:
            raise CommandError(f"--restart-exit-code: expected 0 to 255, not {code}")
        settings = load_worker_config(
            self.config,
            overlays=self.config_from,
            manager_url=self.manager,
            warn=logger.warning,
        )
        hide_secret()
        return attrs.evolve(
            settings,
            name=self.name or settings.name,
            join_token=self.join_token or settings.join_token,
            home=self.home.absolute() if self.home else settings.home,
            restart_exit_code=settings.restart_exit_code if code is None else code,
            origins=settings.origins
            | ({} if code is None else {"restart_exit_code": "--restart-exit-code"}),
        )


worker = App(name="worker")
worker.command("flamenco.cli.worker_service:install_service", name="install-service")


@worker.default
def run(
    *,
    options: Options | None = None,
    once: Annotated[bool, Parameter(help="leave after one task", negative="")] = False,
    until_idle: Annotated[
        bool,
        Parameter(help=f"leave when idle for {IDLE_SECONDS:.0f} s", negative=""),
    ] = False,
    stay: Annotated[str, Parameter(help="leave after a time such as 8h or 30m")] = "",
    test: Annotated[bool, Parameter(help="check this machine and end", negative="")] = False,
    find_manager: Annotated[
        bool, Parameter(help="print the URL of a Manager in the network and end", negative="")
    ] = False,
    flush: Annotated[
        bool, Parameter(help="deliver unsent messages, take no task, and end", negative="")
    ] = False,
    show_config: Annotated[
        bool,
        Parameter(help="print what counts, with the Manager's configuration, and end", negative=""),
    ] = False,
    verbose: Annotated[bool, Parameter(help="log more", negative="")] = False,
    quiet: Annotated[bool, Parameter(help="log only warnings and errors", negative="")] = False,
) -> int:
    """Run a Worker, which takes tasks from the Manager and runs them with Blender and FFmpeg.

    On its first start a Worker registers itself, and keeps its credentials in its home folder; two
    Workers on one machine need two homes. Ctrl-C hands the running task back and signs off; a
    second Ctrl-C stops at once. SIGUSR1 sends the Worker to sleep, SIGUSR2 wakes it up.
    install-service lets systemd run it.

    Example: flamenco worker --manager http://manager.local:8080/
    """
    start_logging(verbose=verbose, quiet=quiet)
    if find_manager:
        print(until_interrupted(search, FIND_SECONDS))
        return 0
    settings = (options or Options()).settings()
    if show_config:
        for each in told(with_provided(settings, read_provided(settings.home))):
            print(visible(f"{each.key}: {each.value}  ({each.origin})"))
        return 0
    if test:
        return until_interrupted(run_test, settings)
    if flush:
        return until_interrupted(send_the_rest, settings)
    length = Stay(once=once, until_idle=until_idle)
    if stay:
        length = attrs.evolve(length, seconds=_seconds(stay))
    return trio.run(run_worker, settings, length)


def _seconds(text: str) -> float:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise CommandError(f"--stay: {error}") from None
