"""Operations tagged `jobs`, on the logs of all its tasks."""

from functools import partial

import trio
from msgspec import UNSET

from flamenco.api import logs as api
from flamenco.logs import Place, search
from flamenco.manager.refusals import Conflict, Refusal
from flamenco.store import task_names
from web.api.finding import find_job
from web.context import reader, services
from web.operations import Id, Operations
from web.paging import place_of, text_of

routes = Operations("jobs")

_THREADS = trio.CapacityLimiter(2)


@routes.get("/jobs/<job_id>/logs/search", errors=[404, 409])
async def search_job_logs(job_id: Id, query: api.LogSearch) -> api.FoundLines:
    """Lines with a text in the logs of a job's tasks.

    One search looks at 64 MiB; `next` tells where to go on.
    """
    await find_job(job_id)
    after = place_of(query.after, tuple[str, int]) if query.after else ("", 0)
    if after is None or after[1] < 0:
        raise Refusal("after: expected the `next` of a search")
    look = partial(
        search,
        services().logs.folder(job_id),
        query.q,
        Place(*after),
        query.limit,
        trio.from_thread.check_cancelled,
    )
    try:
        lines, goes_on = await trio.to_thread.run_sync(look, limiter=_THREADS)
    except OSError as error:
        raise Conflict(f"the logs of job {job_id} can't be read: {error}") from None
    names = await reader().ask(lambda db: task_names(db, {each.task_id for each in lines}))
    return api.FoundLines(
        lines=tuple(
            api.FoundLine(
                task_id=each.task_id,
                task_name=names.get(each.task_id, ""),
                offset=each.place.offset,
                text=each.text,
            )
            for each in lines
        ),
        next=UNSET if goes_on is None else text_of((goes_on.name, goes_on.offset)),
    )
