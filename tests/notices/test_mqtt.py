"""A client of brokers believes none of them, and is not held up by any."""

from functools import partial

import pytest
import trio

from flamenco.config.manager import MqttClient
from flamenco.notices import WrongAddress
from flamenco.notices import mqtt as module
from flamenco.notices.mqtt import Broker, Lost, Publication, Publisher, broker_of
from tests.patience import PATIENCE

WILL = Publication("farm/status", b"{}", retained=True)
LET_IN = b"\x20\x03\x00\x00\x00"
"""CONNACK of MQTT 5: success."""

NONSENSE = {
    "nothing": b"",
    "HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "no length": b"\x20\xff\xff\xff\xff\xff",
    "an endless packet": b"\x20\xff\xff\xff\x7f" + bytes(2**20),
    "a publication": LET_IN + b"\x34\x07\x00\x01x\x00\x01\x00y",
    "a question": LET_IN + 100 * b"\xc0\x00",
    "half an answer": LET_IN + b"\x40\x01\x00",
    "a refusal of its own": b"\x20\x03\x00\xee\x00",
    "properties of no kind": b"\x20\x06\x00\x00\x03\x7f\x7f\x7f",
    "a good-bye": LET_IN + b"\xe0\x01\x8b",
}


async def play(said: bytes, stream: trio.SocketStream) -> None:
    async with stream:
        await stream.receive_some(2**16)
        try:
            await stream.send_all(said)
            await stream.receive_some(2**16)
        except trio.BrokenResourceError:
            return


@pytest.mark.parametrize("said", NONSENSE.values(), ids=NONSENSE)
async def test_nonsense_ends_the_connection_with_a_reason(said, monkeypatch):
    monkeypatch.setattr(module, "CONNECT_SECONDS", 1.0)
    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(partial(trio.serve_listeners, partial(play, said), [listener]))
        port = listener.socket.getsockname()[1]
        publisher = Publisher(Broker(host="127.0.0.1", port=port, client_id="farm"), WILL)
        with trio.fail_after(PATIENCE), pytest.raises(Lost, match=r"\w"):
            async with publisher.connected():
                await trio.sleep_forever()
        nursery.cancel_scope.cancel()


ADDRESSES = {
    "mqtt://broker": ("broker:1883", False),
    "tcp://broker:99": ("broker:99", False),
    "mqtts://broker": ("broker:8883", True),
    "SSL://[::1]": ("[::1]:8883", True),
}


@pytest.mark.parametrize("text", ADDRESSES)
def test_an_address_says_where_and_how(text):
    broker = broker_of(MqttClient(broker=text, client_id="me", password="hush"))
    assert (broker.address, broker.encrypted) == ADDRESSES[text]
    assert "hush" not in repr(broker)


@pytest.mark.parametrize("text", ["broker", "ws://broker", "mqtt://", "mqtt://x:y", "http://[x"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(WrongAddress, match="expected mqtt://"):
        broker_of(MqttClient(broker=text))
