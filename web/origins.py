"""Protection from pages of other sites.

There is no login: whoever reaches the Manager may do everything. So may any page on the internet
that a user at the farm has open, through the user's browser. Browsers tell where a request is from
(`Sec-Fetch-Site` if the connection is encrypted or local, else `Origin`), programs don't.
"""

from collections.abc import Mapping

from web.serving import App, Receive, Scope, Send
from web.uploads import send_answer
from web.wire import failure

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing, and whose answers browsers don't let other sites read."""

FOREIGN = (
    "this request came from a page of another site; a proxy in front of the Manager has to pass on "
    "the header Host, or to send X-Forwarded-Host"
)


def own_pages_only(app: App) -> App:
    """The application without changes and WebSockets by pages of other sites."""

    async def admit(scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_foreign(scope):
            await app(scope, receive, send)
        elif scope["type"] == "http":
            await send_answer(send, failure(403, FOREIGN))
        else:
            await send({"type": "websocket.close"})

    return admit


def _is_foreign(scope: Scope) -> bool:
    if scope["type"] == "lifespan" or scope.get("method") in SAFE:
        return False
    headers: Mapping[bytes, bytes] = dict(scope["headers"])
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in (b"same-origin", b"none")
    origin = headers.get(b"origin")
    here = (headers.get(b"host"), headers.get(b"x-forwarded-host"))
    return origin is not None and origin.partition(b"://")[2] not in here
