"""Names under which the Manager may be asked.

A page of another site can have its own name lead to the Manager (DNS rebinding), and is then of one
origin with it for the browser. So a request must name the Manager as no stranger's page can: by an
address, by a name of its machine, or by one that the operator has allowed.
"""

import ipaddress
import re
import socket
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from functools import cache, lru_cache

import attrs
import trio

from flamenco.manager.services import Services

_HOST = re.compile(r"(?:\[([^\[\]]+)\]|([^\[\]:/@\s]+))(?::[0-9]{0,5})?")
_LOCALHOST = "localhost"


def name_in(host: str) -> str | None:
    """The name or address in a header `Host`, in lower case; None if there is none in it."""
    match = _HOST.fullmatch(host)
    return (match[1] or match[2]).lower().removesuffix(".") if match else None


@lru_cache(maxsize=100)
def is_address(name: str) -> bool:
    """True for an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def names_of(machine: str) -> frozenset[str]:
    """The names by which a machine calls itself, also in mDNS (RFC 6762 §3)."""
    whole = machine.lower().removesuffix(".")
    first = whole.partition(".")[0]
    return frozenset({whole, first, f"{first}.local"} - {"", ".local"})


LEARN_SECONDS = 5.0
"""Maximum time for which who uses an unknown name waits until the machine's own is learned."""


@cache
def _own_names() -> frozenset[str]:
    """All names of this machine. The network may be asked for the full one, which can take long."""
    own = names_of(socket.gethostname())
    try:
        return own | names_of(socket.getfqdn())
    except (OSError, UnicodeError):  # a name that DNS can't have
        return own


@attrs.define(eq=False)
class Hosts:
    """The names of one Manager."""

    _services: Services
    _certified: Callable[[], Collection[str]] = tuple
    """Function that gives the names in the Manager's certificate, which nobody else has."""
    _own: frozenset[str] = attrs.field(factory=lambda: names_of(socket.gethostname()))
    _learned: trio.Event = attrs.field(factory=trio.Event)

    @asynccontextmanager
    async def learning(self) -> AsyncIterator[None]:
        """Learn the machine's full name beside the block; strangers wait for it."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._learn)
            yield
            nursery.cancel_scope.cancel()

    async def _learn(self) -> None:
        """DNS can't be interrupted, so the end of the block leaves it alone, as Trio's own does."""
        try:
            self._own = await trio.to_thread.run_sync(_own_names, abandon_on_cancel=True)
        finally:
            self._learned.set()

    @property
    def are_learned(self) -> bool:
        """True if all names of the machine are known."""
        return self._learned.is_set()

    def know(self, host: str) -> bool:
        """True if this header `Host` is known to mean this Manager."""
        name = name_in(host)
        if name is None:
            return False
        known = self._own, self._services.config.allowed_hosts, self._certified()
        return name == _LOCALHOST or any(name in names for names in known) or is_address(name)

    async def serves(self, host: str) -> bool:
        """True if a request with this header `Host` is meant for this Manager."""
        if not self.know(host):
            with trio.move_on_after(LEARN_SECONDS):
                await self._learned.wait()
        return self.know(host)
