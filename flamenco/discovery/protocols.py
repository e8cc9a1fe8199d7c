"""What SSDP and mDNS have in common, for the sockets to use either."""

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import attrs

Address = tuple[str, int]
Packets = Sequence[tuple[bytes, Address]]
"""What to send, and where to."""


@attrs.frozen(kw_only=True)
class Advert:
    """What a Manager tells of itself."""

    name: str
    version: str
    urls: tuple[str, ...]
    """Where it can be reached, such as `http://192.168.0.5:8080/`."""


@attrs.frozen(kw_only=True)
class Protocol:
    """A way to find each other: its multicast group, and its packets."""

    name: str
    group: str
    port: int
    ttl: int
    """How many routers its packets may pass."""
    question: Callable[[], bytes]
    """What asks for Managers."""
    managers_in: Callable[[bytes], tuple[str, ...]]
    """The addresses in an answer; none in what is no answer, or makes no sense."""
    answers: Callable[[bytes, Address, "Protocol", Advert], Packets]
    """What to send to who asked; nothing to what is no question, or not for us."""
    announcements: Callable[[Advert], Sequence[bytes]]
    farewells: Callable[[Advert], Sequence[bytes]]

    @property
    def everybody(self) -> Address:
        """The address of its group."""
        return self.group, self.port


def site_of(location: str) -> str:
    """The web server of an address, with the path `/`; empty if it is the address of none."""
    try:
        parts = urlsplit(location.strip())
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    return f"{parts.scheme}://{netloc(parts.hostname, port)}/"


def netloc(host: str, port: int | None) -> str:
    """Host and port as an address names them."""
    bracketed = f"[{host}]" if ":" in host else host
    return bracketed if port is None else f"{bracketed}:{port}"
