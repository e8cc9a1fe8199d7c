"""Shares of the event loop: who sends hundreds of requests at once waits behind its own ones.

A few requests of an address are worked on at a time (`web.queues`). A proxy in front of all pages
is one address.
"""

import attrs

from web.queues import Queues
from web.serving import App, Receive, Scope, Send

AT_ONCE = 8
"""Maximum number of requests of an address that are worked on."""


@attrs.define(eq=False)
class Shares:
    """An application in which each address has its share of the event loop."""

    app: App
    queues: Queues = attrs.field(factory=lambda: Queues(AT_ONCE))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        async with self.queues.turn((scope["client"] or ("",))[0]):
            await self.app(scope, receive, send)
