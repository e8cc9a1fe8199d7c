"""The common form of SSDP and mDNS, so that the sockets can use either."""

from collections.abc import Callable, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

import attrs

Address = tuple[str, int]
Packets = Sequence[tuple[bytes, Address]]
"""Packets to send, with their destinations."""


@attrs.frozen(kw_only=True)
class Advert:
    """A Manager's advertisement of itself."""

    name: str
    version: str
    urls: tuple[str, ...]
    """Its addresses, such as `http://192.168.0.5:8080/`."""


@attrs.frozen(kw_only=True)
class Protocol:
    """A discovery protocol: its multicast group, and its packets."""

    name: str
    group: str
    port: int
    ttl: int
    """Maximum number of routers that its packets may pass."""
    question: Callable[[], bytes]
    """Function that makes the packet that asks for Managers."""
    managers_in: Callable[[bytes], tuple[str, ...]]
    """Function from an answer to the Managers' addresses; none if it is not a valid answer."""
    answers: Callable[[bytes, Address, "Protocol", Advert], Packets]
    """Function from a question to the answers; none if it is not a question for us."""
    announcements: Callable[[Advert], Sequence[bytes]]
    farewells: Callable[[Advert], Sequence[bytes]]

    @property
    def everybody(self) -> Address:
        """The address of its group."""
        return self.group, self.port


MOST_TOLD = 64
"""Maximum number of Managers that are taken from one packet."""
LONGEST_LOCATION = 2000
"""Maximum number of characters in an address."""


def nearest(urls: Sequence[str], address: str) -> str | None:
    """The URL whose address has the most leading bits in common with another one."""
    return max(
        urls, key=lambda url: _common_bits(urlsplit(url).hostname or "", address), default=None
    )


def _common_bits(one: str, other: str) -> int:
    try:
        here, there = ip_address(one.partition("%")[0]), ip_address(other.partition("%")[0])
    except ValueError:
        return -1
    if here.version != there.version:
        return -1
    return here.max_prefixlen - (int(here) ^ int(there)).bit_length()


def site_of(location: str) -> str:
    """The web server of an address, with the path `/`; empty if it does not name one."""
    if len(location) > LONGEST_LOCATION:
        return ""
    try:
        parts = urlsplit(location.strip())
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    return f"{parts.scheme}://{netloc(host, port)}/"


def netloc(host: str, port: int | None) -> str:
    """Host and port, as written in an address."""
    bracketed = f"[{host}]" if ":" in host else host
    return bracketed if port is None else f"{bracketed}:{port}"
