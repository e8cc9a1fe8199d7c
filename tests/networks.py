"""Networks of this machine alone, on ports of their own: nothing leaves it, nothing comes in."""

import socket

import attrs

from flamenco.discovery import Network
from flamenco.discovery.mdns import MDNS
from flamenco.discovery.protocols import Protocol
from flamenco.discovery.ssdp import SSDP


def alone(protocol: Protocol) -> Protocol:
    """The protocol on a port that nobody else uses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        return attrs.evolve(protocol, port=found.getsockname()[1], ttl=0)


def loopback(*protocols: Protocol) -> Network:
    """A network of this machine, in which nobody else is."""
    alone_in = tuple(map(alone, protocols or (SSDP, MDNS)))
    return Network(addresses=lambda: ("127.0.0.1",), protocols=alone_in)
