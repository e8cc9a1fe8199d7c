"""Ends of what is open by a sign-in or token, such as a WebSocket."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import attrs
import trio

import actors
from flamenco.manager.people import CredentialsEnded
from flamenco.store import Reader, holder_of
from web.askers import Asker


@attrs.define(eq=False)
class Ends:
    """The ends of all that is open."""

    _reader: Reader
    _ends: dict[str, set[Callable[[], None]]] = attrs.field(factory=dict)
    """{id of a credential: functions that end what is open by it}."""

    @asynccontextmanager
    async def called(self, who: Asker, end: Callable[[], None]) -> AsyncIterator[None]:
        """Call ``end`` when what somebody has shown is over during the block, or was before it."""
        shown = who.credential
        if shown is None:
            yield
            return
        self._ends.setdefault(shown.id, set()).add(end)
        try:
            found = await self._reader.look(lambda db: holder_of(db, shown.digest))
            if found is None or found.user.disabled:
                end()
            yield
        finally:
            self._ends[shown.id].discard(end)
            if not self._ends[shown.id]:
                del self._ends[shown.id]

    @asynccontextmanager
    async def heard(self, farm: actors.Events) -> AsyncIterator[None]:
        """End beside the block what is open by credentials of a farm that are over."""
        async with farm.subscribe(CredentialsEnded) as events, trio.open_nursery() as nursery:
            nursery.start_soon(self._hear, events)
            yield
            nursery.cancel_scope.cancel()

    async def _hear(self, events: actors.Subscription[CredentialsEnded]) -> None:
        async for event in events:
            for key in event.ids:
                for end in tuple(self._ends.get(key, ())):
                    end()
