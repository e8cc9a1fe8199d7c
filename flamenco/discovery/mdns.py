"""mDNS and DNS-SD (RFC 6762, 6763): a Manager is an instance of the service `_flamenco._tcp`.

Only the packets of python-zeroconf are used: its `Zeroconf` runs an asyncio loop in a thread, and
the little that is left to do (answer, announce, say good-bye; ask from a port of one's own and read
the answers) the sockets here do for SSDP too.
"""

import ipaddress
import re
import socket
from collections.abc import Iterator
from itertools import islice
from urllib.parse import urlsplit

from zeroconf import (
    DNSAddress,
    DNSIncoming,
    DNSOutgoing,
    DNSPointer,
    DNSQuestion,
    DNSRecord,
    DNSService,
    DNSText,
    const,
)

from flamenco.discovery.protocols import MOST_TOLD, Address, Advert, Packets, Protocol, netloc

SERVICE = "_flamenco._tcp.local."
SERVICES = "_services._dns-sd._udp.local."
"""Name whose query asks for all services in the network."""

_PORT = 5353
_IN = const._CLASS_IN
_UNIQUE = const._CLASS_IN_UNIQUE
_QUERY = const._FLAGS_QR_QUERY
_RESPONSE = const._FLAGS_QR_RESPONSE | const._FLAGS_AA
MOST_ASKED = 16
"""Maximum number of questions that an answer repeats."""
_SHARED_SECONDS = 4500
_HOST_SECONDS = 120
_ONE_SHOT_SECONDS = 10
"""Seconds for which a record is valid (RFC 6762 §10, §6.7)."""


def question() -> bytes:
    """A one-shot query, whose answers go to the port that asks (RFC 6762 §5.1)."""
    query = DNSOutgoing(_QUERY)
    query.add_question(DNSQuestion(SERVICE, const._TYPE_PTR, _UNIQUE))
    (packet,) = query.packets()
    return bytes(packet)


def managers_in(packet: bytes) -> tuple[str, ...]:
    """Addresses of the Managers whose service, host and address are in an answer."""
    message = DNSIncoming(packet)
    if not message.valid or not message.is_response():
        return ()
    records = [record for record in message.answers() if record.ttl > 0]
    hosts = [record for record in records if isinstance(record, DNSAddress)]
    found = (
        f"http://{netloc(str(ipaddress.ip_address(host.address)), service.port)}/"
        for service in records
        if isinstance(service, DNSService) and service.name.casefold().endswith(f".{SERVICE}")
        for host in hosts
        if host.name.casefold() == service.server.casefold()
    )
    return tuple(islice(found, MOST_TOLD))


def answers(packet: bytes, sender: Address, protocol: Protocol, advert: Advert) -> Packets:
    """All records of the Manager, if the packet asks for any of them.

    A query from mDNS's own port is answered to the group, as all listeners profit; a one-shot
    query from another port is answered directly, by the rules of plain DNS (RFC 6762 §6.7).
    """
    query = DNSIncoming(packet)
    if not query.valid or not query.is_query():
        return ()
    names = {SERVICE, SERVICES, *(each.name.casefold() for each in _records(advert, _HOST_SECONDS))}
    asked = {(each.name, each.type) for each in query.questions if each.name.casefold() in names}
    if not asked:
        return ()
    if sender[1] == protocol.port:
        return [(each, protocol.everybody) for each in announcements(advert)]
    answer = DNSOutgoing(_RESPONSE, multicast=False, id_=query.id)
    for name, kind in sorted(asked)[:MOST_ASKED]:
        answer.add_question(DNSQuestion(name, kind, _IN))
    return [(each, sender) for each in _filled(answer, _records(advert, _ONE_SHOT_SECONDS))]


def announcements(advert: Advert) -> list[bytes]:
    """All records of the Manager, for the group."""
    return _filled(DNSOutgoing(_RESPONSE), _records(advert))


def farewells(advert: Advert) -> list[bytes]:
    """The same records with a lifetime of 0, so that they are forgotten (RFC 6762 §10.1)."""
    return _filled(DNSOutgoing(_RESPONSE), _records(advert, 0))


def _records(advert: Advert, most_seconds: int = _SHARED_SECONDS) -> Iterator[DNSRecord]:
    """The instance of the service, its host and port, and the host's addresses.

    These have no place for https, so a Manager that speaks TLS is found by SSDP only.
    """
    shared, own = min(_SHARED_SECONDS, most_seconds), min(_HOST_SECONDS, most_seconds)
    places = [each for each in map(urlsplit, advert.urls) if each.scheme == "http"]
    port = places[0].port if places else None
    if port is None:
        return
    label = f"flamenco-{re.sub(r'[^A-Za-z0-9]+', '-', socket.gethostname())[:40]}-{port}"
    instance, host = f"{label}.{SERVICE}", f"{label}.local."
    yield DNSPointer(SERVICES, const._TYPE_PTR, _IN, shared, SERVICE)
    yield DNSPointer(SERVICE, const._TYPE_PTR, _IN, shared, instance)
    yield DNSService(instance, const._TYPE_SRV, _UNIQUE, own, 0, 0, port, host)
    text = _text(f"name={advert.name}", f"version={advert.version}")
    yield DNSText(instance, const._TYPE_TXT, _UNIQUE, shared, text)
    for place in places:
        address = ipaddress.ip_address(place.hostname or "")
        kind = const._TYPE_A if address.version == 4 else const._TYPE_AAAA
        yield DNSAddress(host, kind, _UNIQUE, own, address.packed)


def _text(*entries: str) -> bytes:
    cut = [entry.encode()[:255] for entry in entries]
    return b"".join(bytes([len(entry)]) + entry for entry in cut)


def _filled(message: DNSOutgoing, records: Iterator[DNSRecord]) -> list[bytes]:
    """The packets of a message; many records need several, and none need none."""
    told = tuple(records)
    for record in told:
        message.add_answer_at_time(record, 0)
    return [bytes(packet) for packet in message.packets()] if told else []


MDNS = Protocol(
    name="mDNS",
    group="224.0.0.251",
    port=_PORT,
    ttl=255,
    question=question,
    managers_in=managers_in,
    answers=answers,
    announcements=announcements,
    farewells=farewells,
)
