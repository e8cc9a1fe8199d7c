"""Receivers of notices, played by the test."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import attrs
import h11
import pytest
import trio

HERE = ("127.0.0.0/8", "::1/128")
"""Networks of the tests' own receivers."""


@attrs.define
class Heard:
    """A request that came."""

    path: str
    headers: dict[str, str]
    body: bytes


@attrs.define
class Receiver:
    """A web server that takes requests, and answers as it is told."""

    port: int
    heard: list[Heard] = attrs.field(factory=list)
    answers: list[bytes] = attrs.field(factory=list)
    """Answers to the next requests; then all is well."""
    endless: bool = False
    """True if an answer has no end."""
    sent: int = 0
    """Bytes of an endless answer that were taken."""

    def url(self, scheme: str = "http", path: str = "/in") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    async def serve(self, stream: trio.SocketStream) -> None:
        async with stream:
            connection = h11.Connection(h11.SERVER)
            try:
                await self._serve(stream, connection)
            except (trio.BrokenResourceError, h11.RemoteProtocolError):
                return

    async def _serve(self, stream: trio.SocketStream, connection: h11.Connection) -> None:
        body, request = b"", None
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                connection.receive_data(await stream.receive_some())
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            else:
                return
        headers = {name.decode(): value.decode() for name, value in request.headers}
        self.heard.append(Heard(request.target.decode(), headers, body))
        if self.endless:
            await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
            while True:
                await stream.send_all(bytes(2**16))
                self.sent += 2**16
        answer = self.answers.pop(0) if self.answers else b"204 No Content\r\n"
        await stream.send_all(b"HTTP/1.1 " + answer + b"Connection: close\r\n\r\n")


@asynccontextmanager
async def receiver_here(encrypted: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        made = Receiver(listener.socket.getsockname()[1])
        if encrypted is not None:
            listener = trio.SSLListener(listener, encrypted, https_compatible=True)
        nursery.start_soon(partial(trio.serve_listeners, made.serve, [listener]))
        yield made
        nursery.cancel_scope.cancel()


@pytest.fixture
async def receiver():
    async with receiver_here() as made:
        yield made
