"""Notices leave by a process of their own, which reaches nothing private, and never for ever."""

import base64
import hashlib
import hmac
import json
import socket
import subprocess
import sys

import pytest
import trio

from flamenco.launcher import open_child
from flamenco.model.subscriptions import Channel
from flamenco.notices import Sending, send
from flamenco.notices.signing import headers, new_secret
from tests.patience import until
from tests.pushes import PlayedBrowser
from tests.receivers import HERE

ELSEWHERE = "http://192.0.2.1:9/"
"""An address that nobody has (RFC 5737)."""


def to(channel: Channel, address: str, **more) -> Sending:
    more.setdefault("allowed", HERE)
    return Sending(channel=channel, address=address, title="a title", body="a body", **more)


async def webhook(receiver, **more):
    return await send(to(Channel.WEBHOOK, receiver.url(), **more), 120)


@pytest.mark.slow
async def test_a_webhook_carries_a_signature_that_its_receiver_can_check(receiver):
    secret = new_secret()
    told = headers(secret, "msg_1", 1_700_000_000, "a body")
    assert (await webhook(receiver, headers=told)).sent
    (heard,) = receiver.heard
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = ".".join(
        [heard.headers["webhook-id"], heard.headers["webhook-timestamp"], heard.body.decode()]
    )
    expected = base64.b64encode(hmac.new(key, signed.encode(), hashlib.sha256).digest()).decode()
    assert heard.headers["webhook-signature"] == f"v1,{expected}"
    assert 24 <= len(key) <= 64


def test_the_signature_is_that_of_the_specifications_example():
    """Standard Webhooks gives this one with its libraries."""
    body = '{"test": 2432232314}'
    told = headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body
    )
    assert told["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.slow
async def test_an_answer_decides_by_its_status_and_a_redirect_is_not_followed(receiver):
    receiver.answers = [
        b"500 Broken\r\n",
        b"410 Gone\r\n",
        b"302 Found\r\nLocation: " + receiver.url(path="/inside").encode() + b"\r\n",
    ]
    broken, gone, led_away = [await webhook(receiver) for _ in range(3)]
    assert (broken.sent, broken.final, broken.reason) == (False, False, "it answered 500")
    assert (gone.sent, gone.final) == (False, True)
    assert (led_away.sent, led_away.final) == (False, False)
    assert {each.path for each in receiver.heard} == {"/in"}


@pytest.mark.slow
@pytest.mark.parametrize("channel", Channel)
async def test_nothing_private_is_reached_unless_it_is_allowed(receiver, channel):
    scheme = "json" if channel is Channel.APPRISE else "http"
    keys = ".".join(PlayedBrowser().keys)
    for name in ("127.0.0.1", "localhost"):
        address = f"{scheme}://{name}:{receiver.port}/in"
        refused = await send(to(channel, address, allowed=("10.0.0.0/8",), keys=keys), 120)
        assert not refused.sent
        assert "outgoing.allowed_networks" in refused.reason
    assert receiver.heard == []
    address = f"{scheme}://127.0.0.1:{receiver.port}/in"
    assert (await send(to(channel, address, keys=keys), 120)).sent
    assert len(receiver.heard) == 1


@pytest.mark.slow
async def test_an_answer_without_end_is_cut(receiver):
    receiver.endless = True
    assert (await webhook(receiver)).sent
    assert receiver.sent < 2**26


@pytest.mark.slow
async def test_a_receiver_that_hangs_is_left_when_its_time_is_over():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"json://127.0.0.1:{silent.getsockname()[1]}/?rto=600"
        outcome = await send(to(Channel.APPRISE, address), 3)
    assert (outcome.sent, outcome.final) == (False, False)
    assert "within 3 s" in outcome.reason


@pytest.mark.slow
async def test_apprise_tells_a_service_title_text_and_picture(receiver, tmp_path):
    picture = tmp_path / "frame.jpg"
    picture.write_bytes(b"\xff\xd8\xff frame")
    address = receiver.url("json")
    assert (await send(to(Channel.APPRISE, address, picture=str(picture)), 120)).sent
    told = json.loads(receiver.heard[0].body)
    assert (told["title"], told["message"]) == ("a title", "a body")
    assert base64.b64decode(told["attachments"][0]["base64"]) == b"\xff\xd8\xff frame"
    receiver.answers = [b"500 Broken\r\n"]
    assert "500" in (await send(to(Channel.APPRISE, address), 120)).reason
    unknown = await send(to(Channel.APPRISE, "nonsense://x"), 120)
    assert (unknown.sent, unknown.final) == (False, True)


@pytest.mark.slow
async def test_mail_arrives_at_a_real_server():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = [sys.executable, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}"]
    handler = ["-c", "aiosmtpd.handlers.Debugging", "stdout"]
    address = f"mailto://127.0.0.1:{port}/?from=farm@example.com&to=anna@example.com&mode=insecure"
    heard = bytearray()
    env = {"PYTHONUNBUFFERED": "1"}
    async with open_child([*server, *handler], stdout=subprocess.PIPE, env=env) as child:

        async def is_there() -> bool:
            try:
                async with await trio.open_tcp_stream("127.0.0.1", port):
                    return True
            except OSError:
                await trio.sleep(0.05)
                return False

        await until(is_there)
        outcome = await send(to(Channel.APPRISE, address), 120)
        assert outcome.sent, outcome.reason
        while b"a body" not in heard and b"YSBib2R5" not in heard:
            heard += await child.stdout.receive_some()
    assert b"To: anna@example.com" in heard
    assert b"a title" in heard
