"""The live WebSocket: events of the farm for clients that subscribe to them.

A client sends the reference's subscriptions (reference api §5) and gets ``{"event": name,
"payload": …, "id": place}``. It waits for the ``ok`` before it fetches data, so that nothing gets
lost in between. After a broken connection it resumes after the last ``id`` it saw.
"""

from collections.abc import Iterable
from functools import partial
from typing import Annotated

import attrs
import msgspec
import trio
from msgspec import UNSET, Meta, UnsetType
from quart import Blueprint, websocket

from flamenco.api.meta import FarmStatusReport
from flamenco.manager.refusals import Refusal
from flamenco.model.access import Permission
from flamenco.model.bounds import Uuid, Word, brief
from web.askers import asker, demand_permission
from web.chronicle import Follower
from web.context import chronicle, connection, crowd, ends, farm, farm_status, sockets
from web.following import following
from web.operations import API
from web.sockets import POLICY_VIOLATION
from web.topics import EVERYBODY, Every, One, Topic
from web.wire import checked_parameter, encode

ANSWERS = 16
"""Maximum number of answers that wait for a client; until it reads some, it is not listened to."""

MOST_FOLLOWED = 1000
"""Maximum number of subscriptions of a client."""


@attrs.frozen(kw_only=True)
class Followed:
    """One thing that a client follows."""

    type: Word
    uuid: Word | UnsetType = UNSET

    def problem(self) -> str | None:
        """A mistake in it; None if there is none."""
        if self.type not in (*One, *Every):
            return f"type: expected one of {', '.join((*One, *Every))}"
        if self.type in tuple(Every):
            return None
        if isinstance(self.uuid, UnsetType) or not self.uuid:
            return f"uuid: required to subscribe to a {self.type}"
        try:
            checked_parameter("uuid", self.uuid, Uuid)
        except Refusal as refusal:
            return str(refusal)
        return None

    @property
    def topic(self) -> Topic:
        return Topic(self.type, str(self.uuid) if self.type in tuple(One) else "")


@attrs.frozen(kw_only=True)
class Subscribe(Followed):
    """A client's request: ``subscribe`` or ``unsubscribe``."""

    op: Word


@attrs.frozen(kw_only=True)
class Resume:
    """A returning client's request: all its subscriptions, and the place to resume from."""

    op: Word
    after: Word
    subscriptions: Annotated[tuple[Followed, ...], Meta(max_length=MOST_FOLLOWED)] = ()


OPERATIONS: dict[str, type[Subscribe | Resume]] = {
    "subscribe": Subscribe,
    "unsubscribe": Subscribe,
    "resume": Resume,
}

routes = Blueprint("live", __name__)


PATH = f"{API}/live"


OVER = "the sign-in, or the token, is over"


@routes.websocket(PATH.removeprefix(API))
async def follow() -> None:
    demand_permission(Permission.LOOK)
    with crowd().entered(websocket.remote_addr or ""), sockets().opened() as socket:
        follower = Follower.of(chronicle(), [EVERYBODY])
        over = partial(socket.end, POLICY_VIOLATION, OVER)
        async with ends().called(asker(), over):
            with socket.scope, follower.listening():
                await _follow(follower)
        await websocket.close(socket.code, socket.reason)


async def _follow(follower: Follower) -> None:
    answers, pending = trio.open_memory_channel[object](ANSWERS)
    status = FarmStatusReport(status=await farm_status())
    await answers.send({"event": "/status", "payload": status})
    await websocket.accept()
    follower.at_once = connection().send_at_once
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_take_requests, follower, answers)
        await _tell(follower, pending)


async def _tell(follower: Follower, pending: trio.MemoryReceiveChannel[object]) -> None:
    """Send events and answers, the only writer of the socket: Hypercorn allows no two at once."""
    straight = connection()
    while True:
        try:
            await websocket.send(encode(pending.receive_nowait()).decode())
            continue
        except trio.WouldBlock:
            told = follower.next()
        told = told or await follower.news()
        if told is not None:
            await straight.send_frame(told.frame)


async def _take_requests(follower: Follower, answers: trio.MemorySendChannel[object]) -> None:
    with following(farm()) as logs:
        while True:
            told = _answers(await websocket.receive(), follower)
            logs.now(follower.topics)
            for answer in told:
                await answers.send(answer)
            follower.wake()


def _answers(text: str | bytes | None, follower: Follower) -> Iterable[object]:
    """Carry out a client's request, and return the answers."""
    try:
        op = msgspec.json.decode(text or b"", type=dict[str, object]).get("op")  # None if empty
        kind = OPERATIONS.get(str(op))
        if kind is None:
            return [{"error": f"op: expected {' or '.join(OPERATIONS)}, got {brief(repr(op))}"}]
        wanted = msgspec.json.decode(text or b"", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return [{"error": brief(str(error))}]
    followed = wanted.subscriptions if isinstance(wanted, Resume) else (wanted,)
    for each in followed:
        if problem := each.problem():
            return [{"error": brief(problem)}]
    topics = [each.topic for each in followed]
    if len({*follower.topics, *topics}) > MOST_FOLLOWED:
        return [{"error": f"expected at most {MOST_FOLLOWED} subscriptions"}]
    if isinstance(wanted, Resume):
        told = follower.resume(wanted.after, topics)
        ok = {"ok": attrs.evolve(wanted, subscriptions=()), "id": follower.place}
        return [ok, msgspec.Raw(told.text.encode())] if told else [ok]
    if wanted.op == "subscribe":
        follower.follow(topics[0])
    else:
        follower.leave(topics[0])
    return [{"ok": wanted, "id": follower.place}]
