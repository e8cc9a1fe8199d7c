"""Servers of tests: who breaks off ends its own connection and nothing else."""

from collections.abc import Awaitable, Callable

import h11
import trio
from trio_websocket import ConnectionClosed, HandshakeError

BREAKS = (
    OSError,
    trio.BrokenResourceError,
    trio.ClosedResourceError,
    h11.RemoteProtocolError,
    ConnectionClosed,
    HandshakeError,
)


async def serve(
    handler: Callable[[trio.SocketStream], Awaitable[None]], listener: trio.SocketListener
) -> None:
    """Let each connection be handled, until cancelled."""

    async def handle(stream: trio.SocketStream) -> None:
        try:
            await handler(stream)
        except* BREAKS:
            pass

    await trio.serve_listeners(handle, [listener])
