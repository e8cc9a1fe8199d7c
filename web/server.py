"""The web server: Quart-Trio under Hypercorn, in our own nursery, beside the actors."""

import logging
import os
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any, cast

import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from hypercorn.typing import ASGIFramework
from quart import ResponseReturnValue
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioResponse
from quart_trio.wrappers.response import TrioFileBody
from werkzeug.exceptions import HTTPException

from flamenco.api.events import EventLifeCycle, LifeCycleEventType
from flamenco.api.meta import SecurityError
from flamenco.manager.farm import Farm
from web import live, pages, sessions
from web.api import document, job_requests, jobs, meta, tasks, worker, worker_mgt
from web.auth import BadCredentials, WorkerDoor
from web.operations import API
from web.sockets import Sockets
from web.wire import STATUS_OF, Answer, http_error, refused, reply

ROOMS = (meta, jobs, job_requests, tasks, worker, worker_mgt)
"""The modules of operations, in the order of the document."""

GRACE_SECONDS = 1.0
LAST_SEND_SECONDS = 30.0
LAST_EVENT_SECONDS = 0.1  # for clients to hear of the shutdown before their socket ends
MAX_MESSAGE_BYTES = 16 * 2**20
MAX_BODY_BYTES = 64 * 2**20

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class FileBody(TrioFileBody):
    """Files leave in large pieces; with 8 KiB ones a big file is twenty times slower."""

    buffer_size = 262_144


class FarmResponse(TrioResponse):
    file_body_class = FileBody


class Web(QuartTrio):
    """The application of one farm."""

    response_class = FarmResponse

    def __init__(self, farm: Farm) -> None:
        super().__init__("flamenco", static_folder=None)
        self.farm = farm
        self.door = WorkerDoor(farm.services.reader)
        self.sockets = Sockets()
        self.operations = tuple(each for room in ROOMS for each in room.routes.declared)
        self.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES


def build_app(farm: Farm) -> Web:
    """The application: every route, and how errors are answered."""
    app = Web(farm)
    for each in app.operations:
        app.add_url_rule(API + each.path, each.id, each.serve, methods=[each.method])
    for beside in (document, sessions, live):
        app.register_blueprint(beside.routes, url_prefix=API)
    app.register_blueprint(pages.routes)
    for kind in STATUS_OF:
        app.register_error_handler(kind, _refused)
    app.register_error_handler(BadCredentials, _not_admitted)
    app.register_error_handler(HTTPException, _http_error)
    return app


async def _refused(error: Exception) -> ResponseReturnValue:
    return refused(error)


async def _http_error(error: HTTPException) -> ResponseReturnValue:
    return http_error(error)


async def _not_admitted(error: BadCredentials) -> Answer:
    return reply(SecurityError(message=str(error)), 403)


class Closing:
    """Lets Hypercorn finish a request in peace.

    Quart-Trio cancels a request's tasks when its response is complete, which cuts off Hypercorn
    inside the last send, and the connection stays open for ever. That send is shielded here.
    """

    def __init__(self, app: QuartTrio) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_shielded(message: MutableMapping[str, Any]) -> None:
            last = message["type"] == "http.response.body" and not message.get("more_body", False)
            patience = LAST_SEND_SECONDS if last else float("inf")
            with trio.CancelScope(shield=last, deadline=trio.current_time() + patience):
                await send(message)

        await self._app(scope, receive, send_shielded)  # type: ignore[arg-type]


async def serve_farm(
    farm: Farm,
    listener: socket.socket,
    stop: trio.Event,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve on a listening socket until ``stop``; sockets are told good-bye first."""
    config = Config()
    config.bind = [f"fd://{os.dup(listener.fileno())}"]  # Hypercorn closes its own
    config.graceful_timeout = GRACE_SECONDS
    config.shutdown_timeout = 2 * GRACE_SECONDS
    config.websocket_max_message_size = MAX_MESSAGE_BYTES
    config.errorlog = logging.getLogger("flamenco.web")
    app = build_app(farm)
    closed = trio.Event()
    async with trio.open_nursery() as nursery:
        start = partial(serve, cast("ASGIFramework", Closing(app)), config)
        await nursery.start(partial(start, shutdown_trigger=closed.wait))
        task_status.started()
        farm.system.publish(EventLifeCycle(type=LifeCycleEventType.STARTUP))
        await stop.wait()
        farm.system.publish(EventLifeCycle(type=LifeCycleEventType.SHUTDOWN))
        await trio.sleep(LAST_EVENT_SECONDS)
        await app.sockets.close_all(GRACE_SECONDS)
        closed.set()
