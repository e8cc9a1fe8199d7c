"""Long lists are decoded beside the event loop as they would be in it, to the last error."""

import threading

import msgspec
import pytest
import trio
import trio.testing

from flamenco.api import shaman as api
from web import beside
from web.beside import LONG, BodyDecoder

FILE = {"sha": 64 * "a", "size": 1, "path": "a/b"}
LISTS = [
    {"files": [], "checkoutPath": "p"},
    {"files": 3 * [FILE], "checkoutPath": "p"},
    {"files": [FILE]},
    {"checkoutPath": "p"},
    {"files": 3, "checkoutPath": "p"},
    {"files": [FILE, 3], "checkoutPath": "p"},
    {"files": [FILE, FILE | {"size": -1}], "checkoutPath": "p"},
    {"files": [FILE, {"sha": 64 * "a", "size": 1}], "checkoutPath": "p"},
    {"files": 100_001 * [FILE], "checkoutPath": "p"},
    [],
]


def outcome(decode, content: bytes) -> object:
    try:
        return decode(content)
    except msgspec.ValidationError as error:
        return str(error)


@pytest.mark.parametrize("body", LISTS, ids=range(len(LISTS)))
def test_a_body_in_pieces_is_the_body_and_its_errors_are_the_same(body):
    decoder, content = BodyDecoder(api.ShamanCheckout), msgspec.json.encode(body)
    whole = outcome(decoder.whole.decode, content)
    assert outcome(decoder.decode_in_pieces, content) == whole


async def test_a_long_list_is_decoded_in_a_thread_and_the_event_loop_goes_on(monkeypatch):
    """The thread waits for what only the event loop can give."""
    went_on, threads = threading.Event(), []
    decoded = beside._decoded

    def watched(*arguments):
        assert went_on.wait(60)
        threads.append(threading.current_thread())
        return decoded(*arguments)

    monkeypatch.setattr(beside, "_decoded", watched)
    content = msgspec.json.encode({"files": 3000 * [FILE]})
    assert len(content) > LONG
    async with trio.open_nursery() as nursery:
        nursery.start_soon(BodyDecoder(api.ShamanRequirementsRequest).decode, content)
        await trio.testing.wait_all_tasks_blocked()
        went_on.set()
    assert len(threads) == 3000
    assert threading.current_thread() not in threads
