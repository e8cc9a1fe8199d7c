"""Requests of people to jobs, with who makes them."""

from collections.abc import Sequence

import attrs
from quart import request

from flamenco.manager.asking import ask_job
from flamenco.manager.jobs.messages import OfPerson, SetTasksStatus
from flamenco.model.access import Permission, may_change
from flamenco.model.happenings import author
from flamenco.model.statuses import TaskStatus
from web.api.finding import find_job
from web.askers import Forbidden, asker
from web.context import farm
from web.wire import STATUS_OF


def who() -> str:
    """The author of this request."""
    by, user = author(request.headers.get("User-Agent", "")), asker().user
    return f"{user.name} ({by})" if user else by


TASKS_AT_ONCE = 250
"""Maximum number of tasks in one message: their job takes no other message meanwhile."""


async def ask(job_id: str, asked: OfPerson) -> None:
    """Have a job carry out a request. Raises `NotFound` if there is no such job."""
    await demand_job(job_id)
    await ask_job(farm().system, job_id, attrs.evolve(asked, by=who()))


async def ask_tasks(
    job_id: str, task_ids: Sequence[str], status: TaskStatus, reason: str
) -> dict[str, Exception]:
    """Have a job bring tasks to a status; those that were refused, and why.

    What keeps the job from answering refuses the tasks that are left. Raises `NotFound` if there
    is no such job, `Forbidden`.
    """
    await demand_job(job_id)
    by, refused = who(), dict[str, Exception]()
    for first in range(0, len(task_ids), TASKS_AT_ONCE):
        some = tuple(task_ids[first : first + TASKS_AT_ONCE])
        asked = SetTasksStatus(some, status, reason, by=by)
        try:
            answered: dict[str, Exception] = await ask_job(farm().system, job_id, asked)
        except tuple(STATUS_OF) as error:
            return refused | dict.fromkeys(task_ids[first:], error)
        refused |= answered
    return refused


async def demand_job(job_id: str) -> None:
    """Raises `Forbidden` if who asks may not change this job, `NotFound` if there is none."""
    asking = asker()
    if Permission.JOBS not in asking.held:
        job = (await find_job(job_id)).item
        if asking.user is None or not may_change(asking.held, asking.user.id, job.owner_id):
            raise Forbidden("this job is somebody else's")
