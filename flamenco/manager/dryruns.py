"""Dry runs: what a submission would come to, of which nothing is stored."""

import trio

from flamenco.manager.services import Services
from flamenco.manager.submissions import (
    SubmitJob,
    as_compiled,
    compile_submission,
    pieces,
    submittable,
)
from flamenco.model.livejob import LiveJob


async def check(message: SubmitJob, services: Services) -> None:
    """Compile a job. Raises `Refusal`."""
    await compile_submission(message, await submittable(message, services.reader), services)


async def dry_run(message: SubmitJob, services: Services) -> LiveJob:
    """The job with all its tasks. Raises `Refusal`."""
    job = await submittable(message, services.reader)
    outcome = await compile_submission(message, job, services)
    live = LiveJob(as_compiled(job, outcome))
    for piece in pieces(live.job, message.settings, outcome):
        live.grow(piece.tasks)
        await trio.lowlevel.checkpoint()
    live.complete()
    return live
