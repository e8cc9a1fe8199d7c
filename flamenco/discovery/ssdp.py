"""SSDP as in Flamenco 3: one device with a fixed identity, at each address of a Manager.

Reference rules §14, "UPnP/SSDP"; the form of the messages is that of the UPnP Device Architecture
1.0, chapter 1.
"""

from collections.abc import Mapping
from email.utils import format_datetime
from xml.sax.saxutils import escape

from flamenco import __version__, clock
from flamenco.discovery.protocols import (
    Address,
    Advert,
    Packets,
    Protocol,
    nearest,
    site_of,
)

SERVICE = "urn:flamenco:manager:0"
DEVICE = "uuid:aa80bc5f-d0af-46b8-8630-23bd7e80ec4d"
USN = f"{DEVICE}::{SERVICE}"
MAX_AGE_SECONDS = 3600
DESCRIPTION_PATH = "/upnp/description.xml"

TARGETS = frozenset({"ssdp:all", SERVICE, DEVICE})
"""Search targets that include Managers."""

_GROUP = "239.255.255.250"
_HOST = f"{_GROUP}:1900"
_SERVER = f"Flamenco/{__version__} UPnP/1.0 Flamenco/{__version__}"
_DESCRIPTION = """\
<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0">
  <specVersion><major>1</major><minor>0</minor></specVersion>
  <device>
    <deviceType>{service}</deviceType>
    <friendlyName>Flamenco {version}</friendlyName>
    <manufacturer>Flamenco</manufacturer>
    <modelName>Flamenco</modelName>
    <UDN>{device}</UDN>
    <serviceList></serviceList>
    <presentationURL>/</presentationURL>
  </device>
</root>
"""


def description(version: str) -> str:
    """The XML description of the device."""
    return _DESCRIPTION.format(service=SERVICE, device=DEVICE, version=escape(version))


def question() -> bytes:
    """A search for Managers."""
    headers = {"HOST": _HOST, "MAN": '"ssdp:discover"', "MX": "1", "ST": SERVICE}
    return _message("M-SEARCH * HTTP/1.1", headers)


def managers_in(packet: bytes) -> tuple[str, ...]:
    """The Manager in an answer or an advertisement; none if it is about another kind of device."""
    start, headers = _parsed(packet)
    is_answer = start.startswith("HTTP/1.") and start.split()[1:2] == ["200"]
    device, _, _ = headers.get("USN", "").partition("::")
    if not is_answer or device.casefold() != DEVICE:
        return ()
    site = site_of(headers.get("LOCATION", ""))
    return (site,) if site else ()


def answers(packet: bytes, sender: Address, _: Protocol, advert: Advert) -> Packets:
    """An answer to the sender of a search, with the address that is nearest to it.

    It is one, since the sender may be forged: what asks must not be answered many times over.
    """
    start, headers = _parsed(packet)
    asks = start.upper().startswith("M-SEARCH ") and headers.get("MAN", "").strip('"').lower()
    if asks != "ssdp:discover" or headers.get("ST", "").strip('"') not in TARGETS:
        return ()
    date = format_datetime(clock.now(), usegmt=True)
    url = nearest(advert.urls, sender[0])
    told = {**_told(url), "DATE": date, "EXT": "", "ST": SERVICE} if url else {}
    return [(_message("HTTP/1.1 200 OK", told), sender)] if told else ()


def announcements(advert: Advert) -> list[bytes]:
    """An advertisement for each address."""
    return [_notification("ssdp:alive", _told(url)) for url in advert.urls]


def farewells(_: Advert) -> list[bytes]:
    """The end of the device, which is one for all addresses."""
    return [_notification("ssdp:byebye", {"USN": USN})]


def _told(url: str) -> dict[str, str]:
    return {
        "CACHE-CONTROL": f"max-age={MAX_AGE_SECONDS}",
        "LOCATION": url.rstrip("/") + DESCRIPTION_PATH,
        "SERVER": _SERVER,
        "USN": USN,
    }


def _notification(kind: str, headers: Mapping[str, str]) -> bytes:
    return _message("NOTIFY * HTTP/1.1", {"HOST": _HOST, "NT": SERVICE, "NTS": kind, **headers})


def _message(start: str, headers: Mapping[str, str]) -> bytes:
    lines = [start, *(f"{name}: {value}".rstrip() for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _parsed(packet: bytes) -> tuple[str, dict[str, str]]:
    """The first line of a message, and its headers with their names in upper case."""
    start, *lines = packet.decode("utf-8", errors="replace").splitlines() or [""]
    pairs = [line.partition(":") for line in lines]
    return start, {name.strip().upper(): value.strip() for name, colon, value in pairs if colon}


SSDP = Protocol(
    name="SSDP",
    group=_GROUP,
    port=1900,
    ttl=2,
    question=question,
    managers_in=managers_in,
    answers=answers,
    announcements=announcements,
    farewells=farewells,
)
