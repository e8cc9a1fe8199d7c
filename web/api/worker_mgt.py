"""Operations tagged `worker-mgt`: what people ask of workers."""

from msgspec import UNSET, UnsetType
from quart import Blueprint

import actors
from flamenco.api import workers as api
from flamenco.manager.messages import NotFound, Refusal
from flamenco.manager.requests import (
    DeleteTag,
    DeleteWorker,
    PutTag,
    RequestWorkerStatus,
    SetSchedule,
    SetWorkerTags,
)
from flamenco.model.schedules import parse_schedule
from flamenco.model.workers import WorkerTag
from web import views
from web.api.finding import find_tag, find_worker
from web.context import farm, reader
from web.wire import Answer, body, empty, reply

routes = Blueprint("worker_mgt", __name__)


@routes.get("/worker-mgt/workers")
async def fetch_workers() -> Answer:
    workers = await reader().workers()
    return reply(api.WorkerList(workers=tuple(map(views.worker_summary, workers))))


@routes.get("/worker-mgt/workers/<worker_id>")
async def fetch_worker(worker_id: str) -> Answer:
    worker = await find_worker(worker_id)
    task = await reader().task_of_worker(worker_id)
    return reply(views.worker(worker, task, await reader().tags()))


@routes.post("/worker-mgt/workers/<worker_id>/setstatus")
async def request_worker_status_change(worker_id: str) -> Answer:
    change = await body(api.WorkerStatusChangeRequest)
    await actor_of(worker_id).ask(RequestWorkerStatus(change.status, change.is_lazy))
    return empty()


@routes.delete("/worker-mgt/workers/<worker_id>")
async def delete_worker(worker_id: str) -> Answer:
    await actor_of(worker_id).ask(DeleteWorker())
    return empty()


@routes.post("/worker-mgt/workers/<worker_id>/settags")
async def set_worker_tags(worker_id: str) -> Answer:
    """Unknown tags are ignored (reference api §4)."""
    wanted = (await body(api.WorkerTagChangeRequest)).tag_ids
    known = {tag.id for tag in await reader().tags()}
    await actor_of(worker_id).ask(SetWorkerTags(tuple(each for each in wanted if each in known)))
    return empty()


@routes.get("/worker-mgt/workers/<worker_id>/sleep-schedule")
async def fetch_worker_sleep_schedule(worker_id: str) -> Answer:
    worker = await find_worker(worker_id)
    return reply(views.schedule(worker.schedule)) if worker.schedule else empty()


@routes.post("/worker-mgt/workers/<worker_id>/sleep-schedule")
async def set_worker_sleep_schedule(worker_id: str) -> Answer:
    wanted = await body(api.WorkerSleepSchedule)
    try:
        schedule = parse_schedule(
            is_active=wanted.is_active,
            days_of_week=wanted.days_of_week,
            start_time=wanted.start_time,
            end_time=wanted.end_time,
            timezone=None if isinstance(wanted.timezone, UnsetType) else wanted.timezone,
        )
    except ValueError as error:
        raise Refusal(str(error)) from None
    await actor_of(worker_id).ask(SetSchedule(schedule))
    return empty()


def actor_of(worker_id: str) -> actors.ActorRef:
    worker = farm().worker(worker_id)
    if worker is None:
        raise NotFound(f"there is no worker {worker_id}")
    return worker


# Tags


@routes.get("/worker-mgt/tags")
async def fetch_worker_tags() -> Answer:
    return reply(api.WorkerTagList(tags=tuple(map(views.tag, await reader().tags()))))


@routes.post("/worker-mgt/tags")
async def create_worker_tag() -> Answer:
    tag = await body(api.WorkerTag)
    wanted = WorkerTag(id=tag.id or "", name=tag.name, description=tag.description or "")
    return reply(views.tag(await farm().tags.ask(PutTag(wanted, new=True))))


@routes.get("/worker-mgt/tag/<tag_id>")
async def fetch_worker_tag(tag_id: str) -> Answer:
    return reply(views.tag(await find_tag(tag_id)))


@routes.put("/worker-mgt/tag/<tag_id>")
async def update_worker_tag(tag_id: str) -> Answer:
    """The description changes only if one is given (reference api §4)."""
    known, change = await find_tag(tag_id), await body(api.WorkerTag)
    description = known.description if change.description is UNSET else change.description
    wanted = WorkerTag(id=tag_id, name=change.name, description=description)
    await farm().tags.ask(PutTag(wanted, new=False))
    return empty()


@routes.delete("/worker-mgt/tag/<tag_id>")
async def delete_worker_tag(tag_id: str) -> Answer:
    await farm().tags.ask(DeleteTag(tag_id))
    return empty()
