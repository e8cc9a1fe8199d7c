"""Refusals of first requests by their heads alone, before anything is made for them.

All that Hypercorn and Quart do for a request costs more than ten times as much as such a refusal,
and who wants no good sends each on a connection of its own. What is not certainly refused here goes
the usual way, which checks it once more: so this only looks at what has come, and takes nothing.
"""

import re
import socket
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import attrs

from flamenco.api.meta import Error
from flamenco.model.bounds import brief
from web.headers import HEADERS
from web.wire import JSON, RETRY_SECONDS, Answer, encode, failure

Scope = MutableMapping[str, Any]

LOOK_BYTES = 16_384

_FIRST = re.compile(rb"(GET|POST|PUT|DELETE) (/[!-~]*) HTTP/1\.1")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\r\n\0]*)")
_BODY = re.compile(rb"(?i)\n(?:content-length|transfer-encoding):")


@attrs.frozen
class Refused:
    """The reason why a request is refused, with the status code for it."""

    code: int
    reason: str
    again_after: int = RETRY_SECONDS
    """Seconds after which it may be tried again if the Manager is only busy."""

    @property
    def answer(self) -> Answer:
        """The answer to a request that has come through."""
        return failure(self.code, self.reason)

    def send(self, client: socket.socket) -> bool:
        """Answer on a socket that does not block; True if the rest of a request may still come.

        What has come is taken, else the answer would be lost with it when the socket is closed.
        """
        came = b""
        with suppress(OSError):
            client.send(_raw(self))
            client.shutdown(socket.SHUT_WR)
            came = client.recv(LOOK_BYTES)
        return not came.endswith(b"\r\n\r\n") or _BODY.search(came) is not None


Refusal = Callable[[Scope], Refused | None]
"""Function that refuses a request by its head; None if it may go on."""


def refuse_nothing(_: Scope) -> None:
    """Let every request go on."""


def scope_of(data: bytes, client: tuple[str, int]) -> Scope | None:
    """The head of a request, as ASGI has it; None if it is odd, or not whole."""
    head, whole, _ = data.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    asked = _FIRST.fullmatch(first)
    if not whole or asked is None:
        return None
    found = [_HEADER.fullmatch(line) for line in lines]
    headers = [(each[1].lower(), each[2].strip(b" \t")) for each in found if each]
    if len(headers) < len(lines):
        return None
    upgrades = any(name == b"upgrade" for name, _ in headers)
    return {
        "type": "websocket" if upgrades else "http",
        "method": asked[1].decode(),
        "path": unquote(asked[2].partition(b"?")[0].decode("ascii")),
        "headers": headers,
        "client": client,
    }


@lru_cache(maxsize=100)
def _raw(refused: Refused) -> bytes:
    body = encode(Error(code=refused.code, message=brief(refused.reason)))
    again = refused.code in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
    lines = (
        f"HTTP/1.1 {refused.code} {HTTPStatus(refused.code).phrase}",
        *([f"Retry-After: {refused.again_after}"] if again else []),
        f"Content-Type: {JSON}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(f"{name.decode()}: {value.decode()}" for name, value in HEADERS.items()),
        "\r\n",
    )
    return "\r\n".join(lines).encode() + body
