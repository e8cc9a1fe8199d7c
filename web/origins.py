"""Keeps the pages of other sites out.

Nobody logs in here: who reaches the Manager may do everything. A page from anywhere that somebody
at the farm has open reaches it, too, through their browser. Browsers say where a request is from
(`Sec-Fetch-Site` where the connection is encrypted or local, else `Origin`), programs say nothing.
"""

from collections.abc import Mapping

from web.serving import App, Receive, Scope, Send
from web.uploads import send_answer
from web.wire import failure

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""They change nothing, and browsers let no other site read the answers."""

FOREIGN = (
    "this came from a page of another site; a proxy in front of the Manager has to pass on the "
    "header Host, or to send X-Forwarded-Host"
)


def own_pages_only(app: App) -> App:
    """The application, but for changes and WebSockets of the pages of other sites."""

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
