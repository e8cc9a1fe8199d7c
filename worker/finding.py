"""Address of the Worker's Manager: configured, or found in the network (reference rules §15).

A Worker with a configured address does not search, nor does it load the modules for that.
"""

import logging
from functools import partial
from typing import TYPE_CHECKING

import attrs
import httpx
import trio

from worker.registration import Credentials

if TYPE_CHECKING:
    from flamenco.discovery import Network

log = logging.getLogger(__name__)

SEARCH_SECONDS = 600.0
"""Seconds without finding a Manager after which a Worker gives up."""
FIND_SECONDS = 60.0
"""Seconds of searching for a Manager while a person waits."""
GONE_SECONDS = 60.0
"""Seconds without an answer after which a Manager that was found may have moved."""


async def search(seconds: float = SEARCH_SECONDS, network: "Network | None" = None) -> str:
    """The address of a Manager in the network. Raises `NoManagerFound`."""
    from flamenco.discovery import LAN, NoManagerFound, find_manager

    log.info("Searching the network for a Manager")
    with trio.move_on_after(seconds):
        url = await find_manager(network or LAN)
        log.info("Found a Manager at %s", url)
        return url
    raise NoManagerFound(
        f"no Manager was found in the network within {seconds:.0f} s; start one, or say where it is"
        " with --manager URL or manager_url in flamenco-worker.yaml"
    )


@attrs.define
class Whereabouts:
    """The Manager's address, which may change if it was found in the network."""

    url: str
    http: httpx.AsyncClient
    was_found: bool = False
    network: "Network | None" = None

    async def look_for(self, credentials: Credentials) -> None:
        """Search until the Manager that knows this Worker is found, here or at another address.

        Another farm's Manager is never taken: the Worker stays with its own.
        """
        from flamenco.discovery import LAN, find_manager

        url = await find_manager(self.network or LAN, partial(self._is_ours, credentials))
        if url != self.url:
            log.info("The Manager has moved from %s to %s", self.url, url)
        self.url = url
        self.http.base_url = httpx.URL(url)

    async def _is_ours(self, credentials: Credentials, url: str) -> bool:
        try:
            answer = await self.http.get(
                f"{url}api/v3/worker/state",
                auth=(credentials.worker_id, credentials.worker_secret),
            )
        except httpx.HTTPError:
            return False
        return answer.is_success
