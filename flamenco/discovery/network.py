"""Networks of this machine, and sockets for multicast in them."""

import ipaddress
import logging
import socket
import sys
from collections.abc import Callable, Iterable

import attrs
import psutil
import trio

from flamenco import __version__
from flamenco.discovery.mdns import MDNS
from flamenco.discovery.protocols import Address, Advert, Protocol, netloc
from flamenco.discovery.ssdp import SSDP
from flamenco.errors import Mendable

log = logging.getLogger(__name__)

ANY = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to
_MULTICAST_ALL = 49
"""Linux's option IP_MULTICAST_ALL, which Python does not name. While it is on, as it is by default,
a socket hears its group in all networks that any program of the machine has joined."""
PACKET_BYTES = 9000
"""Size of the largest packet of mDNS (RFC 6762 §17); SSDP's are smaller."""
ERROR_SECONDS = 0.1
"""Seconds of pause after an error of a socket."""


class NoManagerFound(Mendable):
    """No Manager answered in the network; the text says what to do."""


def addresses() -> tuple[str, ...]:
    """IPv4 and IPv6 addresses of this machine in the networks that are up.

    Without link-local ones, which are useless without their interface; the loopback comes last.
    """
    is_up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    found = [
        ipaddress.ip_address(each.address)
        for name, them in psutil.net_if_addrs().items()
        for each in them
        if name in is_up and each.family in (socket.AF_INET, socket.AF_INET6) and each.address
        if "%" not in each.address
    ]
    kept = {each for each in found if not (each.is_link_local and each.version == 6)}
    return tuple(map(str, sorted(kept, key=lambda each: (each.is_loopback, each.version, each))))


@attrs.frozen(kw_only=True)
class Network:
    """The networks to search and to advertise in; in tests, only this machine."""

    addresses: Callable[[], tuple[str, ...]] = addresses
    protocols: tuple[Protocol, ...] = (SSDP, MDNS)
    is_private: bool = False
    """Only programs of this machine are answered, whichever network they ask in."""

    def interfaces(self) -> tuple[str, ...]:
        """The addresses whose networks we hear; multicast is IPv4 only."""
        return tuple(each for each in self.addresses() if ":" not in each)

    def told(self) -> tuple[str, ...]:
        """The addresses whose networks get our packets for everybody."""
        found = self.interfaces()
        return tuple(each for each in found if _is_loopback(each)) if self.is_private else found

    def answers(self, address: str) -> bool:
        """True if a program at an address can reach the Manager."""
        return not self.is_private or address in self.addresses()

    def where_heard(self, host: str) -> "Network":
        """The part of the networks in which a Manager that listens on ``host`` can be reached.

        One that listens on the loopback does not advertise to other machines. It hears the
        networks all the same, since a Worker of Flamenco 3 beside it asks in these.
        """
        if host in ANY:
            return self
        if _is_loopback(host):
            return attrs.evolve(self, is_private=True)
        return self if ":" in host else attrs.evolve(self, addresses=lambda: (host,))


LAN = Network()
"""All networks of this machine."""


def advert_of(
    name: str, host: str, port: int, addresses: Iterable[str], *, certified: str | None = None
) -> Advert:
    """The advertisement of a Manager that listens on ``host``; "any host" has all ``addresses``.

    The loopback is advertised only if there is no other address. Where TLS is spoken, ``certified``
    is the name in the certificate, which is then the one address, unless it is empty.
    """
    if certified:
        return Advert(name=name, version=__version__, urls=(f"https://{certified}:{port}/",))
    scheme = "http" if certified is None else "https"
    hosts = [host]
    if host in ANY:
        hosts = [each for each in addresses if host == "::" or ":" not in each]
        hosts = [each for each in hosts if not _is_loopback(each)] or hosts
    urls = tuple(f"{scheme}://{netloc(each, port)}/" for each in hosts)
    return Advert(name=name, version=__version__, urls=urls)


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


@attrs.define
class GroupSocket:
    """A socket that receives from a protocol's multicast group, and sends to it."""

    protocol: Protocol
    socket: trio.socket.SocketType
    _interfaces: set[str] = attrs.field(init=False, factory=set)
    _told: set[str] = attrs.field(init=False, factory=set)
    _sending: trio.Lock = attrs.field(init=False, factory=trio.Lock)

    def follow(self, interfaces: Iterable[str], told: Iterable[str] | None = None) -> None:
        """Join the group in these networks, and leave it in all others.

        What is for everybody goes to the networks ``told``, if these are not all.
        """
        wanted = set(interfaces)
        for gone in self._interfaces - wanted:
            self._change(socket.IP_DROP_MEMBERSHIP, gone)
        new = wanted - self._interfaces
        joined = {each for each in new if self._change(socket.IP_ADD_MEMBERSHIP, each)}
        self._interfaces = (self._interfaces & wanted) | joined
        self._told = self._interfaces if told is None else self._interfaces & set(told)

    async def receive(self) -> tuple[bytes, Address]:
        """The next packet, and its sender."""
        return await receive(self.socket)

    async def send(self, packet: bytes, to: Address) -> None:
        """Send a packet: to the group in each network, or to one address.

        A packet that cannot be sent is lost, as packets are.
        """
        async with self._sending:
            if to != self.protocol.everybody:
                await send(self.socket, packet, to)
                return
            for interface in tuple(self._told):
                self.socket.setsockopt(
                    socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface)
                )
                await send(self.socket, packet, to)

    def _change(self, change: int, interface: str) -> bool:
        group = socket.inet_aton(self.protocol.group) + socket.inet_aton(interface)
        try:
            self.socket.setsockopt(socket.IPPROTO_IP, change, group)
        except OSError:  # the network is gone, or has no multicast
            return False
        return True


async def open_group(protocol: Protocol) -> GroupSocket:
    """A socket on the protocol's port, beside those of other programs. Raises OSError."""
    opened = _multicast_socket(protocol)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform == "linux":
            opened.setsockopt(socket.IPPROTO_IP, _MULTICAST_ALL, 0)
        if hasattr(socket, "SO_REUSEPORT"):
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        await opened.bind(("", protocol.port))
    except BaseException:
        opened.close()
        raise
    return GroupSocket(protocol, opened)


async def open_asker(protocol: Protocol, interface: str) -> trio.socket.SocketType:
    """A socket that asks one network, and receives the answers. Raises OSError."""
    opened = _multicast_socket(protocol)
    try:
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
        await opened.bind((interface, 0))
    except BaseException:
        opened.close()
        raise
    return opened


def _multicast_socket(protocol: Protocol) -> trio.socket.SocketType:
    opened = trio.socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, protocol.ttl)
    return opened


async def receive(opened: trio.socket.SocketType) -> tuple[bytes, Address]:
    """The next packet. Errors that an earlier packet of ours met on its way are skipped."""
    while True:
        try:
            packet, sender = await opened.recvfrom(PACKET_BYTES)
        except OSError:
            await trio.sleep(ERROR_SECONDS)
            continue
        return packet, (sender[0], sender[1])


async def send(opened: trio.socket.SocketType, packet: bytes, to: Address) -> None:
    """Send a packet; if it cannot be sent, it is lost."""
    try:
        await opened.sendto(packet, to)
    except OSError as error:
        log.debug("No packet to %s: %s", to[0], error)
