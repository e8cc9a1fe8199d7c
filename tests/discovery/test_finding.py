"""Managers and Workers that find each other, over real sockets of this machine."""

import json
import select
import sys
from contextlib import asynccontextmanager
from functools import partial

import attrs
import pytest
import trio

from flamenco.discovery import LAN, Network, advert_of, advertise, find_manager, is_manager
from flamenco.discovery.network import open_asker, open_group, receive
from tests.patience import PATIENCE
from tests.servers import serve


@asynccontextmanager
async def found_at(network, *ports):
    """Managers that advertise themselves at these ports."""
    async with trio.open_nursery() as nursery:
        for port in ports:
            describe = partial(advert_of, "The Farm", "127.0.0.1", port)
            nursery.start_soon(advertise, describe, network)
        yield
        nursery.cancel_scope.cancel()


async def find(network, accept):
    with trio.fail_after(PATIENCE):
        return await find_manager(network, accept)


def accepting(*urls):
    async def accept(url):
        return url in urls

    return accept


async def test_a_worker_finds_its_manager(network):
    async with found_at(network, 8080):
        url = await find(network, accepting("http://127.0.0.1:8080/"))
    assert url == "http://127.0.0.1:8080/"


async def test_a_manager_that_comes_later_is_found_too(network, protocol):
    (interface,) = network.interfaces()
    asked = await open_group(protocol)
    asked.follow([interface])
    found = trio.Event()

    async def search():
        await find(network, accepting("http://127.0.0.1:8080/"))
        found.set()

    with asked.socket, trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(search)
            await asked.receive()  # asked in vain
            async with found_at(network, 8080):
                await found.wait()


async def test_of_several_managers_the_first_that_answers_is_taken(network):
    answering, slow = trio.Event(), "http://127.0.0.1:8081/"

    async def accept(url):
        if url == slow:
            answering.set()
            await trio.sleep_forever()
        await answering.wait()  # the other one is asked at the same time
        return True

    async with found_at(network, 8081, 8082):
        assert await find(network, accept) == "http://127.0.0.1:8082/"


async def test_what_does_not_answer_is_asked_again(network):
    asked = []

    async def accept(url):
        asked.append(url)
        return len(asked) == 2

    async with found_at(network, 8080):
        assert await find(network, accept) == "http://127.0.0.1:8080/"
    assert asked == ["http://127.0.0.1:8080/"] * 2


async def test_noise_does_not_keep_a_manager_from_answering(network, protocol):
    async with found_at(network, 8080):
        noisy = await open_asker(protocol, "127.0.0.1")
        with noisy:
            for noise in (b"", b"\xff" * 100, b"M-SEARCH * HTTP/1.1\r\n", protocol.question()[:-9]):
                await noisy.sendto(noise, protocol.everybody)
            await noisy.sendto(protocol.question(), protocol.everybody)
            with trio.fail_after(PATIENCE):
                packet, _ = await receive(noisy)
    assert protocol.managers_in(packet) == ("http://127.0.0.1:8080/",)


async def test_a_manager_announces_itself_and_takes_its_leave(network, protocol):
    heard = await open_group(protocol)
    heard.follow(["127.0.0.1"])
    advert = advert_of("The Farm", "127.0.0.1", 8080, [])
    with heard.socket, trio.fail_after(PATIENCE):
        async with found_at(network, 8080):
            for announcement in protocol.announcements(advert):
                assert (await heard.receive())[0] == announcement
        packets = [(await heard.receive())[0]]
        while packets[-1] not in protocol.farewells(advert):
            packets.append((await heard.receive())[0])


async def test_a_manager_whose_address_changes_says_so(protocol, monkeypatch):
    monkeypatch.setattr("flamenco.discovery.advertising.LOOK_SECONDS", 0.01)
    here = ["127.0.0.1", "127.0.0.2"]
    network = Network(addresses=lambda: tuple(here), protocols=(protocol,))
    heard = await open_group(protocol)
    heard.follow(["127.0.0.1"])
    one, both = (advert_of("", "", 8080, here[:many]) for many in (1, 2))

    async def hear(packets):
        for packet in packets:
            while (await heard.receive())[0] != packet:
                pass

    with heard.socket, trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(advertise, partial(advert_of, "", "", 8080), network)
            await hear(protocol.announcements(both))
            del here[1]
            await hear([*protocol.farewells(both), *protocol.announcements(one)])
            nursery.cancel_scope.cancel()


async def test_two_managers_of_one_machine_are_both_found(network):
    found = set()

    async def accept(url):
        found.add(url)
        return len(found) == 2

    async with found_at(network, 8081, 8082):
        await find(network, accept)
    assert found == {"http://127.0.0.1:8081/", "http://127.0.0.1:8082/"}


@asynccontextmanager
async def server(status, body):
    """A web server that says one thing."""

    async def say(stream):
        await stream.receive_some()
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        await stream.send_all(head.encode() + body)
        await stream.aclose()

    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, say, listener)
        yield f"http://127.0.0.1:{listener.socket.getsockname()[1]}/"
        nursery.cancel_scope.cancel()


VERSION = {"version": "3.8.5", "shortversion": "3.8.5", "name": "Flamenco", "git": "v3.8.5"}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, json.dumps(VERSION).encode(), True),
        (200, b"<html>", False),
        (404, json.dumps(VERSION).encode(), False),
    ],
)
async def test_a_manager_is_what_tells_its_version(status, body, expected):
    async with server(status, body) as url:
        assert await is_manager(url) is expected


@pytest.mark.parametrize("host", ["a..b", 70 * "a", "xn--a", "ü..x", "x:99999", "\ud800"])
async def test_an_address_that_cannot_be_is_no_manager(host):
    assert not await is_manager(f"http://{host}/")


async def test_managers_that_do_not_answer_make_room_for_others(network, monkeypatch):
    monkeypatch.setattr("flamenco.discovery.searching.MOST_CANDIDATES", 1)
    monkeypatch.setattr("flamenco.discovery.searching.PING_SECONDS", 0.1)
    hanging = []

    async def accept(url):
        if not hanging:
            hanging.append(url)
        if url in hanging:
            await trio.sleep_forever()
        return True

    async with found_at(network, 8081, 8082):
        assert await find(network, accept) not in hanging


async def test_who_is_gone_is_no_manager():
    async with server(200, b"") as url:
        pass
    assert not await is_manager(url)


@pytest.mark.parametrize(
    ("host", "interfaces"),
    [
        ("", ("10.0.0.5", "127.0.0.1")),
        ("::", ("10.0.0.5", "127.0.0.1")),
        ("10.0.0.5", ("10.0.0.5",)),
        ("127.0.0.1", ("127.0.0.1",)),
        ("::1", ("127.0.0.1",)),
        ("2001:db8::5", ("10.0.0.5", "127.0.0.1")),
    ],
)
def test_a_manager_speaks_only_where_it_listens(host, interfaces):
    """A Manager that listens on the loopback is of no use to other machines."""
    everywhere = Network(addresses=lambda: ("10.0.0.5", "2001:db8::5", "127.0.0.1"))
    heard = everywhere.where_heard(host)
    assert heard.told() == interfaces
    assert heard.answers("10.0.0.5")
    assert heard.answers("10.0.0.9") is (host not in ("127.0.0.1", "::1"))


async def answers_to(protocol, interface):
    """Results of a search in the network of one address only, as Flamenco 3's does it."""
    asker = await open_asker(protocol, interface)
    with asker, trio.fail_after(PATIENCE):
        while True:
            with trio.move_on_after(0.1):
                await asker.sendto(protocol.question(), protocol.everybody)
                return protocol.managers_in((await receive(asker))[0])


OTHERS = [each for each in LAN.interfaces() if not each.startswith("127.")]


@pytest.mark.skipif(not OTHERS, reason="needs a network beside the loopback")
async def test_a_manager_on_the_loopback_is_found_by_who_asks_in_another_network(protocol):
    here = Network(protocols=(protocol,)).where_heard("127.0.0.1")
    async with found_at(here, 8080):
        assert await answers_to(protocol, OTHERS[0]) == ("http://127.0.0.1:8080/",)


async def test_a_manager_on_the_loopback_answers_no_other_machine(protocol):
    """An address that this network does not count as one of this machine."""
    here = Network(addresses=lambda: ("127.0.0.1",), protocols=(protocol,), is_private=True)
    stranger = await open_asker(protocol, "127.0.0.2")
    async with found_at(here, 8080):
        with stranger:
            await stranger.sendto(protocol.question(), protocol.everybody)
            assert await answers_to(protocol, "127.0.0.1") == ("http://127.0.0.1:8080/",)
            assert select.select([stranger.fileno()], [], [], 0)[0] == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do so by themselves")
async def test_a_manager_does_not_hear_networks_that_only_others_have_joined(protocol):
    others, ours = await open_group(protocol), await open_group(protocol)
    others.follow(["127.0.0.1"])
    asker = await open_asker(protocol, "127.0.0.1")
    with others.socket, ours.socket, asker, trio.fail_after(PATIENCE):
        await asker.sendto(b"for the others", protocol.everybody)
        assert (await others.receive())[0] == b"for the others"
        ours.follow(["127.0.0.1"])
        await asker.sendto(b"for all", protocol.everybody)
        assert (await ours.receive())[0] == b"for all"


async def test_a_search_goes_on_where_a_network_cannot_be_searched(network):
    """An address that is not this machine's is passed over."""
    mixed = attrs.evolve(network, addresses=lambda: ("192.0.2.1", "127.0.0.1"))
    async with found_at(network, 8080):
        assert await find(mixed, accepting("http://127.0.0.1:8080/"))
