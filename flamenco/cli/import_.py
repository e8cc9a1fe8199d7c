"""`flamenco import`: bring a farm of Flamenco 3 over."""

import logging
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from flamenco.changeover import bring, find
from flamenco.cli.logs import start_logging
from flamenco.cli.running import until_interrupted
from flamenco.cli.texts import visible

logger = logging.getLogger(__name__)


def import_(
    folder: Annotated[Path, Parameter(help="in which the Manager of Flamenco 3 was started")],
    /,
    *,
    storage: Annotated[Path, Parameter(help="folder for everything the new Manager keeps")],
    dry_run: Annotated[
        bool, Parameter(help="only print what would be brought over", negative="")
    ] = False,
) -> int:
    """Bring a farm of Flamenco 3 over: workers, tags, schedules, jobs, logs, settings, job types.

    Stop both Managers first. The old folder is only read. What the storage has already stays as it
    is, so the command may be given again.

    Example: flamenco import /opt/flamenco --storage /srv/flamenco
    """
    start_logging()

    async def run() -> int:
        report = await bring(find(folder, logger.warning), storage, dry=dry_run)
        for line in report.lines():
            print(visible(line))
        if dry_run:
            print("Nothing was written.")
        else:
            print(f"Start the Manager with: flamenco manager --storage {storage}")
        return 0

    return until_interrupted(run)
