"""The Worker's end of discovery: it asks the network, and takes the first Manager that answers."""

import logging
from collections.abc import Awaitable, Callable

import attrs
import httpx
import msgspec
import trio

from flamenco import __version__
from flamenco.api.meta import FlamencoVersion
from flamenco.config.trust import trusted
from flamenco.discovery.network import LAN, Network, open_asker, receive, send
from flamenco.discovery.protocols import Protocol

log = logging.getLogger(__name__)

ASK_SECONDS = 1.0
PING_SECONDS = 5.0
"""Maximum seconds for a Manager that is found to answer, and to prove itself."""
MOST_CANDIDATES = 64
"""Maximum number of addresses pinged at once: more than a network has Managers, but harmless."""

Accept = Callable[[str], Awaitable[bool]]
"""Function that tells if the Manager at an address should be taken."""


async def is_manager(url: str) -> bool:
    """True if a Manager answers at this address."""
    try:
        async with httpx.AsyncClient(
            headers={"User-Agent": f"Flamenco/{__version__}"},
            timeout=PING_SECONDS,
            trust_env=False,
            verify=trusted(),
        ) as http:
            answer = await http.get(f"{url}api/v3/version")
        msgspec.json.decode(answer.content, type=FlamencoVersion)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, msgspec.DecodeError) as error:
        log.debug("No Manager at %s: %s", url, error or type(error).__name__)
        return False
    return answer.is_success


async def find_manager(network: Network = LAN, accept: Accept = is_manager) -> str:
    """Ask all networks once a second, and return the address of the first Manager that answers.

    Goes on until one is found; the caller sets a time limit.
    """
    async with trio.open_nursery() as nursery:
        search = Search(network, accept, nursery)
        for protocol in network.protocols:
            nursery.start_soon(search.ask, protocol)
    return search.found


@attrs.define
class Search:
    """One search, with its findings so far."""

    network: Network
    accept: Accept
    nursery: trio.Nursery
    found: str = attrs.field(init=False, default="")
    _tried: set[str] = attrs.field(init=False, factory=set)
    """Addresses being pinged now. One that does not answer is tried again at its next mention."""

    async def ask(self, protocol: Protocol) -> None:
        """Ask each network again and again, including those that come up later."""
        askers: dict[str, trio.socket.SocketType] = {}
        try:
            while True:
                interfaces = self.network.interfaces()
                for gone in askers.keys() - set(interfaces):
                    askers.pop(gone).close()
                for interface in interfaces:
                    await self._ask_in(interface, askers, protocol)
                await trio.sleep(ASK_SECONDS)
        finally:
            for asker in askers.values():
                asker.close()

    async def _ask_in(
        self, interface: str, askers: dict[str, trio.socket.SocketType], protocol: Protocol
    ) -> None:
        if interface not in askers:
            try:
                asker = await open_asker(protocol, interface)
            except OSError as error:
                log.debug("No search at %s: %s", interface, error)
                return
            askers[interface] = asker
            self.nursery.start_soon(self._listen, asker, protocol)
        await send(askers[interface], protocol.question(), protocol.everybody)

    async def _listen(self, asker: trio.socket.SocketType, protocol: Protocol) -> None:
        while True:
            try:
                packet, _ = await receive(asker)
            except trio.ClosedResourceError:
                return
            for url in protocol.managers_in(packet):
                if url not in self._tried and len(self._tried) < MOST_CANDIDATES:
                    self._tried.add(url)
                    self.nursery.start_soon(self._try, url)

    async def _try(self, url: str) -> None:
        is_taken = False
        try:
            with trio.move_on_after(PING_SECONDS):
                is_taken = await self.accept(url)
        finally:
            self._tried.discard(url)
        if is_taken and not self.found:
            self.found = url
            self.nursery.cancel_scope.cancel()
