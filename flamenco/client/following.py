"""Streams of events that survive broken connections, for Trio and for blocking programs.

A connection counts as open when it has told its beginning: from then on nothing is missed.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import aclosing, closing, suppress

import attrs
import httpx
import trio

from flamenco.api.events import FarmEvent
from flamenco.client.answers import content_of, unreachable
from flamenco.client.calls import query_of
from flamenco.client.errors import Busy, Unreachable
from flamenco.client.events import EventStream, Resync, Topics

SILENCE_SECONDS = 30.0
"""Seconds of silence after which a stream is broken: the Manager sends something every 10 s."""

AGAIN_SECONDS = 1.0
"""Seconds before a broken stream is opened again."""


@attrs.frozen
class Connection:
    """An open stream of events, on Trio."""

    answer: httpx.Response
    pieces: AsyncIterator[str]
    first: list[FarmEvent | Resync] = attrs.field(factory=list)
    """Events that came together with the beginning."""

    async def begin(self, stream: EventStream) -> None:
        """Wait for the beginning. Raises httpx.RemoteProtocolError if there is none."""
        if self.answer.is_error:
            await self.answer.aread()
            content_of(self.answer)
        async for text in self.pieces:
            self.first.extend(stream.feed(text))
            if stream.begun:
                return
        raise _no_beginning()

    async def aclose(self) -> None:
        """Close it, and let httpx's generators around it end."""
        with trio.CancelScope(shield=True, deadline=trio.current_time() + AGAIN_SECONDS):
            await self.answer.aclose()
            with suppress(httpx.HTTPError, httpx.StreamError):
                async for _ in self.pieces:
                    pass


@attrs.frozen
class Follower:
    """A follower of some topics, on Trio."""

    url: str
    _http: httpx.AsyncClient
    _topics: Topics
    _stream: EventStream = attrs.field(factory=EventStream)

    async def connect(self) -> Connection:
        """Open the stream at the place where it broke off. Raises `Unreachable`, `Rejected`."""
        try:
            request = _request(self._http, self._topics, self._stream)
            answer = await self._http.send(request, stream=True)
            connection = Connection(answer, answer.aiter_text())
            try:
                await connection.begin(self._stream)
            except BaseException:
                await connection.aclose()
                raise
            return connection
        except httpx.TransportError as error:
            raise unreachable(self.url, error) from error

    async def events(self, connection: Connection) -> AsyncGenerator[FarmEvent | Resync, None]:
        """All events, from this connection on. Raises `Rejected`."""
        while True:
            async with aclosing(connection):
                for event in connection.first:
                    yield event
                with suppress(httpx.TransportError):
                    async for text in connection.pieces:
                        for event in self._stream.feed(text):
                            yield event
            self._stream.broken()
            connection = await self._connect_again()

    async def _connect_again(self) -> Connection:
        while True:
            await trio.sleep(AGAIN_SECONDS)
            with suppress(Unreachable, Busy):
                return await self.connect()


@attrs.frozen
class SyncConnection:
    """`Connection` for blocking programs."""

    answer: httpx.Response
    pieces: Iterator[str]
    first: list[FarmEvent | Resync] = attrs.field(factory=list)

    def begin(self, stream: EventStream) -> None:
        """See `Connection.begin`."""
        if self.answer.is_error:
            self.answer.read()
            content_of(self.answer)
        for text in self.pieces:
            self.first.extend(stream.feed(text))
            if stream.begun:
                return
        raise _no_beginning()

    def close(self) -> None:
        """Close it."""
        self.answer.close()


@attrs.frozen
class SyncFollower:
    """`Follower` for blocking programs."""

    url: str
    _http: httpx.Client
    _topics: Topics
    _stream: EventStream = attrs.field(factory=EventStream)

    def connect(self) -> SyncConnection:
        """See `Follower.connect`."""
        try:
            request = _request(self._http, self._topics, self._stream)
            answer = self._http.send(request, stream=True)
            connection = SyncConnection(answer, answer.iter_text())
            try:
                connection.begin(self._stream)
            except BaseException:
                connection.close()
                raise
            return connection
        except httpx.TransportError as error:
            raise unreachable(self.url, error) from error

    def events(self, connection: SyncConnection) -> Generator[FarmEvent | Resync, None, None]:
        """See `Follower.events`."""
        while True:
            with closing(connection):
                yield from connection.first
                with suppress(httpx.TransportError):
                    for text in connection.pieces:
                        yield from self._stream.feed(text)
            self._stream.broken()
            connection = self._connect_again()

    def _connect_again(self) -> SyncConnection:
        while True:
            time.sleep(AGAIN_SECONDS)
            with suppress(Unreachable, Busy):
                return self.connect()


def _request(
    http: httpx.Client | httpx.AsyncClient, topics: Topics, stream: EventStream
) -> httpx.Request:
    headers = {"Last-Event-ID": stream.place} if stream.place else {}
    usual = http.timeout
    return http.build_request(
        "GET",
        "/api/v3/events",
        params=query_of(topics),
        headers=headers,
        timeout=httpx.Timeout(
            connect=usual.connect, write=usual.write, pool=usual.pool, read=SILENCE_SECONDS
        ),
    )


def _no_beginning() -> httpx.RemoteProtocolError:
    return httpx.RemoteProtocolError("the stream of events ended before it began")
