"""`flamenco worker install-service`: a systemd unit for a Worker."""

import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from flamenco.cli.errors import CommandError
from flamenco.cli.worker import Options
from flamenco.config.worker import NAME_VARIABLE
from worker.process import program_environment
from worker.service import RESTART_EXIT_CODE, Service, unit_file, what_next


def install_service(
    *,
    options: Options | None = None,
    system: Annotated[
        str, Parameter(help="unit of the machine, run as this USER; default: a unit of yours")
    ] = "",
    unit: Annotated[str, Parameter(help="name of the unit")] = "flamenco-worker",
    dry_run: Annotated[bool, Parameter(help="print the unit, write nothing", negative="")] = False,
) -> None:
    """Write a systemd unit that runs a Worker, and print the next steps.

    The unit runs this installation of Flamenco with the options given here, in the folder of the
    configuration, and with the programs on your PATH. It is not started.

    Example: flamenco worker install-service --manager http://manager.local:8080/
    """
    service = _service(options or Options(), system)
    try:
        path = unit_file(unit, of_machine=bool(system))
    except ValueError as error:
        raise CommandError(f"--unit: {error}") from None
    if dry_run:
        print(service.unit(), end="")
        return
    if sys.platform != "linux":
        raise CommandError("systemd is only on Linux; the operator guide shows other ways")
    _write(path, service.unit())
    print(f"{path} is written. Next:\n\n{what_next(unit, system)}")


def _service(options: Options, user: str) -> Service:
    settings = options.settings()
    config = options.config.absolute()
    code = settings.restart_exit_code or RESTART_EXIT_CODE
    given = {
        "--manager": options.manager,
        "--name": options.name or os.environ.get(NAME_VARIABLE, ""),
        "--home": str(options.home.absolute()) if options.home else "",
        "--config": str(config) if config.exists() else "",
    }
    words = [word for name, value in given.items() if value for word in (name, value)]
    program = [sys.executable, "-m", "flamenco", "worker"]
    return Service(
        command=[*program, *words, "--restart-exit-code", str(code)],
        folder=config.parent,
        restart_exit_code=code,
        path=program_environment().get("PATH", ""),
        user=user,
    )


def _write(path: Path, text: str) -> None:
    """Write the unit. Raises CommandError rather than replace a different one."""
    if path.exists() and path.read_text("utf-8") != text:
        raise CommandError(
            f"{path} already exists and is different: remove it, or choose another --unit NAME"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except PermissionError:
        raise CommandError(
            f"{path} cannot be written: run this as root, or leave out --system"
        ) from None
