"""Asking the actors of this application's farm."""

from typing import TypeVar

import actors
from flamenco.manager import asking
from web.context import farm

T = TypeVar("T")


async def ask_job(job_id: str, message: actors.Request[T]) -> T:
    """The answer of a job's actor. Raises `NotFound` if there is no such job."""
    return await asking.ask_job(farm().jobs, job_id, message)
