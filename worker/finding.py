"""Address of the Worker's Manager: configured, or found in the network (reference rules §15).

A Worker with a configured address does not search, nor does it load the modules for that.
"""

import logging
from functools import partial
from typing import TYPE_CHECKING

import attrs
import httpx
import trio
from trio_websocket import WebSocketConnection

from worker.connection import Ended, talk_over
from worker.credentials import Credentials
from worker.handshake import NoProof, meet
from worker.trust import Step, step_after

if TYPE_CHECKING:
    from flamenco.discovery import Network

log = logging.getLogger(__name__)

SEARCH_SECONDS = 600.0
"""Seconds without finding a Manager after which a Worker gives up."""
FIND_SECONDS = 60.0
"""Seconds of searching for a Manager while a person waits."""
MOST_NAMED = 100
"""Maximum number of other Managers that the log names."""
UNKNOWN = "no Manager that knows this Worker"
GONE_SECONDS = 60.0
"""Seconds without an answer after which a Manager that was found may have moved."""


async def search(
    seconds: float = SEARCH_SECONDS,
    network: "Network | None" = None,
    own: Credentials | None = None,
) -> str:
    """The address of a Manager in the network, or of the one that knows the ``own`` secret.

    Raises `NoManagerFound`.
    """
    from flamenco.discovery import LAN, NoManagerFound, find_manager, is_manager

    log.info("Searching the network for %s", "its Manager" if own else "a Manager")
    with trio.move_on_after(seconds):
        url = await find_manager(network or LAN, Own(own).proves_itself if own else is_manager)
        log.info("Found a Manager at %s", url)
        return url
    raise NoManagerFound(
        f"{UNKNOWN if own else 'no Manager'} was found in the network within {seconds:.0f} s;"
        " start one, or say where it is with --manager URL or manager_url in flamenco-worker.yaml"
    )


async def search_own(known: Credentials | None, network: "Network | None" = None) -> str:
    """The address of a Manager; of a Worker that has proven itself once, its own Manager's.

    Raises `NoManagerFound`.
    """
    return await search(network=network, own=known if known and known.proven else None)


@attrs.frozen
class Own:
    """The Manager of a Worker, which is looked for among others."""

    credentials: Credentials
    _others: set[str] = attrs.field(factory=set)

    async def proves_itself(self, url: str) -> bool:
        """True if the Manager at an address proves that it knows this Worker's secret."""
        ended = await _meet(self.credentials, url)
        if ended is not None and url not in self._others and len(self._others) < MOST_NAMED:
            self._others.add(url)
            log.warning("The Manager at %s is not this Worker's: %s", url, ended.reason)
        return ended is None


async def _meet(own: Credentials, url: str) -> Ended | None:
    """Let the Manager at an address prove itself; returns how that ended if it did not."""
    is_proven = False

    async def talk(socket: WebSocketConnection, address: str) -> Ended:
        nonlocal is_proven
        try:
            await meet(socket, own.worker_id, own.key, address)
        except NoProof as error:
            return error.ended
        is_proven = True
        return Ended("it has proven itself")

    ended = await talk_over(url, talk)
    return None if is_proven else ended


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
        ended = await _meet(credentials, url)
        if ended is None:
            return True
        step = step_after(ended.code, basic=False, proven=credentials.proven, found=True)
        if step not in (Step.BASIC, Step.POLL):
            return False
        try:
            answer = await self.http.get(
                f"{url}api/v3/worker/state",
                auth=(credentials.worker_id, credentials.worker_secret),
            )
        except httpx.HTTPError:
            return False
        return answer.is_success
