"""Clients that want no good, each on a socket of its own."""

from collections.abc import Callable
from contextlib import suppress

import trio

from tests.patience import PATIENCE

CROWD = 300


def head(method: str, path: str, *lines: str, host: str = "localhost") -> bytes:
    """The head of a request, after which the connection ends."""
    return "\r\n".join(
        [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *lines, "", ""]
    ).encode()


def post(path: str, body: bytes, *lines: str) -> bytes:
    """A request with a JSON body."""
    kind, length = "Content-Type: application/json", f"Content-Length: {len(body)}"
    return head("POST", path, kind, length, *lines) + body


def handshake(path: str = "/api/v3/live", host: str = "localhost") -> bytes:
    """The request that opens a WebSocket (RFC 6455 §1.3)."""
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    upgraded = head("GET", path, "Upgrade: websocket", "Sec-WebSocket-Version: 13", key, host=host)
    return upgraded.replace(b"Connection: close", b"Connection: Upgrade")


async def connected(edge) -> trio.SocketStream:
    """A connection to a Manager's edge."""
    host, _, port = edge.url.removeprefix("http://").partition(":")
    return await trio.open_tcp_stream(host, int(port))


async def answer_to(edge, request: bytes) -> bytes:
    """All that the Manager sends after a request, until it closes the connection."""
    answer = bytearray()
    with trio.fail_after(PATIENCE):
        async with await connected(edge) as stream, trio.open_nursery() as nursery:
            nursery.start_soon(send_all, stream, request)
            with suppress(trio.BrokenResourceError):
                async for part in stream:
                    answer += part
            nursery.cancel_scope.cancel()
    return bytes(answer)


async def send_all(stream: trio.SocketStream, request: bytes) -> None:
    """Send a request, which may be refused before it is complete."""
    with suppress(trio.BrokenResourceError):
        await stream.send_all(request)


def code_in(answer: bytes) -> int:
    """The status code of an answer."""
    return int(answer.split(b" ", 2)[1])


def is_guarded(answer: bytes) -> bool:
    """True if an answer's headers keep browsers from framing it, and from guessing what it is."""
    top = answer.lower().split(b"\r\n\r\n")[0]
    lines = [b"x-frame-options: deny", b"x-content-type-options: nosniff"]
    return top.count(b"frame-ancestors 'none'") == 1 and all(top.count(each) == 1 for each in lines)


async def crowd(edge, request: Callable[[int], bytes], size: int = CROWD) -> list[int]:
    """The status codes of the answers to so many requests at once."""
    codes: list[int] = []

    async def one(number: int) -> None:
        codes.append(code_in(await answer_to(edge, request(number))))

    async with trio.open_nursery() as nursery:
        for number in range(size):
            nursery.start_soon(one, number)
    return codes
