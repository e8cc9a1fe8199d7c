"""Everything that would make two runs of a seed differ, replaced for a while.

Blocking work runs in the event loop and takes virtual time drawn from the seed, so that other tasks
get their turn before and after it, as they do when a thread does it. Ids come from the seed.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any
from unittest.mock import patch

import trio

SLOWEST_SECONDS = (0.004, 0.004, 0.5)
"""Seconds of the slowest work, before and after it; drawn once for a seed. While a slow disk
takes a commit, much else can happen."""


@contextmanager
def instant(random: Random) -> Iterator[None]:
    """No threads and no chance but the seed's, as long as the block lasts."""

    slowest = random.choice(SLOWEST_SECONDS)

    async def run_sync(
        function: Callable[..., Any],
        *args: object,
        limiter: trio.CapacityLimiter | None = None,
        **_: object,
    ) -> Any:
        if limiter is None:
            return await _done(function, args)
        async with limiter:
            return await _done(function, args)

    async def _done(function: Callable[..., Any], args: tuple[object, ...]) -> Any:
        await trio.sleep(random.random() * slowest)
        try:
            return function(*args)
        finally:
            await trio.sleep(random.random() * slowest)

    def drawn() -> uuid.UUID:
        return uuid.UUID(int=random.getrandbits(128), version=4)

    with patch.object(trio.to_thread, "run_sync", run_sync), patch.object(uuid, "uuid4", drawn):
        yield
