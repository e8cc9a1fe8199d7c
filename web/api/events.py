"""Operations that follow the farm live: server-sent events, for scripts."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import attrs
import trio
from quart import Response, request

from flamenco.manager.farm import Farm
from flamenco.model.bounds import Few, Word
from web.askers import Asker, asker
from web.chronicle import Follower
from web.context import chronicle, crowd, ends, farm
from web.crowds import Crowd
from web.ends import Ends
from web.following import following
from web.operations import Id, Operations
from web.told import Told
from web.topics import EVERYBODY, Every, One, Topic
from web.wire import EVENT_STREAM, Answer, EventStream

routes = Operations("events")


@attrs.frozen(kw_only=True)
class Feed:
    """The topics that a script follows, all together."""

    job: Few[Id] = ()
    """Ids of jobs, which are followed with their tasks."""
    tasklog: Few[Id] = ()
    """Ids of tasks whose logs are followed."""
    worker: Few[Id] = ()
    type: Few[Every] = ()
    """Kinds that are followed as a whole."""
    after: Word = ""
    """Id of the event to resume after; the header Last-Event-ID overrides it."""

    @property
    def topics(self) -> list[Topic]:
        ids = {One.JOB: self.job, One.TASK_LOG: self.tasklog, One.WORKER: self.worker}
        single = [Topic(kind, each) for kind, named in ids.items() for each in named]
        return [EVERYBODY, *single, *map(Topic, self.type)]


@attrs.frozen(kw_only=True)
class Resumption:
    """Headers of browsers and other clients that resume a stream."""

    last_event_id: Word = ""


@routes.get("/events", answers={200: EventStream}, errors=[429])
async def follow_events(query: Feed, headers: Resumption) -> Answer:
    """Events from now on, or since the event with the id in the header Last-Event-ID."""
    address = request.remote_addr or ""
    crowd().check(address)
    place = headers.last_event_id or query.after
    follower = Follower.of(chronicle(), query.topics)
    told = follower.resume(place, query.topics) if place else None
    response = Response(
        _stream(farm(), _Held(crowd(), address, ends(), asker()), follower, told),
        content_type=EVENT_STREAM,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
    response.timeout = None
    return response


@attrs.frozen
class _Held:
    """Things that a stream holds as long as it is open."""

    crowd: Crowd
    address: str
    ends: Ends
    who: Asker


async def _stream(
    farm: Farm, held: _Held, follower: Follower, told: Told | None
) -> AsyncIterator[bytes]:
    """Blocks of the event stream: first its beginning, then event after event."""
    yield f"retry: 1000\nid: {follower.place}\n\n".encode()
    over = trio.Event()

    def end() -> None:
        over.set()
        follower.wake()

    async with held.ends.called(held.who, end):
        with held.crowd.entered(held.address), follower.listening(), following(farm) as logs:
            logs.now(follower.topics)
            async with aclosing(_parts(follower, told, over)) as parts:
                async for part in parts:
                    yield part


async def _parts(follower: Follower, told: Told | None, over: trio.Event) -> AsyncGenerator[bytes]:
    """Blocks with events, until the Manager stops, or the client's sign-in is over."""
    while not over.is_set():
        told = told or follower.next()
        if told is not None:
            yield f"event: {told.name}\nid: {told.place}\ndata: {told.payload}\n\n".encode()
            told = None
        elif follower.chronicle.ended:
            return
        else:
            told = await follower.news()
