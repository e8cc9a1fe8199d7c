"""Live pushes to browsers: what happens on the farm, to those who subscribed to it.

A client asks with the reference's subscriptions (reference api §5) and gets ``{"event": name,
"payload": …}``. It waits for the ``ok`` before it fetches, so that nothing falls in between.
"""

from collections.abc import Callable
from typing import Any

import attrs
import msgspec
import trio
from msgspec import UNSET, UnsetType
from quart import Blueprint, websocket

import actors
from flamenco.api.events import (
    EventJobUpdate,
    EventLastRenderedUpdate,
    EventLifeCycle,
    EventTaskLogUpdate,
    EventTaskUpdate,
    EventWorkerTagUpdate,
    EventWorkerUpdate,
)
from flamenco.api.meta import FarmStatusReport
from flamenco.manager.messages import GetFarmStatus
from web.context import farm, sockets
from web.wire import encode

CAPACITY = 2000
"""Events that wait for a slow client; older ones are dropped, and it is told how many."""

OUTBOX = 16
"""Messages between a client's subscription and its socket; the rest waits in the former."""

Topic = tuple[str, str]
"""Type and id of a subscription; the id is empty where the type needs none."""

ONE_OF_A_KIND = ("job", "tasklog")
ALL_OF_A_KIND = ("allJobs", "allWorkers", "allLastRendered", "allWorkerTags")
EVERYBODY: Topic = ("", "")


@attrs.frozen(kw_only=True)
class Subscription:
    """A request of a client."""

    op: str
    type: str
    uuid: str | UnsetType = UNSET

    def problem(self) -> str | None:
        """What is wrong with it, if anything."""
        if self.op not in ("subscribe", "unsubscribe"):
            return f"op: expected subscribe or unsubscribe, got {self.op!r}"
        if self.type not in (*ONE_OF_A_KIND, *ALL_OF_A_KIND):
            return f"type: expected one of {', '.join((*ONE_OF_A_KIND, *ALL_OF_A_KIND))}"
        if self.type in ONE_OF_A_KIND and not self.uuid:
            return f"uuid: needed to subscribe to a {self.type}"
        return None

    @property
    def topic(self) -> Topic:
        return self.type, str(self.uuid) if self.type in ONE_OF_A_KIND else ""


EVENTS: dict[type, tuple[str, Callable[[Any], tuple[Topic, ...]]]] = {
    EventJobUpdate: ("/jobs", lambda event: (("allJobs", ""), ("job", event.id))),
    EventTaskUpdate: ("/task", lambda event: (("job", event.job_id),)),
    EventTaskLogUpdate: ("/tasklog", lambda event: (("tasklog", event.task_id),)),
    EventWorkerUpdate: ("/workers", lambda _: (("allWorkers", ""),)),
    EventLastRenderedUpdate: (
        "/last-rendered",
        lambda event: (("allLastRendered", ""), ("job", event.job_id)),
    ),
    EventWorkerTagUpdate: ("/workertags", lambda _: (("allWorkerTags", ""),)),
    FarmStatusReport: ("/status", lambda _: (EVERYBODY,)),
    EventLifeCycle: ("/lifecycle", lambda _: (EVERYBODY,)),
}
"""Class of an event → its name on the wire, and the topics whose subscribers get it."""

routes = Blueprint("live", __name__)


@routes.websocket("/live")
async def follow() -> None:
    with sockets().opened() as socket:
        with socket.scope:
            await _follow()
        await websocket.close(socket.code, socket.reason)


async def _follow() -> None:
    topics = {EVERYBODY}
    outbox, pending = trio.open_memory_channel[object](OUTBOX)
    subscription: actors.Subscription[Any] = farm().system.events.subscribe(
        *EVENTS, capacity=CAPACITY
    )
    async with (
        subscription as events,
        trio.open_nursery() as nursery,
    ):
        status = FarmStatusReport(status=await farm().status.ask(GetFarmStatus()))
        await outbox.send(_push("/status", status))
        nursery.start_soon(_send_all, pending)
        nursery.start_soon(_take_requests, topics, outbox)
        dropped = 0
        async for event in events:
            if events.dropped != dropped:
                await outbox.send(_push("/dropped", {"count": events.dropped - dropped}))
                dropped = events.dropped
            name, topics_of = EVENTS[type(event)]
            if not topics.isdisjoint(topics_of(event)):
                await outbox.send(_push(name, event))


def _push(name: str, payload: object) -> object:
    return {"event": name, "payload": payload}


async def _send_all(pending: trio.MemoryReceiveChannel[object]) -> None:
    """The one task that writes to the socket: Hypercorn can't take two sends at once."""
    async for message in pending:
        await websocket.send(encode(message).decode())


async def _take_requests(topics: set[Topic], outbox: trio.MemorySendChannel[object]) -> None:
    while True:
        await outbox.send(_answer(await websocket.receive(), topics))


def _answer(text: str | bytes | None, topics: set[Topic]) -> object:
    """Carry out a client's request on its ``topics``; what to tell it."""
    try:
        wanted = msgspec.json.decode(text or b"", type=Subscription)  # Quart: None if empty
    except msgspec.DecodeError as error:
        return {"error": str(error)}
    problem = wanted.problem()
    if problem:
        return {"error": problem, "subscription": wanted}
    if wanted.op == "subscribe":
        topics.add(wanted.topic)
    else:
        topics.discard(wanted.topic)
    return {"ok": wanted}
