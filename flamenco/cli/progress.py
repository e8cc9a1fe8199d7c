"""A job's progress, as a bar on the terminal."""

import trio
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from flamenco.api.jobs import Job
from flamenco.client import ManagerClient
from flamenco.model.statuses import FINISHED_JOBS, JobStatus

POLL_SECONDS = 0.25


async def follow(client: ManagerClient, job: Job, show: Console) -> Job:
    """Show a job's progress until it is finished, and return the finished job."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=show) as progress:
        bar = progress.add_task("Waiting", total=job.frames.total)
        while job.status not in FINISHED_JOBS:
            await trio.sleep(POLL_SECONDS)
            job = await client.job(job.id)
            what = "Rendering" if job.status is JobStatus.ACTIVE else job.status.capitalize()
            progress.update(bar, completed=job.frames.done, description=what)
    return job
