# SPDX-License-Identifier: GPL-3.0-or-later
"""The search for Managers on the network, by SSDP (UPnP Device Architecture 1.0, chapter 1)."""

import socket
import time
from urllib.parse import urlsplit

GROUP = ("239.255.255.250", 1900)
"""Address that Managers listen on."""
SECONDS = 2.5
"""Time for their answers."""
MOST = 20
"""Number of Managers after which the search ends."""

_SERVICE = "urn:flamenco:manager:0"
_QUESTION = (
    "M-SEARCH * HTTP/1.1\r\n"
    "HOST: 239.255.255.250:1900\r\n"
    'MAN: "ssdp:discover"\r\n'
    "MX: 1\r\n"
    f"ST: {_SERVICE}\r\n\r\n"
).encode()
_LONGEST = 4096


def managers(to: tuple[str, int] = GROUP, seconds: float = SECONDS) -> list[str]:
    """The addresses of the Managers that answer. Raises OSError if there is no network."""
    found: list[str] = []
    until = time.monotonic() + seconds
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.sendto(_QUESTION, to)
        while len(found) < MOST and (left := until - time.monotonic()) > 0:
            asker.settimeout(left)
            try:
                answer = asker.recv(_LONGEST)
            except TimeoutError:
                break
            url = manager_in(answer)
            if url and url not in found:
                found.append(url)
    return found


def manager_in(answer: bytes) -> str:
    """The address of the Manager that answers; empty if it is something else."""
    start, *lines = answer.decode("utf-8", errors="replace").splitlines() or [""]
    pairs = [line.partition(":") for line in lines]
    headers = {name.strip().upper(): value.strip() for name, _, value in pairs}
    if not start.startswith("HTTP/1.1 200") or headers.get("ST") != _SERVICE:
        return ""
    try:
        place = urlsplit(headers.get("LOCATION", ""))
    except ValueError:
        return ""
    return f"{place.scheme}://{place.netloc}/" if place.scheme in {"http", "https"} else ""
