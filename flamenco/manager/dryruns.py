"""Dry runs: what a submission would come to, of which nothing is stored."""

from collections.abc import Iterable

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
from flamenco.model.jobs import Job, JobRequirements
from flamenco.model.livejob import LiveJob
from flamenco.model.warnings import unmet


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
    compiled = as_compiled(job, outcome)
    unequipped = await _unequipped(compiled, {task.type for task in outcome.tasks}, services)
    live = LiveJob(attrs.evolve(compiled, warnings=(*compiled.warnings, *unequipped)))
    commands: list[tuple[str, ...]] = []
    for piece in pieces(live.job, message.settings, outcome):
        live.grow(piece.tasks)
        commands += (tuple(dict.fromkeys(each.name for each in one)) for one in piece.commands)
        await trio.lowlevel.checkpoint()
    live.complete()
    return Planned(live, tuple(commands))


async def _unequipped(job: Job, task_types: Iterable[str], services: Services) -> list[str]:
    """Warnings of equipment that no worker has today."""
    if job.requirements == JobRequirements():
        return []
    workers = await services.reader.workers()
    return [
        warning
        for task_type in sorted(task_types)
        for warning in unmet(
            task_type,
            job.requirements.of(task_type),
            [each.specs for each in workers if task_type in each.task_types],
        )
    ]
