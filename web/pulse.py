"""The pulse of live clients: who is told nothing for a while gets a sign of life.

It goes round all clients, a few of them at a time. With a timer each, those that had the same event
would all be due together ever after, and thousands would hold up everybody else.
"""

from itertools import cycle
from typing import Protocol

import attrs
import trio

QUIET_SECONDS = 10.0
"""Maximum seconds of silence for a client: two rounds of the pulse."""

GROUPS = 50
"""Number of groups of clients, which have their beat one after the other."""


class Beaten(Protocol):
    """A client that has a beat in each round."""

    def beat(self) -> None:
        """Get a sign of life, if nothing was told since the beat before."""


@attrs.define(eq=False)
class Pulse:
    """The clients in their groups."""

    _groups: tuple[set[Beaten], ...] = attrs.field(
        factory=lambda: tuple(set() for _ in range(GROUPS))
    )

    def add(self, client: Beaten) -> None:
        """Have a client in each round, with the smallest group."""
        min(self._groups, key=len).add(client)

    def remove(self, client: Beaten) -> None:
        for group in self._groups:
            group.discard(client)

    async def run(self) -> None:
        """Go round until cancelled."""
        for group in cycle(self._groups):
            await trio.sleep(QUIET_SECONDS / 2 / GROUPS)
            for client in group:
                client.beat()
