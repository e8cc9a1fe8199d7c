"""Refusals of first requests by their heads alone, before anything is made for them.

All that Hypercorn and Quart do for a request costs ten times as much as such a refusal, and who
wants no good sends each on a connection of its own. What is not certainly refused here goes the
usual way, which checks it once more: so this only looks at what has come, and takes nothing.
"""

import re
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from web.headers import guarded
from web.wire import Answer

Scope = MutableMapping[str, Any]
Refusal = Callable[[Scope], Awaitable[Answer | None]]
"""Function that returns the answer which refuses a request by its head; None if it may go on."""

LOOK_BYTES = 16_384

_FIRST = re.compile(rb"(GET|POST|PUT|DELETE) (/[!-~]*) HTTP/1\.1")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\r\n\0]*)")


async def refuse_nothing(_: Scope) -> None:
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


async def refuse(client: socket.socket, address: tuple[str, int], refusal: Refusal) -> bool:
    """Refuse the request that has come on a socket; False if it may go on."""
    try:
        scope = scope_of(client.recv(LOOK_BYTES, socket.MSG_PEEK), address)
    except OSError:
        return False
    answer = await refusal(scope) if scope is not None else None
    if answer is None:
        return False
    with suppress(OSError):
        client.send(await _raw(answer))
        client.shutdown(socket.SHUT_WR)
    return True


async def _raw(answer: Answer) -> bytes:
    body = await answer.get_data(as_text=False)
    said = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    lines = [name + b": " + value for name, value in guarded([*said, (b"connection", b"close")])]
    code = answer.status_code
    first = f"HTTP/1.1 {code} {HTTPStatus(code).phrase}".encode()
    return b"\r\n".join([first, *lines, b"", b""]) + body
