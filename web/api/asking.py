"""Requests of people to jobs, with who makes them."""

import attrs
from quart import request

from flamenco.manager.asking import ask_job
from flamenco.manager.jobs.messages import OfPerson
from flamenco.model.happenings import author
from web.context import farm


def who() -> str:
    """The author of this request."""
    return author(request.headers.get("User-Agent", ""))


async def ask(job_id: str, asked: OfPerson) -> None:
    """Have a job carry out a request. Raises `NotFound` if there is no such job."""
    await ask_job(farm().system, job_id, attrs.evolve(asked, by=who()))
