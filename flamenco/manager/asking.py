"""Asking a job's actor, which may have to be woken first."""

from typing import TypeVar

import actors
from flamenco.manager.messages import WakeJob

T = TypeVar("T")


async def ask_job(jobs: actors.ActorRef, job_id: str, message: actors.Request[T]) -> T:
    """The answer of a job's actor, woken from its snapshot if it doesn't run.

    Raises `NotFound` if there is no such job. A job that retires in this very moment is woken
    again.
    """
    job = await jobs.ask(WakeJob(job_id))
    try:
        return await job.ask(message)
    except actors.ActorStopped:
        job = await jobs.ask(WakeJob(job_id))
        return await job.ask(message)
