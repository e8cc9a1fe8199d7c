"""The Manager's answer to everybody while it is starting: 503, and when to ask again.

A WebSocket is refused with the same answer. Without one, its client would hear 403, and a Worker
that hears that registers as a new one.
"""

import socket

import trio

from web.room import Room
from web.serving import Limits, Receive, Scope, Send, serve
from web.tls import Tls
from web.uploads import send_answer
from web.wire import failure

LIMITS = Limits(grace=10.0)
"""Time for those who connected while the Manager was starting, to ask and be told so."""

MESSAGE = "the Manager is starting, try again soon"


async def serve_starting(
    listener: socket.socket,
    started: trio.Event,
    tls: Tls | None = None,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Answer on a listening socket until the Manager has ``started`` to take requests itself."""
    await serve(_refuse, listener, started, LIMITS, Room(), tls=tls, task_status=task_status)


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    kind = {"http": "http.response", "websocket": "websocket.http.response"}.get(scope["type"])
    if kind is None:
        await _live(receive, send)
        return
    answer = failure(503, MESSAGE)
    answer.headers["Connection"] = "close"
    await send_answer(send, answer, kind)


async def _live(receive: Receive, send: Send) -> None:
    """Take part in the server's start and end."""
    for phase in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{phase}.complete"})
