"""Asking the actors of this application's farm."""

from typing import TypeVar

import actors
from flamenco.manager import asking
from flamenco.manager.messages import NotFound
from web.api.finding import find_worker
from web.context import farm

T = TypeVar("T")


async def ask_job(job_id: str, message: actors.Request[T]) -> T:
    """The answer of a job's actor. Raises `NotFound` if there is no such job."""
    return await asking.ask_job(farm().jobs, job_id, message)


async def ask_worker(worker_id: str, message: actors.Request[T]) -> T:
    """The answer of a worker's actor. Raises `NotFound` if there is no such worker."""
    worker = farm().worker(worker_id)
    if worker is None:
        raise NotFound(f"there is no worker {worker_id}")
    try:
        return await worker.ask(message)
    except actors.ActorStopped:
        await find_worker(worker_id)  # unless it was deleted in this moment
        raise
