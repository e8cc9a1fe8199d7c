"""Clients behind proxies that the operator trusts.

To the Manager such a proxy is the client of each connection. Whom it serves, and if that one speaks
TLS, stands in `X-Forwarded-For` and `X-Forwarded-Proto`, which anybody can send: they count only
from addresses in `trusted_proxies`.
"""

from collections.abc import Callable, Collection

from flamenco.model.reach import Network, address_of
from web.serving import App, Receive, Scope, Send

NOBODY = ("", 0)
"""Client of whom a proxy tells nothing."""
_ENCRYPTED = {"http": "https", "ws": "wss"}


def behind_proxies(app: App, trusted: Callable[[], Collection[Network]]) -> App:
    """The application, to which clients behind trusted proxies are who the proxies say."""

    async def see(scope: Scope, receive: Receive, send: Send) -> None:
        await app(as_seen(scope, trusted()), receive, send)

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
