"""Dry runs: what a submission would come to, of which nothing is stored."""

import attrs
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


@attrs.frozen
class Planned:
    """A job with all its tasks, as it would begin."""

    live: LiveJob
    commands: tuple[tuple[str, ...], ...]
    """Names of the commands of each task, each name once."""


async def dry_run(message: SubmitJob, services: Services) -> Planned:
    """The job and the tasks that a submission would come to. Raises `Refusal`."""
    job = await submittable(message, services.reader)
    outcome = await compile_submission(message, job, services)
    live = LiveJob(as_compiled(job, outcome))
    commands: list[tuple[str, ...]] = []
    for piece in pieces(live.job, message.settings, outcome):
        live.grow(piece.tasks)
        commands += (tuple(dict.fromkeys(each.name for each in one)) for one in piece.commands)
        await trio.lowlevel.checkpoint()
    live.complete()
    return Planned(live, tuple(commands))
