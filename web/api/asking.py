"""Requests of people to jobs, with who makes them."""

import attrs
from quart import request

from flamenco.manager.asking import ask_job
from flamenco.manager.jobs.messages import OfPerson
from flamenco.model.access import Permission, may_change
from flamenco.model.happenings import author
from web.api.finding import find_job
from web.askers import Forbidden, asker
from web.context import farm


def who() -> str:
    """The author of this request."""
    by, user = author(request.headers.get("User-Agent", "")), asker().user
    return f"{user.name} ({by})" if user else by


async def ask(job_id: str, asked: OfPerson) -> None:
    """Have a job carry out a request. Raises `NotFound` if there is no such job."""
    await demand_job(job_id)
    await ask_job(farm().system, job_id, attrs.evolve(asked, by=who()))


async def demand_job(job_id: str) -> None:
    """Raises `Forbidden` if who asks may not change this job, `NotFound` if there is none."""
    asking = asker()
    if Permission.JOBS not in asking.held:
        job = (await find_job(job_id)).item
        if asking.user is None or not may_change(asking.held, asking.user.id, job.owner_id):
            raise Forbidden("this job is somebody else's")
