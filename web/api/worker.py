"""Operations tagged `worker`: what workers themselves ask for over HTTP."""

from quart import request

import actors
from flamenco.api import workers as api
from flamenco.images.previews import MAX_BYTES
from flamenco.manager.messages import ProcessImage, Refusal, RegisterWorker
from flamenco.model.workers import Worker
from web.api.finding import find_task
from web.context import door, farm
from web.operations import Id, Operations
from web.wire import Answer, empty, failure

PICTURES = ("image/jpeg", "image/png")

routes = Operations("worker")


@routes.post("/worker/register-worker")
async def register_worker(body: api.WorkerRegistration) -> api.RegisteredWorker:
    """Make a new worker known."""
    if not body.secret or not body.name:
        raise Refusal("expected a name and a secret that are not empty")
    registered = await farm().workers.ask(
        RegisterWorker(
            name=body.name,
            secret_hash=await door().lock(body.secret),
            platform=body.platform,
            address=request.remote_addr or "",
            task_types=body.supported_task_types,
        )
    )
    return api.RegisteredWorker(
        uuid=registered.id,
        name=registered.name,
        address=registered.address,
        status="",
        platform=registered.platform,
        software=registered.software,
        supported_task_types=registered.task_types,
    )


@routes.post(
    "/worker/task/<task_id>/output-produced",
    content=PICTURES,
    answers={202: None},
    errors=[404, 411, 415, 429],
)
async def task_output_produced(worker: Worker, task_id: Id) -> Answer:
    """Take a rendered frame, from which previews are made."""
    if request.mimetype not in PICTURES:
        return failure(415, f"expected {' or '.join(PICTURES)}, got {request.mimetype!r}")
    if request.content_length is None:
        return failure(411, "expected a Content-Length")
    if request.content_length > MAX_BYTES:
        return failure(413, f"expected at most {MAX_BYTES} bytes")
    task = await find_task(task_id)
    content = await request.data
    try:
        farm().images.tell(ProcessImage(task.job_id, content))
    except actors.MailboxFull:
        return failure(429, "too many pictures are waiting, this one was not taken")
    return empty(202)
