"""A Manager, as seen over HTTP: from Trio, and from programs that wait."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import IO, TypeVar
from urllib.parse import urljoin

import attrs
import httpx
import msgspec
import trio

from flamenco.api.events import FarmEvent
from flamenco.api.jobs import Job
from flamenco.api.lists import JobsWanted
from flamenco.client.calls import Call, query_of
from flamenco.client.errors import Busy, Unreachable, rejection
from flamenco.client.events import EventStream, Resync, Topics
from flamenco.client.operations import Operations

T = TypeVar("T")

TIMEOUT_SECONDS = 120.0
"""Submitting a large job takes its time; nothing takes longer."""

SILENCE_SECONDS = 30.0
"""A stream that is silent for so long is broken: the Manager says every 10 s that it is there."""

AGAIN_SECONDS = 1.0
"""Before a broken stream is opened again."""

PAGE = 500

PIECE_BYTES = 2**18
"""Of a file that is sent."""


@attrs.frozen
class ManagerClient(Operations):
    """For Trio. Each operation raises `Unreachable` or a kind of `Rejected` when it fails."""

    url: str
    _http: httpx.AsyncClient

    async def carry_out(self, call: Call[T]) -> T:
        """The answer to a request."""
        try:
            if isinstance(call.body, Path):
                async with aclosing(_pieces(call.body)) as pieces:
                    answer = await self._http.send(_request(self._http, call, pieces))
            else:
                answer = await self._http.send(_request(self._http, call, _json(call)))
        except httpx.TransportError as error:
            raise _unreachable(self.url, error) from error
        return call.read(_content(answer))

    async def each_job(self, wanted: JobsWanted) -> AsyncIterator[Job]:
        """All jobs that are wanted, fetched a page at a time."""
        after: str | None = wanted.after
        while after is not None:
            page = await self.jobs_page(_page(wanted, after))
            for job in page.jobs:
                yield job
            after = page.next or None

    @asynccontextmanager
    async def follow(self, topics: Topics) -> AsyncIterator[AsyncIterator[FarmEvent | Resync]]:
        """What happens from the beginning of the block on, without a hole.

        A broken connection is resumed, for as long as it takes; what can't be told any more comes
        as `Resync`. Raises `Unreachable` or `Rejected` if it can't begin.
        """
        stream = EventStream()
        async with (
            aclosing(await self._connect(topics, stream)) as connection,
            aclosing(self._events(connection, topics, stream)) as events,
        ):
            yield events

    async def _events(
        self, connection: "_Connection", topics: Topics, stream: EventStream
    ) -> AsyncGenerator[FarmEvent | Resync, None]:
        while True:
            async with aclosing(connection):
                for event in connection.first:
                    yield event
                with suppress(httpx.TransportError):
                    async for text in connection.pieces:
                        for event in stream.feed(text):
                            yield event
            stream.broken()
            connection = await self._connect_again(topics, stream)

    async def _connect_again(self, topics: Topics, stream: EventStream) -> "_Connection":
        while True:
            await trio.sleep(AGAIN_SECONDS)
            with suppress(Unreachable, Busy):
                return await self._connect(topics, stream)

    async def _connect(self, topics: Topics, stream: EventStream) -> "_Connection":
        """A stream that has told where it begins: from then on nothing is missed."""
        try:
            answer = await self._http.send(_follow(self._http, topics, stream), stream=True)
            connection = _Connection(answer, answer.aiter_text())
            try:
                await connection.begin(stream)
            except BaseException:
                await connection.aclose()
                raise
            return connection
        except httpx.TransportError as error:
            raise _unreachable(self.url, error) from error


@attrs.frozen
class _Connection:
    """An open stream of events."""

    answer: httpx.Response
    pieces: AsyncIterator[str]
    first: list[FarmEvent | Resync] = attrs.field(factory=list)
    """What came with the place where it begins."""

    async def begin(self, stream: EventStream) -> None:
        """Wait for the place where it begins. Raises httpx.RemoteProtocolError if it has none."""
        if self.answer.is_error:
            await self.answer.aread()
            _content(self.answer)
        async for text in self.pieces:
            self.first.extend(stream.feed(text))
            if stream.begun:
                return
        raise httpx.RemoteProtocolError("the stream of events ended before it began")

    async def aclose(self) -> None:
        """Close it, and let the generators end that httpx has around it."""
        with trio.CancelScope(shield=True, deadline=trio.current_time() + AGAIN_SECONDS):
            await self.answer.aclose()
            with suppress(httpx.HTTPError, httpx.StreamError):
                async for _ in self.pieces:
                    pass


@attrs.frozen
class SyncClient(Operations):
    """For programs that wait. Each operation raises what those of `ManagerClient` do."""

    url: str
    _http: httpx.Client

    def carry_out(self, call: Call[T]) -> T:
        """The answer to a request."""
        try:
            if isinstance(call.body, Path):
                with call.body.open("rb") as file:
                    answer = self._http.send(_request(self._http, call, file))
            else:
                answer = self._http.send(_request(self._http, call, _json(call)))
        except httpx.TransportError as error:
            raise _unreachable(self.url, error) from error
        return call.read(_content(answer))

    def each_job(self, wanted: JobsWanted) -> Iterator[Job]:
        """All jobs that are wanted, fetched a page at a time."""
        after: str | None = wanted.after
        while after is not None:
            page = self.jobs_page(_page(wanted, after))
            yield from page.jobs
            after = page.next or None


def _page(wanted: JobsWanted, after: str) -> JobsWanted:
    return attrs.evolve(wanted, after=after, limit=wanted.limit or PAGE)


def _json(call: Call[T]) -> bytes | None:
    return None if call.body is None else msgspec.json.encode(call.body)


async def _pieces(file: Path) -> AsyncGenerator[bytes, None]:
    async with await trio.open_file(file, "rb") as opened:
        while piece := await opened.read(PIECE_BYTES):
            yield piece


def _request(
    http: httpx.Client | httpx.AsyncClient,
    call: Call[T],
    content: bytes | IO[bytes] | AsyncGenerator[bytes, None] | None,
) -> httpx.Request:
    headers = {**call.headers}
    if content is not None:
        is_json = isinstance(content, bytes)
        headers["Content-Type"] = "application/json" if is_json else "application/octet-stream"
    return http.build_request(
        call.method,
        urljoin("/api/v3/", call.path),
        params=call.query,
        content=content,
        headers=headers,
    )


def _follow(
    http: httpx.Client | httpx.AsyncClient, topics: Topics, stream: EventStream
) -> httpx.Request:
    headers = {"Last-Event-ID": stream.place} if stream.place else {}
    return http.build_request(
        "GET",
        "/api/v3/events",
        params=query_of(topics),
        headers=headers,
        timeout=httpx.Timeout(TIMEOUT_SECONDS, read=SILENCE_SECONDS),
    )


def _content(answer: httpx.Response) -> bytes:
    if answer.is_error:
        raise rejection(answer.status_code, answer.content, answer.reason_phrase)
    return answer.content


def _unreachable(url: str, error: Exception) -> Unreachable:
    reason = str(error) or type(error).__name__
    return Unreachable(f"no answer from the Manager at {url}: {reason}")


def _full(url: str) -> str:
    return url if "://" in url else f"http://{url}"


@asynccontextmanager
async def open_client(url: str) -> AsyncIterator[ManagerClient]:
    """A client of the Manager at ``url``, for Trio; ``http://`` may be left out.

    Proxies of the environment are not used: a farm lies in the network of its users.
    """
    full = _full(url)
    async with httpx.AsyncClient(base_url=full, timeout=TIMEOUT_SECONDS, trust_env=False) as http:
        yield ManagerClient(full.rstrip("/"), http)


@contextmanager
def open_sync_client(url: str) -> Iterator[SyncClient]:
    """The same for programs that wait."""
    full = _full(url)
    with httpx.Client(base_url=full, timeout=TIMEOUT_SECONDS, trust_env=False) as http:
        yield SyncClient(full.rstrip("/"), http)
