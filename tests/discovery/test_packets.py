"""Packets of SSDP and mDNS; for SSDP, in the words that Flamenco 3 listens for."""

import struct
import xml.etree.ElementTree as ET
from email.utils import parsedate_to_datetime

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from zeroconf import DNSAddress, DNSIncoming

from flamenco.discovery import Advert, advert_of
from flamenco.discovery.mdns import MDNS
from flamenco.discovery.network import PACKET_BYTES
from flamenco.discovery.protocols import MOST_TOLD, site_of
from flamenco.discovery.ssdp import SSDP, description

UUID = "aa80bc5f-d0af-46b8-8630-23bd7e80ec4d"
EVERY_HOST = "0.0.0.0"  # noqa: S104
ADVERT = Advert(
    name="The Farm", version="4.0", urls=("http://10.0.0.5:8080/", "http://192.168.1.5:8080/")
)
WORKER = ("10.0.0.9", 40000)
BOTH = pytest.mark.parametrize("protocol", [SSDP, MDNS], ids=lambda protocol: protocol.name)


def headers(packet):
    start, *lines = packet.decode().split("\r\n")
    assert lines[-2:] == ["", ""]
    return start, dict(line.split(": ", 1) if ": " in line else (line, "") for line in lines[:-2])


def asked(**changes):
    """A search as Flamenco 3's Workers send it."""
    told = {
        "HOST": "239.255.255.250:1900",
        "ST": "urn:flamenco:manager:0",
        "MAN": '"ssdp:discover"',
        "MX": "3",
        **changes,
    }
    lines = ["M-SEARCH * HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def answered(usn=f"uuid:{UUID}::urn:flamenco:manager:0", location="", start="HTTP/1.1 200 OK"):
    """An answer as Flamenco 3's Managers send it."""
    location = location or "http://10.0.0.7:8080/upnp/description.xml"
    lines = [start, "ST: urn:flamenco:manager:0", f"USN: {usn}", f"LOCATION: {location}"]
    return "\r\n".join([*lines, "CACHE-CONTROL: max-age=3600", "EXT: ", "", ""]).encode()


class TestSsdp:
    def test_a_search_names_the_service_type_of_managers(self):
        start, told = headers(SSDP.question())
        assert start == "M-SEARCH * HTTP/1.1"
        assert told == {
            "HOST": "239.255.255.250:1900",
            "MAN": '"ssdp:discover"',
            "MX": "1",
            "ST": "urn:flamenco:manager:0",
        }

    async def test_a_flamenco_3_worker_gets_one_answer_with_the_nearest_address(self):
        packets = SSDP.answers(asked(), WORKER, SSDP, ADVERT)
        assert [to for _, to in packets] == [WORKER]
        start, told = headers(packets[0][0])
        assert start == "HTTP/1.1 200 OK"
        assert parsedate_to_datetime(told.pop("DATE"))
        assert told.pop("SERVER")
        assert told == {
            "CACHE-CONTROL": "max-age=3600",
            "EXT:": "",
            "LOCATION": "http://10.0.0.5:8080/upnp/description.xml",
            "ST": "urn:flamenco:manager:0",
            "USN": f"uuid:{UUID}::urn:flamenco:manager:0",
        }

    @pytest.mark.parametrize(
        ("sender", "url"),
        [
            ("192.168.1.77", "http://192.168.1.5:8080/"),
            ("10.9.9.9", "http://10.0.0.5:8080/"),
            ("fe80::1", "http://[fd00::5]:8080/"),
        ],
    )
    async def test_the_answer_has_the_address_that_is_nearest_to_who_asks(self, sender, url):
        advert = attrs.evolve(ADVERT, urls=(*ADVERT.urls, "http://[fd00::5]:8080/"))
        ((packet, _),) = SSDP.answers(asked(), (sender, 40000), SSDP, advert)
        assert SSDP.managers_in(packet) == (url,)

    async def test_what_is_answered_is_not_many_times_as_long_as_what_asked(self):
        urls = tuple(f"http://10.0.{net}.{host}:8080/" for net in range(8) for host in range(8))
        shortest = b'M-SEARCH * HTTP/1.1\r\nMAN:"ssdp:discover"\r\nST:ssdp:all\r\n\r\n'
        packets = SSDP.answers(shortest, WORKER, SSDP, attrs.evolve(ADVERT, urls=urls))
        assert 0 < sum(len(packet) for packet, _ in packets) < 6 * len(shortest)

    @pytest.mark.parametrize("target", ["ssdp:all", f"uuid:{UUID}"])
    async def test_who_searches_for_anything_or_for_the_device_finds_it(self, target):
        assert SSDP.answers(asked(ST=target), WORKER, SSDP, ADVERT)

    @pytest.mark.parametrize(
        "packet",
        [
            asked(ST="urn:schemas-upnp-org:device:MediaServer:1"),
            asked(MAN="ssdp:other"),
            SSDP.announcements(ADVERT)[0],
            answered(),
        ],
    )
    def test_what_does_not_ask_for_managers_gets_no_answer(self, packet):
        assert not SSDP.answers(packet, WORKER, SSDP, ADVERT)

    def test_a_flamenco_3_manager_is_found_at_the_root_of_its_server(self):
        assert SSDP.managers_in(answered()) == ("http://10.0.0.7:8080/",)

    @pytest.mark.parametrize(
        "packet",
        [
            answered(usn="uuid:00000000-d0af-46b8-8630-23bd7e80ec4d::urn:flamenco:manager:0"),
            answered(location="ftp://10.0.0.7/"),
            answered(location="http://:80/"),
            answered(location="http://10.0.0.7:99999/"),
            answered(start="HTTP/1.1 404 Not Found"),
            asked(),
        ],
    )
    def test_other_devices_and_odd_answers_are_no_managers(self, packet):
        assert SSDP.managers_in(packet) == ()

    def test_advertisements_hold_for_an_hour_and_end_with_a_farewell(self):
        starts = [headers(packet) for packet in SSDP.announcements(ADVERT)]
        assert {start for start, _ in starts} == {"NOTIFY * HTTP/1.1"}
        assert [told["LOCATION"] for _, told in starts] == [
            f"{url}upnp/description.xml" for url in ADVERT.urls
        ]
        assert {told["NTS"] for _, told in starts} == {"ssdp:alive"}
        assert {told["CACHE-CONTROL"] for _, told in starts} == {"max-age=3600"}
        (farewell,) = SSDP.farewells(ADVERT)
        assert headers(farewell)[1]["NTS"] == "ssdp:byebye"

    def test_the_description_is_that_of_the_reference(self):
        root = ET.fromstring(description("4.0 <x>"))  # noqa: S314 - our own
        space = "{urn:schemas-upnp-org:device-1-0}"
        assert root.tag == f"{space}root"
        device = root.find(f"{space}device")
        told = {each.tag.removeprefix(space): each.text for each in device}
        assert told["deviceType"] == "urn:flamenco:manager:0"
        assert told["UDN"] == f"uuid:{UUID}"
        assert told["friendlyName"] == "Flamenco 4.0 <x>"
        assert told["modelName"] == "Flamenco"
        assert told["presentationURL"] == "/"
        assert told["serviceList"] is None
        assert [each.text for each in root.find(f"{space}specVersion")] == ["1", "0"]


class TestMdns:
    def test_who_asks_once_is_answered_alone_with_its_question_and_number(self):
        question = bytearray(MDNS.question())
        question[:2] = b"\x12\x34"
        ((answer, to),) = MDNS.answers(bytes(question), WORKER, MDNS, ADVERT)
        message = DNSIncoming(answer)
        assert to == WORKER
        assert message.id == 0x1234
        assert [each.name for each in message.questions] == ["_flamenco._tcp.local."]
        assert all(each.ttl <= 10 and not each.unique for each in message.answers())
        assert MDNS.managers_in(answer) == ADVERT.urls

    def test_who_listens_to_mdns_is_answered_with_everybody(self):
        ((answer, to),) = MDNS.answers(MDNS.question(), ("10.0.0.9", 5353), MDNS, ADVERT)
        assert to == ("224.0.0.251", 5353)
        assert MDNS.managers_in(answer) == ADVERT.urls

    def test_an_address_of_ipv6_is_told_too(self):
        advert = Advert(name="", version="", urls=("http://[2001:db8::5]:8080/",))
        assert MDNS.managers_in(MDNS.announcements(advert)[0]) == advert.urls

    def test_a_manager_that_takes_its_leave_is_not_found(self):
        assert MDNS.managers_in(MDNS.farewells(ADVERT)[0]) == ()

    def test_long_names_are_cut(self):
        advert = Advert(name="x" * 400, version="", urls=ADVERT.urls)
        assert MDNS.managers_in(MDNS.announcements(advert)[0]) == ADVERT.urls


@pytest.mark.parametrize("host", ["a..b", 70 * "a", "ü..x", "x:99999"])
def test_a_host_that_cannot_be_is_no_manager(host):
    assert SSDP.managers_in(answered(location=f"http://{host}/")) == ()


@BOTH
@given(noise=st.binary(max_size=200))
def test_noise_is_no_manager_and_gets_no_answer(protocol, noise):
    assert protocol.managers_in(noise) == ()
    assert not protocol.answers(noise, WORKER, protocol, ADVERT)


@BOTH
@given(data=st.data())
async def test_damaged_packets_harm_nobody(protocol, data):
    packet = bytearray(
        data.draw(st.sampled_from([*protocol.announcements(ADVERT), protocol.question()]))
    )
    for _ in range(data.draw(st.integers(1, 5))):
        packet[data.draw(st.integers(0, len(packet) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(packet[: data.draw(st.integers(0, len(packet)))])
    for url in protocol.managers_in(cut):
        assert site_of(url) == url
    protocol.answers(cut, ("10.0.0.9", 5353), protocol, ADVERT)


NAMES = ("_flamenco._tcp.local", "_services._dns-sd._udp.local", "printer.local", "\xff" * 63)


def dns(flags, questions=(), answers=()):
    """A packet of mDNS, cut to what is received."""
    head = struct.pack("!HHHHHH", 1, flags, len(questions), len(answers), 0, 0)
    return (head + b"".join((*questions, *answers)))[:PACKET_BYTES]


def dns_name(name):
    labels = [label.encode("latin-1") for label in name.split(".")]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


@given(
    names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=400),
    kind=st.integers(0, 2**16 - 1),
    port=st.sampled_from([5353, 40000]),
)
@example(names=[NAMES[0], *["printer.local"] * 600], kind=12, port=40000)
@example(names=[NAMES[0], NAMES[3]], kind=12, port=40000)
def test_a_packet_of_many_questions_gets_answers_that_fit(names, kind, port):
    asked = [dns_name(name) + struct.pack("!HH", kind, 1) for name in names]
    packet = dns(0, asked)
    for answer, _ in MDNS.answers(packet, ("10.0.0.9", port), MDNS, ADVERT):
        assert len(answer) < 1500
        assert DNSIncoming(answer).valid


def test_a_manager_in_many_networks_tells_of_all_its_addresses():
    urls = tuple(f"http://10.0.{each // 250}.{each % 250 + 1}:8080/" for each in range(600))
    advert = Advert(name="The Farm", version="4.0", urls=urls)
    packets = MDNS.announcements(advert)
    hosts = [each for packet in packets for each in DNSIncoming(packet).answers()]
    assert sum(isinstance(each, DNSAddress) for each in hosts) == len(urls)


def test_only_so_many_managers_are_taken_from_a_packet():
    host = dns_name("farm.local")
    service = struct.pack("!HHHHH", 0, 0, 8080, 0, 0)[:6] + host
    records = [
        dns_name("farm._flamenco._tcp.local")
        + struct.pack("!HHIH", 33, 1, 120, len(service))
        + service
    ] * 50
    records += [host + struct.pack("!HHIH", 1, 1, 120, 4) + bytes([10, 0, 0, n]) for n in range(50)]
    found = MDNS.managers_in(dns(0x8400, (), records))
    assert len(found) == MOST_TOLD


def test_an_address_that_is_too_long_is_none():
    assert SSDP.managers_in(answered(location="http://10.0.0.7:8080/" + "x" * 1000))
    assert not SSDP.managers_in(answered(location="http://10.0.0.7:8080/" + "x" * 2000))


@pytest.mark.parametrize(
    ("host", "addresses", "urls"),
    [
        ("10.0.0.5", ["10.0.0.5", "10.0.0.6"], ["http://10.0.0.5:80/"]),
        ("127.0.0.1", ["10.0.0.5"], ["http://127.0.0.1:80/"]),
        (EVERY_HOST, ["10.0.0.5", "2001:db8::1", "127.0.0.1"], ["http://10.0.0.5:80/"]),
        ("", ["10.0.0.5", "10.1.0.5"], ["http://10.0.0.5:80/", "http://10.1.0.5:80/"]),
        ("::", ["10.0.0.5", "2001:db8::1"], ["http://10.0.0.5:80/", "http://[2001:db8::1]:80/"]),
        (EVERY_HOST, ["127.0.0.1"], ["http://127.0.0.1:80/"]),
    ],
)
def test_a_manager_tells_the_addresses_it_listens_on(host, addresses, urls):
    assert advert_of("", host, 80, addresses).urls == tuple(urls)


async def test_a_manager_that_speaks_tls_is_found_by_the_name_in_its_certificate_and_by_ssdp_only():
    advert = advert_of("", EVERY_HOST, 80, ["10.0.0.5"], certified="farm.example")
    assert advert.urls == ("https://farm.example:80/",)
    nameless = advert_of("", EVERY_HOST, 80, ["10.0.0.5"], certified="")
    assert nameless.urls == ("https://10.0.0.5:80/",)
    question = SSDP.answers(SSDP.question(), ("10.0.0.9", 1900), SSDP, advert)
    assert [SSDP.managers_in(packet) for packet, _ in question] == [advert.urls]
    for each in (advert, nameless):
        told = [DNSIncoming(packet) for packet in MDNS.announcements(each)]
        assert not any(packet.answers() for packet in told)
        assert not MDNS.answers(MDNS.question(), ("10.0.0.9", 40000), MDNS, each)
