"""Discovery: Workers and Managers find each other in a network without being told an address.

Managers advertise themselves and answer searches; Workers search. Both use SSDP, as Flamenco 3
does (reference rules §14), and mDNS. The modules `ssdp` and `mdns` deal with the packets,
`advertising` and `searching` with the sockets, which are Trio's.
"""

from flamenco.discovery.advertising import advertise
from flamenco.discovery.network import LAN, Network, NoManagerFound, advert_of
from flamenco.discovery.protocols import Advert
from flamenco.discovery.searching import find_manager, is_manager

__all__ = [
    "LAN",
    "Advert",
    "Network",
    "NoManagerFound",
    "advert_of",
    "advertise",
    "find_manager",
    "is_manager",
]
