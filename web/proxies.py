"""Clients behind proxies that the operator trusts.

To the Manager such a proxy is the client of each connection. Whom it serves, and if that one speaks
TLS, stands in `X-Forwarded-For` and `X-Forwarded-Proto`, which anybody can send: they count only
from addresses in `trusted_proxies`.
"""

import logging
import math
from collections.abc import Callable, Collection

import trio

from flamenco.model.reach import Network, address_of
from web.serving import App, Receive, Scope, Send

logger = logging.getLogger(__name__)

QUIET_SECONDS = 60.0
"""Seconds between two lines in the log about clients that name somebody."""
NOBODY = ("", 0)
"""Client of whom a proxy tells nothing."""
_ENCRYPTED = {"http": "https", "ws": "wss"}


def behind_proxies(
    app: App, trusted: Callable[[], Collection[Network]], naming: Collection[bytes] = ()
) -> App:
    """The application, to which clients behind trusted proxies are who the proxies say.

    ``naming``: headers, in lower case, that nobody else may send, and a proxy only once: one that
    adds its own behind what a client has sent is no proof.
    """
    quiet_until = -math.inf

    async def see(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal quiet_until
        seen = as_seen(scope, trusted())
        told = [name for name, _ in scope.get("headers", ()) if name in naming]
        doubted = told if seen is scope else [each for each in told if told.count(each) > 1]
        if doubted:
            headers = [each for each in scope["headers"] if each[0] not in doubted]
            seen = {**seen, "headers": headers}
            if trio.current_time() >= quiet_until:
                quiet_until = trio.current_time() + QUIET_SECONDS
                logger.warning(
                    "%s names a person, and is no trusted proxy, or does so twice", scope["client"]
                )
        await app(seen, receive, send)

    return see


def as_seen(scope: Scope, trusted: Collection[Network]) -> Scope:
    """A request with the client and the scheme that a trusted proxy tells of.

    Each proxy adds its own client behind what was there, so the last address that is no trusted
    proxy's is the client; those before it are only claimed.
    """
    client = scope.get("client")
    if not trusted or not client or not _is_in(client[0], trusted):
        return scope
    hops = _told(scope, b"x-forwarded-for")
    others = [each for each in hops if not _is_in(each, trusted)]
    known = [*hops[:1], *others][-1:]
    schemes = _told(scope, b"x-forwarded-proto")
    scheme = scope["scheme"]
    if schemes[-1:] == ["https"]:
        scheme = _ENCRYPTED.get(scheme, scheme)
    return {**scope, "client": (known[0], 0) if known else NOBODY, "scheme": scheme}


def _told(scope: Scope, name: bytes) -> list[str]:
    """The values of a header that is a list, from all its lines."""
    lines = [value.decode("latin1") for key, value in scope["headers"] if key == name]
    return [each.strip() for each in ",".join(lines).split(",") if each.strip()]


def _is_in(address: str, networks: Collection[Network]) -> bool:
    found = address_of(address)
    return found is not None and any(found in network for network in networks)
