"""A network of this machine alone, for each protocol."""

import pytest

from flamenco.discovery.mdns import MDNS
from flamenco.discovery.ssdp import SSDP
from tests.networks import loopback


@pytest.fixture(autouse=True)
def impatience(monkeypatch):
    """Questions and announcements follow each other sooner."""
    monkeypatch.setattr("flamenco.discovery.searching.ASK_SECONDS", 0.05)
    monkeypatch.setattr("flamenco.discovery.advertising.FIRST_SECONDS", (0.0, 0.05))


@pytest.fixture(params=[SSDP, MDNS], ids=lambda protocol: protocol.name)
def network(request):
    return loopback(request.param)


@pytest.fixture
def protocol(network):
    """The only one that is spoken in the network."""
    (protocol,) = network.protocols
    return protocol
