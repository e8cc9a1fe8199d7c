"""Operations tagged `worker-mgt`: what people ask of workers."""

from quart import Blueprint

from flamenco.api import workers as api
from flamenco.manager.messages import NotFound, RequestWorkerStatus
from web import views
from web.context import farm, reader
from web.wire import Answer, body, empty, reply

routes = Blueprint("worker_mgt", __name__)


@routes.get("/worker-mgt/workers")
async def fetch_workers() -> Answer:
    workers = await reader().workers()
    return reply(api.WorkerList(workers=tuple(map(views.worker_summary, workers))))


@routes.get("/worker-mgt/workers/<worker_id>")
async def fetch_worker(worker_id: str) -> Answer:
    worker = await reader().worker(worker_id)
    if worker is None:
        raise NotFound(f"there is no worker {worker_id}")
    return reply(views.worker(worker, await reader().task_of_worker(worker_id)))


@routes.post("/worker-mgt/workers/<worker_id>/setstatus")
async def request_worker_status_change(worker_id: str) -> Answer:
    change = await body(api.WorkerStatusChangeRequest)
    worker = farm().worker(worker_id)
    if worker is None:
        raise NotFound(f"there is no worker {worker_id}")
    await worker.ask(RequestWorkerStatus(change.status, change.is_lazy))
    return empty()


@routes.get("/worker-mgt/tags")
async def fetch_worker_tags() -> Answer:
    return reply(api.WorkerTagList())
