"""Operations tagged `worker-mgt`: requests of people to workers, and worker tags."""

from msgspec import UNSET, UnsetType

import actors
from flamenco import clock
from flamenco.api import workers as api
from flamenco.api.lists import WorkersWanted
from flamenco.api.past import AttemptsWanted, WorkerHistory
from flamenco.manager.parking import TryAgain
from flamenco.manager.refusals import Refusal
from flamenco.manager.tags import RemoveTag, SaveTag
from flamenco.manager.workers.messages import (
    Approve,
    RemoveWorker,
    ReplaceKey,
    RequestWorkerStatus,
    SetSchedule,
    SetWorkerTags,
)
from flamenco.model.schedules import parse_schedule
from flamenco.model.workers import REVOKED, WorkerTag
from flamenco.store import (
    Held,
    attempts_of,
    going_on,
    held_tasks,
    job_names,
    listed_workers,
    loads_of,
    newest_loads,
    shares,
)
from web import views
from web.api.finding import find_tag, find_worker
from web.api.past import past_attempt, work_done
from web.context import door, farm, reader
from web.operations import Id, Operations
from web.operators import demand_operator_if_open
from web.paging import paging, rest

MOST_JOBS = 100
"""Maximum number of jobs in the history of a worker."""

routes = Operations("worker-mgt")


async def _ask(worker_id: str, request: actors.Request[None]) -> None:
    """Have a worker's actor carry out a request. Raises `NotFound` if there is no such worker."""
    worker = farm().worker(worker_id)
    try:
        if worker is None:
            raise actors.ActorStopped(f"the actor of worker {worker_id} is not running")
        await worker.ask(request)
    except actors.ActorStopped:
        await find_worker(worker_id)  # unless there is none, or it was deleted just now
        raise


@routes.get("/worker-mgt/workers")
async def fetch_workers(query: WorkersWanted) -> api.WorkerList:
    """The workers that match; by default all."""
    page = await reader().page(listed_workers(query), paging(query))
    ids, now = [worker.id for worker in page.items], clock.now()
    held = await reader().ask(lambda db: held_tasks(db, ids))
    loads = await reader().ask(lambda db: newest_loads(db, ids, now))
    summaries = tuple(
        views.worker_summary(
            worker, held.get(worker.id), page.parked.get(worker.id), loads.get(worker.id)
        )
        for worker in page.items
    )
    return api.WorkerList(workers=summaries, **rest(page, query.sort))


@routes.get("/worker-mgt/workers/<worker_id>", errors=[404])
async def fetch_worker(worker_id: Id) -> api.Worker:
    """One worker, with the task that it holds or held last."""
    found = await find_worker(worker_id)
    task = await reader().task_of_worker(worker_id)
    names = await reader().look(lambda db: job_names(db, [task.job_id] if task else ()))
    held = Held(task, names.get(task.job_id, "")) if task else None
    now = clock.now()
    load = (await reader().look(lambda db: newest_loads(db, [worker_id], now))).get(worker_id)
    return views.worker(found.item, held, await reader().tags(), found.parked, load)


@routes.get("/worker-mgt/workers/<worker_id>/load", errors=[404])
async def fetch_worker_load(worker_id: Id) -> api.WorkerLoads:
    """Load of a worker's machine, minute by minute, in the last day."""
    await find_worker(worker_id)
    now = clock.now()
    samples = await reader().ask(lambda db: loads_of(db, worker_id, now))
    return api.WorkerLoads(samples=tuple(map(views.worker_load, samples)))


@routes.get("/worker-mgt/workers/<worker_id>/history", errors=[404])
async def fetch_worker_history(worker_id: Id, query: AttemptsWanted) -> WorkerHistory:
    """The attempts of a worker, and what they come to by job."""
    await find_worker(worker_id)
    over = await reader().ask(
        lambda db: attempts_of(db, "worker_id", worker_id, query.before, query.limit + 1)
    )
    running = await reader().ask(lambda db: going_on(db, "worker_id", worker_id))
    done = await reader().ask(lambda db: shares(db, "worker_id", worker_id, MOST_JOBS))
    return WorkerHistory(
        running=tuple(map(past_attempt, running)),
        attempts=tuple(map(past_attempt, over[: query.limit])),
        more=len(over) > query.limit,
        jobs=tuple(map(work_done, done)),
    )


@routes.post("/worker-mgt/workers/<worker_id>/setstatus", errors=[404, 409, 422])
async def request_worker_status_change(worker_id: Id, body: api.WorkerStatusChangeRequest) -> None:
    """Ask a worker to wake up, sleep, shut down or restart."""
    await _ask(worker_id, RequestWorkerStatus(body.status, body.is_lazy))


@routes.post("/worker-mgt/workers/<worker_id>/try-again", errors=[404, 409, 422])
async def try_worker_again(worker_id: Id) -> None:
    """Let a worker that is parked begin anew."""
    await _ask(worker_id, TryAgain())


@routes.post("/worker-mgt/workers/<worker_id>/approve", errors=[404, 409])
async def approve_worker(worker_id: Id) -> None:
    """Let a worker work that waits for approval."""
    demand_operator_if_open("in an open farm only the operator approves workers")
    await _ask(worker_id, Approve())


@routes.post("/worker-mgt/workers/<worker_id>/revoke-credentials", errors=[404, 409])
async def revoke_worker_credentials(worker_id: Id) -> None:
    """Let the credentials of a worker count no longer: it has to join anew."""
    await _ask(worker_id, ReplaceKey(REVOKED))
    door().forget(worker_id)


@routes.delete("/worker-mgt/workers/<worker_id>", errors=[404, 409])
async def delete_worker(worker_id: Id) -> None:
    """Forget a worker; its task goes to another one."""
    await _ask(worker_id, RemoveWorker())


@routes.post("/worker-mgt/workers/<worker_id>/settags", errors=[404, 409])
async def set_worker_tags(worker_id: Id, body: api.WorkerTagChangeRequest) -> None:
    """Replace the tags of a worker.

    Unknown tags are ignored (reference api §4).
    """
    await _ask(worker_id, SetWorkerTags(body.tag_ids))


@routes.get("/worker-mgt/workers/<worker_id>/sleep-schedule", errors=[404])
async def fetch_worker_sleep_schedule(worker_id: Id) -> api.WorkerSleepSchedule | None:
    """The sleep schedule of a worker."""
    worker = (await find_worker(worker_id)).item
    return views.schedule(worker.schedule, worker.schedule_due) if worker.schedule else None


@routes.post("/worker-mgt/workers/<worker_id>/sleep-schedule", errors=[404, 409])
async def set_worker_sleep_schedule(worker_id: Id, body: api.WorkerSleepSchedule) -> None:
    """Set the sleep schedule of a worker."""
    try:
        schedule = parse_schedule(
            is_active=body.is_active,
            days_of_week=body.days_of_week,
            start_time=body.start_time,
            end_time=body.end_time,
            timezone=None if isinstance(body.timezone, UnsetType) else body.timezone,
        )
    except ValueError as error:
        raise Refusal(str(error)) from None
    await _ask(worker_id, SetSchedule(schedule))


# Tags


@routes.get("/worker-mgt/tags")
async def fetch_worker_tags() -> api.WorkerTagList:
    """All tags."""
    return api.WorkerTagList(tags=tuple(map(views.tag, await reader().tags())))


@routes.post("/worker-mgt/tags", errors=[422])
async def create_worker_tag(body: api.WorkerTag) -> api.WorkerTag:
    """Create a tag."""
    wanted = WorkerTag(id=body.id or "", name=body.name, description=body.description or "")
    return views.tag(await farm().tags.ask(SaveTag(wanted, new=True)))


@routes.get("/worker-mgt/tag/<tag_id>", errors=[404])
async def fetch_worker_tag(tag_id: Id) -> api.WorkerTag:
    """One tag."""
    return views.tag(await find_tag(tag_id))


@routes.put("/worker-mgt/tag/<tag_id>", errors=[404, 422])
async def update_worker_tag(tag_id: Id, body: api.WorkerTag) -> None:
    """Change a tag, its description only if one is given (reference api §4)."""
    known = await find_tag(tag_id)
    description = known.description if body.description is UNSET else body.description
    wanted = WorkerTag(id=tag_id, name=body.name, description=description)
    await farm().tags.ask(SaveTag(wanted, new=False))


@routes.delete("/worker-mgt/tag/<tag_id>", errors=[404])
async def delete_worker_tag(tag_id: Id) -> None:
    """Delete a tag; jobs and workers lose it."""
    await farm().tags.ask(RemoveTag(tag_id))
