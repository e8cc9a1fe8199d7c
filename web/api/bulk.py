"""Operations tagged `bulk`: actions on many jobs, tasks or workers at once.

Each object is treated as if it were the only one, and gets an outcome of its own.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

import attrs
import msgspec
from msgspec import UNSET, UnsetType

from flamenco.api import bulk as api
from flamenco.api.jobs import FailedTasksRequeueing, TaskStatusChange
from flamenco.api.lists import JobsFilter, TasksFilter, WorkersFilter
from flamenco.manager.refusals import Refusal
from flamenco.store import Listing, listed_jobs, listed_tasks, listed_workers
from web.api import job_requests, tasks, worker_mgt
from web.api.finding import find_job
from web.api.many import Act, to_all, to_tasks
from web.context import reader
from web.operations import Operations

T = TypeVar("T", bound=attrs.AttrsInstance)
routes = Operations("bulk")


async def _delete_worker(worker_id: str, _: api.Nothing) -> None:
    await worker_mgt.delete_worker(worker_id)


async def _try_worker_again(worker_id: str, _: api.Nothing) -> None:
    await worker_mgt.try_worker_again(worker_id)


async def _try_job_again(job_id: str, _: api.Nothing) -> None:
    await job_requests.try_job_again(job_id)


async def _requeue_failed(job_id: str, change: FailedTasksRequeueing) -> str | None:
    result = await job_requests.requeue_failed_tasks(job_id, change)
    if not result.refused:
        return None
    return f"{result.refused} of its failed tasks were refused: {result.reasons[0].message}"


JOB_ACTIONS: dict[str, Act] = {
    "setstatus": job_requests.set_job_status,
    "setpriority": job_requests.set_job_priority,
    "settag": job_requests.set_job_tag,
    "setkeep": job_requests.set_job_keep,
    "setarchived": job_requests.set_job_archived,
    "delete": job_requests.delete_job,
    "try_again": _try_job_again,
    "requeue_failed": _requeue_failed,
}
TASK_ACTIONS: dict[str, Act] = {
    "setstatus": tasks.set_task_status,  # of many at once: `to_tasks`
    "approve": tasks.approve_task,
    "reject": tasks.reject_task,
}
WORKER_ACTIONS: dict[str, Act] = {
    "setstatus": worker_mgt.request_worker_status_change,
    "settags": worker_mgt.set_worker_tags,
    "delete": _delete_worker,
    "try_again": _try_worker_again,
}
"""{action: handler of the operation on one worker}."""


@routes.post("/jobs/bulk")
async def change_jobs(body: api.BulkOfJobs) -> api.BulkResult:
    """Do the same thing to many jobs."""
    act, change = _action(body, JOB_ACTIONS)
    found = await _choose(body, lambda given: listed_jobs(_filter(JobsFilter, given)))
    return await to_all(found, act, change)


@routes.post("/tasks/bulk", errors=[404])
async def change_tasks(body: api.BulkOfTasks) -> api.BulkResult:
    """Do the same thing to many tasks."""
    act, change = _action(body, TASK_ACTIONS)
    job_id = body.job or ""
    if body.filter is not UNSET:
        if not job_id:
            raise Refusal("job: a filter of tasks needs the id of their job")
        await find_job(job_id)
    found = await _choose(body, lambda given: listed_tasks(job_id, _filter(TasksFilter, given)))
    if isinstance(change, TaskStatusChange):
        by_ids = body.filter is UNSET
        known = await reader().jobs_of_tasks(found) if by_ids else dict.fromkeys(found, job_id)
        return await to_tasks(known, change.status, change.reason)
    return await to_all(found, act, change)


@routes.post("/worker-mgt/workers/bulk")
async def change_workers(body: api.BulkOfWorkers) -> api.BulkResult:
    """Do the same thing to many workers."""
    act, change = _action(body, WORKER_ACTIONS)
    found = await _choose(body, lambda given: listed_workers(_filter(WorkersFilter, given)))
    return await to_all(found, act, change)


def _action(body: api.Chosen, actions: Mapping[str, Act]) -> tuple[Act, object]:
    """The only action in a body, and its parameters. Raises `Refusal`."""
    named = [name for name in actions if getattr(body, name) is not UNSET]
    if len(named) != 1:
        got = " and ".join(named) or "none"
        raise Refusal(f"request body: expected one of {', '.join(actions)}, got {got}")
    return actions[named[0]], getattr(body, named[0])


async def _choose(body: api.Chosen, listing: Callable[[api.Filter], Listing[T]]) -> list[str]:
    """The ids that a body selects. Raises `Refusal`."""
    if isinstance(body.ids, UnsetType) == isinstance(body.filter, UnsetType):
        raise Refusal("request body: expected either ids or a filter")
    if not isinstance(body.ids, UnsetType):
        return list(dict.fromkeys(body.ids))
    found = await reader().ids(listing(body.filter or {}))
    if len(found) > api.MOST_MATCHING:
        raise Refusal(f"filter: {len(found)} match, expected {api.MOST_MATCHING} at most")
    return found


def _filter(kind: type[T], given: api.Filter) -> T:
    """A filter, in which nothing may be wrong or empty: more would match.

    Raises `Refusal`.
    """
    known = [field.name for field in attrs.fields(kind)]
    wrong = [name for name in given if name not in known]
    if wrong or not given:
        got = " and ".join(wrong) or "none"
        raise Refusal(f"filter: expected some of {', '.join(known)}, got {got}")
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise Refusal(f"filter: {error}") from None
