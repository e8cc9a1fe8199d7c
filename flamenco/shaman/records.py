"""Records of the checkouts that Shaman made: only what is recorded is ever deleted.

A checkout is recorded while its folder is empty, before and after it holds files. So whatever cuts
Shaman off, at most an empty folder is left that nobody knows of; and as its path stays taken for as
long as it is recorded, a record never goes with another checkout's.
"""

from pathlib import PurePosixPath
from typing import Protocol

import trio

from flamenco.shaman.checkouts import Checkouts


class Records(Protocol):
    """The records, which outlive the Manager."""

    async def add(self, path: str) -> None:
        """Record a checkout."""

    async def bind(self, path: str, key: str) -> None:
        """Note for which submission a checkout was made."""

    async def remove(self, path: str) -> None:
        """Forget a checkout."""

    async def inside(self, path: str) -> list[str]:
        """The recorded checkouts in the folder of another."""


async def erase(path: PurePosixPath, checkouts: Checkouts, records: Records) -> None:
    """Remove a checkout and its record. It may be gone. Raises OSError.

    A checkout inside it stays. Its links are recorded before they are made, so those that are found
    first belong to what is recorded then.
    """
    links = await trio.to_thread.run_sync(lambda: [*checkouts.links(path)])
    others = {PurePosixPath(each) for each in await records.inside(path.as_posix())}
    await trio.to_thread.run_sync(checkouts.empty, path, links, others)
    await records.remove(path.as_posix())
    await trio.to_thread.run_sync(checkouts.release, path)
