"""Operations tagged `jobs`, on single tasks: details, log, status."""

from quart import Blueprint, Response

from flamenco.api import jobs as api
from flamenco.manager.requests import SetTaskStatus, WhyWaiting
from web import views
from web.api.asking import ask_job
from web.api.finding import find_task, workers_by_id
from web.context import farm, reader, services
from web.wire import Answer, body, empty, reply

routes = Blueprint("tasks", __name__)


@routes.get("/tasks/<task_id>")
async def fetch_task(task_id: str) -> Answer:
    task = await find_task(task_id)
    workers = await workers_by_id()
    return reply(views.task(task, await reader().commands(task_id), workers))


@routes.get("/tasks/<task_id>/attempts")
async def fetch_task_attempts(task_id: str) -> Answer:
    await find_task(task_id)
    workers = await workers_by_id()
    ended = await reader().attempts(task_id)
    return reply(api.TaskAttempts(attempts=tuple(views.attempt(each, workers) for each in ended)))


@routes.get("/tasks/<task_id>/why-waiting")
async def why_task_waits(task_id: str) -> Answer:
    task = await find_task(task_id)
    return reply(api.WaitingReason(reason=await ask_job(task.job_id, WhyWaiting(task_id))))


@routes.get("/tasks/<task_id>/logtail")
async def fetch_task_log_tail(task_id: str) -> Answer:
    task = await find_task(task_id)
    tail = await services().log_tail(task)
    return Response(tail, content_type="text/plain; charset=utf-8") if tail else empty()


@routes.get("/tasks/<task_id>/log")
async def fetch_task_log_info(task_id: str) -> Answer:
    task = await find_task(task_id)
    await farm().store.begin_log_file(task.job_id, task_id)
    size = await services().logs.size(task.job_id, task_id)
    if size is None:
        return empty()
    url = f"/job-files/{services().logs.relative(task.job_id, task_id)}"
    return reply(api.TaskLogInfo(task_id=task_id, job_id=task.job_id, url=url, size=size))


@routes.post("/tasks/<task_id>/setstatus")
async def set_task_status(task_id: str) -> Answer:
    task = await find_task(task_id)
    change = await body(api.TaskStatusChange)
    message = SetTaskStatus(task_id, change.status, change.reason)
    await ask_job(task.job_id, message)
    return empty()
