"""The pace of a WebSocket that anybody may open: what it may send, and how fast it is read.

A frame of a few bytes costs as much time as one with a message, and the event loop is everybody's.
So frames and bytes cost tokens, of which there are some at first and a few more each second; who
has none left is read again when there are. Normal clients never notice.
"""

from collections.abc import Callable, Iterator
from typing import Any, cast

import attrs
import trio
from hypercorn.protocol.ws_stream import WSStream
from wsproto.events import Event

READ_BYTES = 1024
"""Bytes that are read at once, which cost a token, as does each frame in them."""
TOKENS = 400.0
"""Tokens at first, and at most."""
TOKENS_PER_SECOND = 20.0
MOST_REMEMBERED = 1000
"""Number of addresses after which those that have all their tokens are forgotten."""
MAX_MESSAGE_BYTES = 128 * 2**10
"""Room for a client that resumes with as many subscriptions as it may have."""


@attrs.define(eq=False)
class Tokens:
    """Allowance of somebody: some at first and at most, and a few more each second."""

    most: float
    per_second: float
    left: float = attrs.field(init=False)
    _counted_at: float = attrs.field(init=False, factory=trio.current_time)

    def __attrs_post_init__(self) -> None:
        self.left = self.most

    @property
    def are_whole(self) -> bool:
        """True if there are as many as at first."""
        gained = self.per_second * (trio.current_time() - self._counted_at)
        return self.left + gained >= self.most

    def spend(self, tokens: float) -> float:
        """Use some; returns the seconds until there are as many again as were missing."""
        now = trio.current_time()
        self.left += self.per_second * (now - self._counted_at) - tokens
        self.left, self._counted_at = min(self.most, self.left), now
        return max(0.0, -self.left / self.per_second)

    async def take(self, tokens: float) -> None:
        """Use some, and wait until there are as many again as were missing."""
        if seconds := self.spend(tokens):
            await trio.sleep(seconds)


@attrs.define(eq=False)
class Paces:
    """The tokens of each address."""

    most: float
    per_second: float
    _of: dict[str, Tokens] = attrs.field(factory=dict)

    def of(self, address: str) -> Tokens:
        """The tokens of one address."""
        if len(self._of) > MOST_REMEMBERED:
            self._of = {each: tokens for each, tokens in self._of.items() if not tokens.are_whole}
        return self._of.setdefault(address, Tokens(self.most, self.per_second))


@attrs.define(eq=False)
class Pace:
    """The tokens of one WebSocket."""

    _tokens: Tokens = attrs.field(factory=lambda: Tokens(TOKENS, TOKENS_PER_SECOND))
    _watched: object = None

    def watch(self, socket: WSStream) -> None:
        """Count the frames of a socket from its acceptance on."""
        connection = getattr(socket, "connection", None)
        if connection is not None and self._watched is not connection:
            self._watched = connection
            cast("Any", connection).events = self._counting(connection.events)

    def _counting(self, events: Callable[[], Iterator[Event]]) -> Callable[[], Iterator[Event]]:
        def counted() -> Iterator[Event]:
            for event in events():
                self._tokens.left -= 1
                yield event

        return counted

    async def keep(self) -> None:
        """Wait until more may be read."""
        await self._tokens.take(1)
