"""Room for connections, of which there are fewer than files that the process may have open.

Without descriptors nobody gets an answer, and nothing can be stored. So clients beyond that are
answered with 503, connections on which nothing is asked give way to new ones, and a quarter of all
is kept for Workers and for operators at the Manager's machine.
"""

import logging
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from heapq import nsmallest
from ipaddress import ip_address
from math import inf

import attrs

from web.arrivals import Arrival
from web.connections import Connection
from web.refusing import Refused

if sys.platform != "win32":
    import resource

logger = logging.getLogger("flamenco.web")

OWN_FILES = 96
"""Files of the Manager itself: database, logs, the processes that it runs."""

MOST_FILES = 65_536
"""Number of open files that are as good as no limit."""

LIMITS = (MOST_FILES, 10_240, 4_096)
"""Limits of open files that are tried in turn: macOS, say, names none and refuses large ones."""

FILES_OF_EACH = 2
"""Files of a connection: its socket, and what is sent or received over it."""

FEW = 1000
"""Number of connections below which the operator is warned."""

KEPT_BACK = 1 / 4
"""Share of the connections that only Workers and clients of the Manager's machine may use."""

GIVE_WAY = 1 / 32
"""Share of the connections that are closed at once if all are used and nothing is asked on them."""

FULL = Refused(503, "too many clients are connected to the Manager, try again", again_after=5)


def raise_limit() -> None:
    """Let this process have as many files open as the system allows."""
    if sys.platform != "win32":
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        for limit in LIMITS:
            wanted = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            if soft == resource.RLIM_INFINITY or soft >= wanted:
                return
            with suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
                return


def _most_files() -> int:
    if sys.platform == "win32":
        return MOST_FILES
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_FILES if soft == resource.RLIM_INFINITY else min(MOST_FILES, soft)


def most_connections() -> int:
    """Maximum number of connections of this process; a small one is told in the log."""
    files = _most_files()
    most = max(FILES_OF_EACH, (files - OWN_FILES) // FILES_OF_EACH)
    if most < FEW:
        logger.warning(
            "at most %d clients can be connected, since the limit of open files is %d: raise it "
            "(`ulimit -n`, in a unit of systemd LimitNOFILE)",
            most,
            files,
        )
    return most


@lru_cache(maxsize=1000)
def is_here(host: str) -> bool:
    """True for an address of the Manager's own machine, where its operator is."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


@attrs.define(eq=False)
class Room:
    """The connections that are open, at most ``most``."""

    is_known: Callable[[str], bool] = is_here
    """True for an address of a Worker, or of an operator."""
    most: int = attrs.field(factory=most_connections)
    connections: set[Connection | Arrival] = attrs.field(factory=set)
    _is_full: bool = False

    def admits(self, host: str) -> bool:
        """True if there is room for a client; connections that are idle may be closed for it."""
        most = self.most if self.is_known(host) else self.most - int(self.most * KEPT_BACK)
        if len(self.connections) >= most:
            self._close_idle_ones(len(self.connections) + 1 - most)
        admits = len(self.connections) < most
        if not admits and not self._is_full:
            logger.warning("%s is turned away: %d clients are connected", host, most)
        self._is_full = not admits
        return admits

    def _close_idle_ones(self, needed: int) -> None:
        """Close some connections, of strangers and longest idle first: ``needed``, or more."""

        def worth(one: Connection | Arrival) -> tuple[bool, float]:
            return self.is_known(one.host), one.idle_until

        idle = (each for each in self.connections if each.idle_until < inf)
        for each in nsmallest(max(needed, int(self.most * GIVE_WAY)), idle, key=worth):
            each.cut_off()
            self.connections.discard(each)


def turn_away(client: socket.socket) -> None:
    """Answer a client for whom there is no room, and close its connection."""
    with client:
        FULL.send(client)
