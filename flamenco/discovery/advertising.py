"""The Manager's end of discovery: it announces itself, answers searches, and says good-bye."""

import logging
from collections.abc import Callable, Iterable

import attrs
import trio

from flamenco.discovery.network import LAN, GroupSocket, Network, open_group
from flamenco.discovery.protocols import Advert, Protocol

log = logging.getLogger(__name__)

FIRST_SECONDS = (0.0, 1.0, 2.0)
"""Seconds before each of the first announcements: a packet may be lost."""
REPEAT_SECONDS = 1800.0
"""Seconds between announcements, which are valid for an hour (SSDP's max-age)."""
LOOK_SECONDS = 60.0
"""Seconds between looks at the networks of this machine."""
FAREWELL_SECONDS = 1.0

Describe = Callable[[Iterable[str]], Advert]
"""Function from the addresses of this machine to the Manager's advertisement."""


async def advertise(describe: Describe, network: Network = LAN) -> None:
    """Let Workers find the Manager until cancelled, then say good-bye.

    A protocol that does not work is tried again and again: networks come and go.
    """
    async with trio.open_nursery() as nursery:
        for protocol in network.protocols:
            nursery.start_soon(_keep_advertising, protocol, describe, network)


async def _keep_advertising(protocol: Protocol, describe: Describe, network: Network) -> None:
    is_told = False
    while True:
        try:
            group = await open_group(protocol)
        except OSError as error:
            if not is_told:
                log.warning("Workers cannot find this Manager by %s: %s", protocol.name, error)
            is_told = True
            await trio.sleep(LOOK_SECONDS)
            continue
        with group.socket:
            await Advertising(group, describe, network).run()


@attrs.define
class Advertising:
    """One protocol's advertisement of the Manager."""

    group: GroupSocket
    describe: Describe
    network: Network
    advert: Advert = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._look()

    async def run(self) -> None:
        """Announce and answer until cancelled."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._announce)
                nursery.start_soon(self._answer)
        finally:
            with trio.move_on_after(FAREWELL_SECONDS, shield=True):
                await self._tell(self.group.protocol.farewells(self.advert))

    async def _announce(self) -> None:
        """Announce several times at first and after a change of networks, then periodically."""
        while True:
            for pause in FIRST_SECONDS:
                await trio.sleep(pause)
                await self._tell(self.group.protocol.announcements(self.advert))
            with trio.move_on_after(REPEAT_SECONDS):
                await self._wait_for_change()

    async def _wait_for_change(self) -> None:
        """Wait until the Manager's addresses change, and say good-bye for the old ones."""
        before = self.advert
        while self.advert == before:
            await trio.sleep(LOOK_SECONDS)
            self._look()
        log.info("Workers now find this Manager at %s", ", ".join(self.advert.urls))
        await self._tell(self.group.protocol.farewells(before))

    def _look(self) -> None:
        self.advert = self.describe(self.network.addresses())
        self.group.follow(self.network.interfaces(), self.network.told())

    async def _answer(self) -> None:
        protocol = self.group.protocol
        while True:
            packet, sender = await self.group.receive()
            if not self.network.answers(sender[0]):
                continue
            for answer, to in protocol.answers(packet, sender, protocol, self.advert):
                await self.group.send(answer, to)

    async def _tell(self, packets: Iterable[bytes]) -> None:
        for packet in packets:
            await self.group.send(packet, self.group.protocol.everybody)
