"""Reasons why a task of a live job waits: the job's own first, then the scheduler's."""

import actors
from flamenco import clock
from flamenco.manager.scheduling.messages import Explain
from flamenco.manager.services import SCHEDULER, Services
from flamenco.model.jobs import Task
from flamenco.model.livejob import LiveJob
from flamenco.model.waiting import why_job_waits, why_nothing_is_ready, why_task_waits

STARTING = "The scheduler is starting."


async def why_waiting(
    live: LiveJob, task: Task | None, system: actors.ActorSystem, services: Services
) -> str:
    """The reason why this task waits; without a task, why the job does."""
    task = task or live.some_ready()
    if task is None:
        return why_job_waits(live) or why_nothing_is_ready(live)
    known = why_task_waits(live, task)
    scheduler = system.find(SCHEDULER)
    if known or scheduler is None:
        return known or STARTING
    kind = live.kind(task)
    tags = {tag.id: tag.name for tag in await services.reader.tags()} if kind.tag else {}
    absence, now = services.absence, clock.now()
    workers = await services.reader.workers()
    gone = frozenset(worker.id for worker in workers if absence.gone(worker, now))
    try:
        return await scheduler.ask(Explain(kind, tags.get(kind.tag or ""), gone))
    except actors.ActorError:  # its crash is not this job's
        return STARTING
