"""Protection from pages of other sites.

What a person may do at the farm, any page on the internet that the person has open might do, too,
through the browser: in the mode `open`, and with the sign-in in the mode `users`. Browsers tell
where a request is from (`Sec-Fetch-Site` if the connection is encrypted or local, else `Origin`),
and which name it goes to (`Host`); programs tell no origin.
"""

from collections.abc import Mapping

from web.hosts import Hosts
from web.refusing import Refused
from web.serving import App, Receive, Scope, Send
from web.uploads import send_answer

Headers = Mapping[bytes, bytes]

FOREIGN = (
    "this request came from a page of another site; a proxy in front of the Manager has to pass on "
    "the header Host, or to send X-Forwarded-Host"
)
MISDIRECTED = 421
"""Status code of a request under a name that is not this Manager's (RFC 9110 §15.5.20)."""
NOT_OURS = (
    "this Manager is not called {}; use an address or name of its machine, or add this name to "
    "allowed_hosts in the Manager's configuration"
)


def own_pages_only(app: App, hosts: Hosts) -> App:
    """The application without requests by pages of other sites, or under another's name."""

    async def admit(scope: Scope, receive: Receive, send: Send) -> None:
        refused = None if scope["type"] == "lifespan" else await _refused(scope, hosts)
        if refused is None:
            await app(scope, receive, send)
        elif scope["type"] == "http":
            await send_answer(send, refused.answer)
        else:  # with an answer (ASGI extension `websocket.http.response`)
            await send_answer(send, refused.answer, "websocket.http.response")

    return admit


async def _refused(scope: Scope, hosts: Hosts) -> Refused | None:
    host = dict(scope["headers"]).get(b"host")
    if host is not None:
        await hosts.serves(host.decode("latin1"))
    return refused_by_head(scope, hosts)


def refused_by_head(scope: Scope, hosts: Hosts) -> Refused | None:
    """Refusal of a request, as far as names of the Manager are known; None if it may go on."""
    headers: Headers = dict(scope["headers"])
    host = headers.get(b"host")  # HTTP/1.0 needs none, and no browser speaks it
    if host is not None and not hosts.know(host.decode("latin1")):
        return Refused(MISDIRECTED, NOT_OURS.format(repr(host.decode("latin1"))))
    if _is_foreign(headers) and not _is_link(scope, headers):
        return Refused(403, FOREIGN)
    return None


def _is_foreign(headers: Headers) -> bool:
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in (b"same-origin", b"none")
    origin = headers.get(b"origin")
    here = (headers.get(b"host"), headers.get(b"x-forwarded-host"))
    return origin is not None and origin.partition(b"://")[2] not in here


def _is_link(scope: Scope, headers: Headers) -> bool:
    """True if somebody follows a link to here from another site, which shows it to nobody else."""
    return (
        scope.get("method") in ("GET", "HEAD")
        and headers.get(b"sec-fetch-mode") == b"navigate"
        and headers.get(b"sec-fetch-dest") == b"document"
    )
