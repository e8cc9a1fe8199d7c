"""Operations tagged `worker`: what workers themselves ask for over HTTP."""

from quart import Blueprint, request

import actors
from flamenco.api.workers import RegisteredWorker, WorkerRegistration
from flamenco.images.previews import MAX_BYTES
from flamenco.manager.messages import NotFound, ProcessImage, Refusal, RegisterWorker
from web.context import door, farm, reader
from web.wire import Answer, body, failure, reply

PICTURES = ("image/jpeg", "image/png")

routes = Blueprint("worker", __name__)


@routes.post("/worker/register-worker")
async def register_worker() -> Answer:
    registration = await body(WorkerRegistration)
    if not registration.secret or not registration.name:
        raise Refusal("expected a name and a secret that are not empty")
    registered = await farm().workers.ask(
        RegisterWorker(
            name=registration.name,
            secret_hash=await door().lock(registration.secret),
            platform=registration.platform,
            address=request.remote_addr or "",
            task_types=registration.supported_task_types,
        )
    )
    return reply(
        RegisteredWorker(
            uuid=registered.id,
            name=registered.name,
            address=registered.address,
            status="",
            platform=registered.platform,
            software=registered.software,
            supported_task_types=registered.task_types,
        )
    )


@routes.post("/worker/task/<task_id>/output-produced")
async def task_output_produced(task_id: str) -> Answer:
    await door().admit(request.authorization)
    if request.mimetype not in PICTURES:
        return failure(415, f"expected {' or '.join(PICTURES)}, got {request.mimetype!r}")
    if request.content_length is None:
        return failure(411, "expected a Content-Length")
    if request.content_length > MAX_BYTES:
        return failure(413, f"expected at most {MAX_BYTES} bytes")
    task = await reader().task(task_id)
    if task is None:
        raise NotFound(f"there is no task {task_id}")
    content = await request.data
    try:
        farm().images.tell(ProcessImage(task.job_id, content))
    except actors.MailboxFull:
        return failure(429, "too many pictures are waiting, this one was not taken")
    return Answer(b"", 202)
