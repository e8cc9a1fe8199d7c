"""Operations tagged `worker` on the worker itself: registration and status."""

from quart import request

import actors
from flamenco.api import workers as api
from flamenco.manager.refusals import Refusal
from flamenco.manager.workers.messages import AskStatus, ChangeStatus, SignOff, SignOn
from flamenco.model.access import Admission
from flamenco.proofs import worker_key
from web.auth import BadCredentials
from web.context import door, registrations
from web.operations import Operations
from web.registering import register
from web.turns import address
from web.wire import or_none

routes = Operations("worker")


@routes.post("/worker/register-worker", errors=[403, 429])
async def register_worker(body: api.WorkerRegistration) -> api.RegisteredWorker:
    """Register a new worker."""
    registrations().spend(address())
    outcome = door().admission(body.registration_secret or None)
    if outcome is Admission.REFUSED:
        raise BadCredentials("registration_secret: expected the one in the Manager's configuration")
    if not body.secret:
        raise Refusal("secret: expected a text, got nothing")
    registered = await register(
        name=body.name,
        key=worker_key(body.secret).hex(),
        platform=body.platform,
        task_types=body.supported_task_types,
        capabilities=body.capabilities or (),
        awaits_approval=outcome is Admission.WAITS,
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


# Status


@routes.post("/worker/sign-on")
async def sign_on(worker: actors.ActorRef, body: api.WorkerSignOn) -> api.WorkerStateChange:
    """Sign on; the answer is the status to go to."""
    status = await worker.ask(
        SignOn(
            address=request.remote_addr or "",
            name=body.name,
            software=body.software_version,
            task_types=body.supported_task_types,
            can_restart=body.can_restart,
            capabilities=or_none(body.capabilities),
        )
    )
    return api.WorkerStateChange(status_requested=status)


@routes.post("/worker/sign-off")
async def sign_off(worker: actors.ActorRef) -> None:
    """Sign off; the task that the worker runs goes back to the queue."""
    await worker.ask(SignOff())


@routes.get("/worker/state")
async def worker_state(worker: actors.ActorRef) -> api.WorkerStateChange | None:
    """The status that the worker is asked to go to, if any."""
    status = await worker.ask(AskStatus())
    return api.WorkerStateChange(status_requested=status) if status else None


@routes.post("/worker/state-changed")
async def worker_state_changed(worker: actors.ActorRef, body: api.WorkerStateChanged) -> None:
    """Tell that the worker went to a status."""
    await worker.ask(ChangeStatus(body.status))
