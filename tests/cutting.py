"""A network that breaks: connections through it are cut after so many bytes, wherever that is."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import attrs
import trio

from tests.servers import serve


@attrs.define(eq=False)
class Cutting:
    """Where it is entered, and how often it broke."""

    port: int
    cuts: int = 0


@asynccontextmanager
async def cutting(port: int, bytes_until_cut: Iterator[int]) -> AsyncIterator[Cutting]:
    """A way to a port of this machine; each connection lasts for the next number of bytes.

    When the numbers are used up, connections last.
    """
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    network = Cutting(listener.socket.getsockname()[1])

    async def handle(near: trio.SocketStream) -> None:
        left = next(bytes_until_cut, None)
        far = await trio.open_tcp_stream("127.0.0.1", port)
        async with near, far, trio.open_nursery() as nursery:
            nursery.start_soon(carry, near, far, None, nursery.cancel_scope)
            nursery.start_soon(carry, far, near, left, nursery.cancel_scope)
        if left is not None:
            network.cuts += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, handle, listener)
        yield network
        nursery.cancel_scope.cancel()


async def carry(
    source: trio.SocketStream, target: trio.SocketStream, left: int | None, end: trio.CancelScope
) -> None:
    """Carry bytes from one end to the other, until one of them ends or so many were carried."""
    try:
        while chunk := await source.receive_some():
            await target.send_all(chunk if left is None else chunk[:left])
            if left is not None and (left := left - len(chunk)) <= 0:
                reset(source, target)
                break
    except trio.BrokenResourceError:
        pass
    end.cancel()


def reset(*streams: trio.SocketStream) -> None:
    """Make the ends close without a good-bye."""
    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # struct linger: on, for no time
    for stream in streams:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
