"""Operations tagged `jobs`, on single tasks: details, log, status."""

from flamenco.api import jobs as api
from flamenco.manager.asking import ask_job
from flamenco.manager.jobs.messages import Decide, SetTaskStatus, WhyWaiting
from flamenco.manager.refusals import Conflict
from flamenco.model.bounds import Word
from flamenco.model.parking import Parked
from flamenco.store import UnreadableRow
from web import views
from web.api.asking import ask
from web.api.finding import find_job, find_task, workers_named
from web.context import farm, reader, services
from web.operations import Id, Operations
from web.wire import Text

routes = Operations("jobs")


@routes.get("/tasks/<task_id>", errors=[404])
async def fetch_task(task_id: Id) -> api.Task:
    """One task with its commands."""
    found = await find_task(task_id)
    task, parked = found.item, found.parked
    workers = await workers_named(task.worker_id, *task.failed_by)
    try:
        commands = await reader().commands(task_id)
    except UnreadableRow as error:
        return views.task(task, (), workers, parked or Parked(str(error)))
    return views.task(task, commands, workers, parked)


@routes.get("/tasks/<task_id>/attempts", errors=[404])
async def fetch_task_attempts(task_id: Id) -> api.TaskAttempts:
    """The attempts at a task: worker, beginning, end and outcome."""
    await find_task(task_id)
    ended = await reader().attempts(task_id)
    workers = await workers_named(*(each.worker_id for each in ended))
    return api.TaskAttempts(attempts=tuple(views.attempt(each, workers) for each in ended))


@routes.get("/tasks/<task_id>/why-waiting", errors=[404, 409])
async def why_task_waits(task_id: Id) -> api.WaitingReason:
    """The reason why a task waits, in one sentence."""
    task = (await find_task(task_id)).item
    parked = (await find_job(task.job_id)).parked
    if parked is not None:
        return api.WaitingReason(reason=f"its job is parked: {parked.reason}")
    return api.WaitingReason(reason=await ask_job(farm().system, task.job_id, WhyWaiting(task_id)))


@routes.get("/tasks/<task_id>/logtail", errors=[404, 409])
async def fetch_task_log_tail(task_id: Id) -> Text | None:
    """The last 2 KiB of a task's log."""
    task = (await find_task(task_id)).item
    try:
        tail = await services().log_tail(task)
    except OSError as error:
        raise Conflict(f"the log of task {task_id} can't be read: {error}") from None
    return Text(tail) if tail else None


@routes.get("/tasks/<task_id>/log", errors=[404])
async def fetch_task_log_info(task_id: Id) -> api.TaskLogInfo | None:
    """The address of a task's log."""
    task = (await find_task(task_id)).item
    await farm().store.begin_log_file(task.job_id, task_id)
    size = await services().logs.size(task.job_id, task_id)
    if size is None:
        return None
    url = f"/job-files/{services().logs.relative(task.job_id, task_id)}"
    return api.TaskLogInfo(task_id=task_id, job_id=task.job_id, url=url, size=size)


@routes.post("/tasks/<task_id>/setstatus", errors=[404, 409, 422])
async def set_task_status(task_id: Word, body: api.TaskStatusChange) -> None:
    """Cancel or queue a task, or set it to completed or failed.

    A malformed id is answered as an unknown one: 404 (reference api §1).
    """
    task = (await find_task(task_id)).item
    await ask(task.job_id, SetTaskStatus(task_id, body.status, body.reason))


@routes.post("/tasks/<task_id>/approve", errors=[404, 409, 422])
async def approve_task(task_id: Id, body: api.Decision | None = None) -> None:
    """Approve a task of type `approval`, so that the tasks depending on it can start."""
    await _decide(task_id, body, approved=True)


@routes.post("/tasks/<task_id>/reject", errors=[404, 409, 422])
async def reject_task(task_id: Id, body: api.Decision | None = None) -> None:
    """Reject a task of type `approval`, which fails it."""
    await _decide(task_id, body, approved=False)


async def _decide(task_id: str, decision: api.Decision | None, *, approved: bool) -> None:
    task = (await find_task(task_id)).item
    reason = (decision and decision.reason) or ""
    await ask(task.job_id, Decide(task_id, approved, reason))
