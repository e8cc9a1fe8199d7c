"""The same action on many objects, each as if it were the only one."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import trio
from msgspec import UNSET

from flamenco.api import bulk as api
from flamenco.manager.refusals import NotFound
from flamenco.model.statuses import TaskStatus
from web.api.asking import ask_tasks
from web.finishing import finished
from web.wire import STATUS_OF, status_of

Act = Callable[[str, Any], Awaitable[str | None]]
"""Function that does something to the object with an id, and tells what it could not do of it."""

AT_ONCE = 32
"""Maximum number of actions at the same time: enough for their commits to gather."""


async def to_all(ids: Sequence[str], act: Act, change: object) -> api.BulkResult:
    """The outcome for each. What was begun is finished, even if the client leaves."""
    return await finished(lambda: _to_all(ids, act, change))


async def _to_all(ids: Sequence[str], act: Act, change: object) -> api.BulkResult:
    refused: dict[str, api.BulkOutcome] = {}
    partly: dict[str, api.BulkOutcome] = {}
    left = iter(ids)

    async def go_on() -> None:
        for each in left:
            try:
                if said := await act(each, change):
                    partly[each] = api.BulkOutcome(id=each, code=204, message=said)
            except tuple(STATUS_OF) as error:
                refused[each] = _refusal(each, error)

    async with trio.open_nursery() as nursery:
        for _ in range(min(AT_ONCE, len(ids))):
            nursery.start_soon(go_on)
    return result_of(ids, refused, partly)


async def to_tasks(
    tasks: Mapping[str, str | None], status: TaskStatus, reason: str
) -> api.BulkResult:
    """The outcome of a change of these tasks, with a message to each job for many of its tasks.

    ``tasks`` are their ids, each with that of its job, None where there is no such task. What was
    begun is finished, even if the client leaves.
    """
    of_jobs: dict[str, list[str]] = {}
    refused: dict[str, api.BulkOutcome] = {}
    for task_id, job_id in tasks.items():
        if job_id is None:
            refused[task_id] = _refusal(task_id, NotFound(f"there is no task {task_id}"))
        else:
            of_jobs.setdefault(job_id, []).append(task_id)

    async def change() -> api.BulkResult:
        for job_id, ids in of_jobs.items():
            try:
                errors = await ask_tasks(job_id, ids, status, reason)
            except tuple(STATUS_OF) as error:
                errors = dict.fromkeys(ids, error)
            refused.update({each: _refusal(each, error) for each, error in errors.items()})
        return result_of([*tasks], refused)

    return await finished(change)


def _refusal(of: str, error: Exception) -> api.BulkOutcome:
    return api.BulkOutcome(id=of, code=status_of(error), message=str(error))


def result_of(
    ids: Sequence[str],
    refused: Mapping[str, api.BulkOutcome],
    partly: Mapping[str, api.BulkOutcome] = MappingProxyType({}),
) -> api.BulkResult:
    """The outcomes, of which these are refusals, and those of what was done in part."""
    known = {**partly, **refused}
    told = ids if len(ids) <= api.MOST else [each for each in ids if each in known][: api.MOST]
    reasons = Counter(each.message for each in refused.values() if each.message is not UNSET)
    return api.BulkResult(
        outcomes=tuple(known.get(each) or api.BulkOutcome(id=each, code=204) for each in told),
        done=len(ids) - len(refused),
        refused=len(refused),
        reasons=tuple(
            api.RefusalReason(message=message, count=count)
            for message, count in reasons.most_common(api.MOST_REASONS)
        ),
    )
