"""Reach of the Manager: the addresses to which it connects because somebody gave it a URL.

Whoever may name an address could otherwise make the Manager ask in its own network, or on its own
machine, what only the Manager may ask. So addresses count as they are when it connects, after all
names were looked up: a name may lead to another address each time.
"""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network

_NAT64 = ip_network("64:ff9b::/96")


def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """The address that is written so; that of IPv4 if it is written as one of IPv6; else None."""
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def may_reach(address: str, allowed: Iterable[Network]) -> bool:
    """True if the Manager may connect to an address: one of the Internet, or of these networks.

    Anything but the text of an IP address is out of reach.
    """
    written = address_of(address)
    if written is None:
        return False
    found = _meant(written)
    if any(found in network for network in allowed):
        return True
    return found.is_global and not found.is_multicast


def _meant(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The address of IPv4 that one of IPv6 stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour or address


def is_confidential(url: str) -> bool:
    """True if nobody overhears what goes to a URL: it is encrypted, or stays on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    address = address_of(host)
    is_here = host == "localhost" or (address is not None and address.is_loopback)
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_here))
