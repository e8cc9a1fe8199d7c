"""Operations tagged `worker` on the tasks that it runs."""

from typing import Any

from quart import request

import actors
from flamenco import clock, protocol
from flamenco.api import workers as api
from flamenco.api.pictures import FramePicture
from flamenco.manager.asking import ask_job
from flamenco.manager.images import ProcessImage
from flamenco.manager.jobs.messages import ReportTask
from flamenco.manager.pictures import TakePicture
from flamenco.manager.refusals import Conflict, Refusal
from flamenco.manager.workers.messages import AskForTask, FindLease, MayRun, Permission, Seen
from flamenco.model.jobs import Task
from flamenco.model.pictures import Picture
from flamenco.model.statuses import TaskStatus, WorkerStatus
from flamenco.model.variables import to_variables
from flamenco.pictures.files import BEGINNING, MAX_BYTES
from web.api.finding import find_task
from web.context import farm, reader, services
from web.operations import Id, Operations
from web.wire import Answer, empty, failure, or_none, reply

PICTURES = ("image/jpeg", "image/png")

REPORTABLE = (TaskStatus.ACTIVE, TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.QUEUED)
"""Statuses that a worker may report for a task; queued hands it back."""

LONGEST_PICTURE = 2 * 2**20
"""Maximum bytes of a frame's pictures as Base64."""
LONGEST_REPORT = 4 * 2**20
"""Maximum bytes of a report with lines of a log."""

routes = Operations("worker")


@routes.post("/worker/task", errors=[409], answers={423: api.WorkerStateChange})
async def schedule_task(worker: actors.ActorRef) -> api.AssignedTask | Answer | None:
    """Get a task, or learn (423) that the worker should go to another status."""
    given = await worker.ask(AskForTask())
    if isinstance(given, WorkerStatus):
        return reply(api.WorkerStateChange(status_requested=given), 423)
    return _assigned(given) if given else None


def _assigned(task: protocol.Assign) -> api.AssignedTask:
    return api.AssignedTask(
        uuid=task.task_id,
        job=task.job_id,
        name=task.name,
        status=TaskStatus.ACTIVE,
        priority=task.priority,
        job_priority=task.job_priority,
        job_type=task.job_type,
        task_type=task.task_type,
        commands=task.commands,
        steps_completed=0,
        steps_total=task.steps_total,
    )


@routes.post(
    "/worker/task/<task_id>", errors=[404, 409], most=LONGEST_REPORT, values=LONGEST_REPORT
)
async def task_update(worker: actors.ActorRef, task_id: Id, body: api.TaskUpdate) -> None:
    """Report the progress or the end of a task, which only counts while the worker holds it."""
    status = or_none(body.taskStatus)
    if status is not None and status not in REPORTABLE:
        raise Refusal(f"taskStatus: expected {', '.join(REPORTABLE)}, got {status.value}")
    await _report(
        worker,
        task_id,
        status=status,
        activity=or_none(body.activity),
        log=or_none(body.log),
        steps_completed=or_none(body.steps_completed),
    )


@routes.post("/worker/task/<task_id>/request-blocklisting", errors=[404, 409])
async def request_blocklisting(
    worker: actors.ActorRef, task_id: Id, body: api.BlocklistingRequest
) -> None:
    """Hand the task back, and get no more tasks of its type in its job."""
    reason = body.reason.strip() or "asked for by the worker"
    await _report(worker, task_id, status=TaskStatus.QUEUED, activity=reason, blocklist=reason)


async def _task_of(worker: actors.ActorRef, task_id: str) -> Task:
    """A task that the worker holds, or held last: a frame may come after the end.

    Raises `Conflict`, `NotFound`.
    """
    task = (await find_task(task_id)).item
    if task.worker_id != worker.name:
        raise Conflict(f"task {task.name} is not, and was not last, the one of this worker")
    return task


async def _report(worker: actors.ActorRef, task_id: str, **said: Any) -> None:
    """Report on a task. Raises `Conflict` if the worker doesn't hold it, else `NotFound`."""
    held = await worker.ask(FindLease(task_id))
    if held is None:
        task = (await find_task(task_id)).item
        raise Conflict(f"worker {worker.name} does not hold task {task.name} ({task.status.value})")
    report = protocol.Report(task_id=task_id, lease=held.lease, **said)
    await ask_job(farm().system, held.job_id, ReportTask(worker.name, report))


@routes.get("/worker/task/<task_id>/may-i-run")
async def may_worker_run(worker: actors.ActorRef, task_id: Id) -> api.MayKeepRunning:
    """Tell if a worker may go on with a task."""
    permission = await worker.ask(MayRun(task_id))
    if permission is Permission.GRANTED:
        return api.MayKeepRunning(mayKeepRunning=True, reason="", statusChangeRequested=False)
    found = await reader().shown_task(task_id)
    task = found.item if found else None
    return api.MayKeepRunning(
        mayKeepRunning=False,
        reason=_why_not(permission, task),
        statusChangeRequested=task is not None and permission is Permission.STATUS_REQUESTED,
    )


def _why_not(permission: Permission, task: Task | None) -> str:
    """The first reason that applies (reference api §4)."""
    if task is None:
        return "Task not found"
    if permission is Permission.STATUS_REQUESTED:
        return "the worker is asked to go to another status"
    if task.status is not TaskStatus.ACTIVE:
        return f"the task is {task.status.value}"
    return "the task is not assigned to this worker"


@routes.post(
    "/worker/task/<task_id>/picture",
    most=LONGEST_PICTURE,
    takes_ticket=True,
    errors=[404, 409],
)
async def take_frame_picture(worker: actors.ActorRef, task_id: Id, body: FramePicture) -> None:
    """Take the picture of a frame, made under a lease of the worker, or why there is none."""
    contents = {"small": body.small, "large": body.large, "newest": body.newest}
    contents = {kind: content for kind, content in contents.items() if content}
    has_both = {"small", "large"} <= contents.keys()
    if not has_both and (contents or not body.reason.strip()):
        raise Refusal("expected a picture in both sizes, or a reason why there is none")
    if not all(content.startswith(BEGINNING) for content in contents.values()):
        raise Refusal("expected pictures in JPEG")
    task = (await find_task(task_id)).item
    picture = Picture(
        job_id=task.job_id,
        task_id=task.id,
        lease=body.lease,
        frame=body.frame,
        output=body.output,
        name="",
        width=body.width,
        height=body.height,
        small=len(body.small),
        large=len(body.large),
        reason="" if has_both else body.reason,
        file=await _with_variables(body.file, worker.name) if body.file else "",
        seconds=or_none(body.seconds),
        made=clock.now(),
    )
    worker.tell(Seen())
    taken = TakePicture(picture=picture, contents=contents, worker_id=worker.name)
    await farm().pictures.ask(taken)


async def _with_variables(path: str, worker_id: str) -> str:
    """A path as a worker sees it, with a variable for a folder that has one."""
    worker = await reader().worker(worker_id)
    if worker is None:
        return path
    return to_variables(path, services().variables_for(worker), worker.platform)


@routes.post(
    "/worker/task/<task_id>/output-produced",
    content=PICTURES,
    most=MAX_BYTES,
    takes_ticket=True,
    answers={202: None},
    errors=[404, 409, 411, 415, 429],
)
async def task_output_produced(worker: actors.ActorRef, task_id: Id) -> Answer:
    """Take a rendered frame of a task that the worker holds, or held last, to make previews."""
    if request.mimetype not in PICTURES:
        return failure(415, f"expected {' or '.join(PICTURES)}, got {request.mimetype!r}")
    if request.content_length is None:
        return failure(411, "expected a Content-Length")
    if request.content_length > MAX_BYTES:
        return failure(413, f"expected at most {MAX_BYTES} bytes")
    task = await _task_of(worker, task_id)
    content = await request.data
    worker.tell(Seen())
    try:
        farm().images.tell(ProcessImage(task, content))
    except actors.MailboxFull:
        return failure(429, "too many pictures are waiting; this one was dropped")
    return empty(202)
