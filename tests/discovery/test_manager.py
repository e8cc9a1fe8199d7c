"""The real Manager, and other programs that search."""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import attrs
import httpx
import pytest
import trio

from flamenco.cli.manager import run_manager
from flamenco.config.installation import Installation
from flamenco.config.manager import FILE_NAME
from flamenco.discovery import advert_of, advertise, find_manager
from flamenco.discovery.mdns import MDNS
from flamenco.discovery.network import Network, open_group
from flamenco.launcher import open_child
from tests.patience import PATIENCE


def installed(folder: Path) -> Installation:
    """A Manager on a free port, its files in a folder."""
    return Installation(file=folder / FILE_NAME, storage=folder, listen="127.0.0.1:0")


async def test_a_manager_is_found_and_takes_its_leave_when_it_is_stopped(
    network, protocol, tmp_path
):
    heard = await open_group(protocol)
    heard.follow(["127.0.0.1"])
    packets: set[bytes] = set()

    async def hear():
        """Take what comes at once: where many questions wait, the farewell finds no room."""
        while True:
            packets.add((await heard.receive())[0])

    with heard.socket, trio.fail_after(PATIENCE):
        async with trio.open_nursery() as meanwhile:
            meanwhile.start_soon(hear)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(run_manager, installed(tmp_path), network)
                url = await find_manager(network)
                async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as http:
                    answer = await http.get("/upnp/description.xml")
                assert answer.headers["content-type"].startswith("text/xml")
                assert "<deviceType>urn:flamenco:manager:0</deviceType>" in answer.text
                os.kill(os.getpid(), signal.SIGTERM)
            port = int(url.rstrip("/").rpartition(":")[2])
            farewells = protocol.farewells(advert_of("Flamenco", "127.0.0.1", port, []))
            while packets.isdisjoint(farewells):  # noqa: ASYNC110
                await trio.sleep(0.02)
            meanwhile.cancel_scope.cancel()


async def said_on_stdout(capfd):
    """The last word of the first line."""
    while not (line := capfd.readouterr().out):  # noqa: ASYNC110
        await trio.sleep(0.02)
    return line.split()[-1]


async def test_a_manager_that_is_not_to_be_found_says_nothing(network, protocol, tmp_path, capfd):
    hidden = attrs.evolve(installed(tmp_path), discoverable=False)
    heard = await open_group(protocol)
    heard.follow(["127.0.0.1"])
    with heard.socket, trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run_manager, hidden, network)
            url = await said_on_stdout(capfd)
            async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as http:
                assert (await http.get("/upnp/description.xml")).status_code == 404
            os.kill(os.getpid(), signal.SIGTERM)
        await heard.send(b"the end", protocol.everybody)
        assert (await heard.receive())[0] == b"the end"


BROWSER = """
import sys, time
from zeroconf import IPVersion, ServiceBrowser, Zeroconf

port = int(sys.argv[1])

class Listener:
    def add_service(self, zeroconf, kind, name):
        info = zeroconf.get_service_info(kind, name, timeout=30_000)
        if info and info.port == port:
            print("found", *info.parsed_addresses(), info.properties[b"name"].decode(), flush=True)

    def update_service(self, *_):
        pass

    def remove_service(self, zeroconf, kind, name):
        if name.endswith(f"-{port}._flamenco._tcp.local."):
            print("gone", flush=True)

with Zeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only) as zeroconf:
    ServiceBrowser(zeroconf, "_flamenco._tcp.local.", Listener())
    time.sleep(300)
"""


async def line_from(stream):
    line = b""
    while not line.endswith(b"\n"):
        line += await stream.receive_some(1)
    return line


@pytest.mark.slow
async def test_other_programs_that_speak_mdns_see_a_manager_come_and_go():
    here = attrs.evolve(MDNS, ttl=0)
    network = Network(addresses=lambda: ("127.0.0.1",), protocols=(here,))
    port = os.getpid() % 50000 + 10000
    command = [sys.executable, "-c", BROWSER, str(port)]
    async with open_child(command, stdout=subprocess.PIPE) as browser:
        with trio.fail_after(PATIENCE):
            async with trio.open_nursery() as life:
                describe = partial(advert_of, "The Farm", "127.0.0.1", port)
                life.start_soon(advertise, describe, network)
                found = await line_from(browser.stdout)
                life.cancel_scope.cancel()
            assert await line_from(browser.stdout) == b"gone\n"
    assert found == b"found 127.0.0.1 The Farm\n"
