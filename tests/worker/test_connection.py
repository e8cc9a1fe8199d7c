"""A Worker's connection to whatever is at an address: its end has a reason, and no other effect."""

import base64
import hashlib
import re

import pytest
import trio

from tests.servers import serve
from worker.connection import Ended, talk_over

UPGRADE = b"HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
FITS = UPGRADE + b"Sec-WebSocket-Accept: KEY\r\n"
ANSWERS = {
    "garbage": b"\x00\x01\r\n\r\n",
    "much garbage": 200_000 * b"x",
    "TLS": b"\x15\x03\x01\x00\x02\x02\x46",
    "HTTP/2": b"HTTP/2 200\r\n\r\n",
    "no upgrade": b"HTTP/1.1 101 X\r\n\r\n",
    "another key": UPGRADE + b"Sec-WebSocket-Accept: wrong\r\n\r\n",
    "no text": UPGRADE + b"Sec-WebSocket-Accept: \xff\r\n\r\n",
    "an extension": FITS + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
    "a subprotocol": FITS + b"Sec-WebSocket-Protocol: x\r\n\r\n",
    "a broken chunk": b"HTTP/1.1 404 X\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a broken length": b"HTTP/1.1 404 X\r\nContent-Length: x\r\n\r\n",
    "many headers": b"HTTP/1.1 404 X\r\n" + 50_000 * b"a: b\r\n",
}


async def end_at(answer: bytes) -> str:
    """Why a connection ends at a server that gives this answer, whatever it is asked."""

    async def say(stream: trio.SocketStream) -> None:
        asked = bytes(await stream.receive_some())
        (nonce,) = re.findall(rb"(?i)sec-websocket-key: (\S+)", asked)
        accepted = hashlib.sha1(nonce + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11")  # noqa: S324
        await stream.send_all(answer.replace(b"KEY", base64.b64encode(accepted.digest())))
        await stream.receive_some()

    async def talk(*_) -> Ended:
        raise AssertionError("there is nobody to talk to")

    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, say, listener)
        ended = await talk_over(f"http://127.0.0.1:{listener.socket.getsockname()[1]}/", talk)
        nursery.cancel_scope.cancel()
    return ended.reason


@pytest.mark.parametrize("answer", ANSWERS)
async def test_who_does_not_speak_websocket_gets_no_session(answer):
    assert await end_at(ANSWERS[answer]) == "it does not speak WebSocket"


@pytest.mark.parametrize("host", ["a..b", 70 * "a", "ü..x", "x:99999", "\ud800"])
async def test_there_is_nobody_at_an_address_that_cannot_be(host):
    async def talk(*_) -> Ended:
        raise AssertionError("there is nobody to talk to")

    assert (await talk_over(f"http://{host}/", talk)).reason
