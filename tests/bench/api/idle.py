"""Live sockets that are open and say nothing, from many addresses of the loopback."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from tests.web.attacks import handshake

OF_ADDRESS = 100
AT_ONCE = 20


async def _opened(host: str, port: int, number: int) -> trio.SocketStream:
    """A live socket, from the address for its number. Raises RuntimeError if it is refused."""
    place = number // OF_ADDRESS + 2
    mine = trio.socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    await mine.bind((f"127.0.{place // 250}.{place % 250 + 1}", 0))
    await mine.connect((host, port))
    stream = trio.SocketStream(mine)
    await stream.send_all(handshake())
    answer = bytes(await stream.receive_some())
    if not answer.startswith(b"HTTP/1.1 101"):
        raise RuntimeError(f"idle socket {number} was refused: {answer[:200]!r}")
    return stream


@asynccontextmanager
async def idle_sockets(host: str, port: int, count: int) -> AsyncIterator[None]:
    """So many open live sockets, which nobody reads: signs of life lie in the system's buffers."""
    limit, streams = trio.CapacityLimiter(AT_ONCE), list[trio.SocketStream]()

    async def one(number: int) -> None:
        async with limit:
            streams.append(await _opened(host, port, number))

    try:
        async with trio.open_nursery() as opening:
            for number in range(count):
                opening.start_soon(one, number)
        yield
    finally:
        for stream in streams:
            stream.socket.close()
