"""Clients of the live socket that send too much, too fast, or in too small pieces; or too many."""

import itertools
import json
from uuid import uuid4

import pytest
import trio
import trio_websocket

from flamenco import protocol
from tests.patience import PATIENCE
from tests.web.attacks import connected, handshake
from tests.web.test_edge import registered
from tests.web.test_handshakes import stranger
from web.crowds import Crowd, Crowded
from web.live import MOST_FOLLOWED
from web.pacing import MAX_MESSAGE_BYTES, MOST_REMEMBERED, TOKENS, TOKENS_PER_SECOND, Pace, Paces
from web.serving import NEW_WAITING

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

TEXT, MORE, LAST, PING = 0x1, 0x0, 0x80, 0x89
PONG = bytes([0x8A, 0])
LIVE = "/api/v3/live"
SPELLINGS = [LIVE, "/api/v3/%6cive", "http://localhost/api/v3/live", f"HTTP://localhost{LIVE}?x"]
JOBS = {"op": "subscribe", "type": "allJobs"}


def frame(first: int, content: bytes = b"") -> bytes:
    """A short frame of a client, masked with zeros."""
    return bytes([first, 0x80 | len(content)]) + bytes(4) + content


async def opened(edge, target: str = LIVE) -> trio.SocketStream:
    """A live socket, after its handshake."""
    stream = await connected(edge)
    await stream.send_all(handshake(target))
    answer = bytearray()
    while b"\r\n\r\n" not in answer:
        answer += await stream.receive_some()
    assert answer.startswith(b"HTTP/1.1 101")
    return stream


async def is_served(edge) -> bool:
    """True if another client can subscribe, and see what happens."""
    with trio.fail_after(PATIENCE):
        async with trio_websocket.open_websocket_url(f"{edge.socket_url}/live") as socket:
            await socket.send_message(json.dumps(JOBS))
            while "ok" not in json.loads(await socket.get_message()):
                pass
        return (await edge.http.get("/api/v3/version")).status_code == 200


async def answers_to_floods(edge, flood: bytes, seconds: float, target: str = LIVE) -> int:
    """Number of answers to a flood in some seconds, after which others are served, too."""
    answers = 0
    async with trio.open_nursery() as nursery:

        async def one() -> None:
            nonlocal answers
            stream = await opened(edge, target)
            nursery.start_soon(stream.send_all, flood)
            while part := await stream.receive_some():
                answers += part.count(b'"error"') + part.count(PONG)

        nursery.start_soon(one)
        await trio.sleep(seconds)
        assert await is_served(edge)
        nursery.cancel_scope.cancel()
    return answers


@pytest.mark.slow
@pytest.mark.parametrize(
    "flood",
    [
        pytest.param(9000 * frame(TEXT | LAST, b"x"), id="messages"),
        pytest.param(9000 * frame(PING), id="pings"),
    ],
)
async def test_a_flood_is_read_at_a_pace(edge, flood):
    assert await answers_to_floods(edge, flood, 3.0) < 3 * TOKENS


@pytest.mark.parametrize("target", SPELLINGS)
async def test_a_message_in_pieces_of_a_byte_is_read_at_a_pace(edge, target):
    """The answer to it comes last, so it has not come yet."""
    pieces = frame(TEXT, b"x") + 5000 * frame(MORE, b"x") + frame(LAST, b"x")
    assert await answers_to_floods(edge, pieces, 1.0, target) == 0


@pytest.mark.parametrize("clients", [1, pytest.param(25, marks=pytest.mark.slow)])
async def test_a_message_that_is_too_large_ends_the_socket_and_is_not_sent_back(edge, clients):
    content = json.dumps(JOBS | {"uuid": MAX_MESSAGE_BYTES * "x"})

    async def one() -> None:
        async with trio_websocket.open_websocket_url(f"{edge.socket_url}/live") as socket:
            await socket.send_message(content)
            told = 0
            with pytest.raises(trio_websocket.ConnectionClosed) as closed:
                while True:
                    told += len(await socket.get_message())
            assert closed.value.reason.code == 1009
            assert told < 1000

    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            for _ in range(clients):
                nursery.start_soon(one)


async def test_a_client_may_resume_with_all_that_it_may_follow(edge):
    many = [{"type": "tasklog", "uuid": str(uuid4())} for _ in range(MOST_FOLLOWED - 1)]
    with trio.fail_after(PATIENCE):
        async with trio_websocket.open_websocket_url(f"{edge.socket_url}/live") as socket:
            resume = {"op": "resume", "after": "1", "subscriptions": many}
            await socket.send_message(json.dumps(resume))
            _, answer = [json.loads(await socket.get_message()) for _ in range(2)]
            assert "ok" in answer, answer


async def test_a_mistake_in_a_large_request_is_told_without_repeating_it(edge):
    many = [{"type": "job", "uuid": 36 * "x"}] * 900
    with trio.fail_after(PATIENCE):
        async with trio_websocket.open_websocket_url(f"{edge.socket_url}/live") as socket:
            await socket.get_message()
            for request in (
                {"op": "resume", "after": "1", "subscriptions": many},
                {"op": "subscribe", "type": 900 * "x"},
                {"op": 40_000 * "x"},
            ):
                await socket.send_message(json.dumps(request))
                answer = await socket.get_message()
                while "event" in json.loads(answer):
                    answer = await socket.get_message()
                assert "error" in json.loads(answer)
                assert len(answer) < 400


@pytest.mark.slow
async def test_one_address_has_no_more_sockets_than_its_share(edge):
    async with trio.open_nursery() as nursery:
        accepted, refused, complete = [], [], trio.Event()
        few = trio.CapacityLimiter(NEW_WAITING // 2)

        async def one() -> None:
            async with few:
                stream = await connected(edge)
                await stream.send_all(handshake())
                answer = bytes(await stream.receive_some())
            (accepted if answer.startswith(b"HTTP/1.1 101") else refused).append(answer)
            if len(accepted) + len(refused) == 520:
                complete.set()
            await trio.sleep_forever()

        with trio.fail_after(PATIENCE):
            for _ in range(520):
                nursery.start_soon(one)
            await complete.wait()
        assert len(accepted) == Crowd().most_of_address
        assert all(answer.startswith(b"HTTP/1.1 429") for answer in refused)
        feed = await edge.http.get("/api/v3/events")
        assert feed.status_code == 429
        nursery.cancel_scope.cancel()


def test_who_leaves_makes_room():
    crowd = Crowd(most=3, most_of_address=2)
    with crowd.entered("a"), crowd.entered("b"):
        with crowd.entered("a"), pytest.raises(Crowded, match="2 clients of a"):
            crowd.check("a")
        with crowd.entered("c"), pytest.raises(Crowded, match="3 clients follow"):
            crowd.check("d")
        crowd.check("d")
    assert not crowd._inside


async def test_a_session_is_heard_at_a_pace_and_others_as_before(edge, monkeypatch):
    monkeypatch.setattr("web.sessions.CHARACTERS_AT_FIRST", 10_000)
    monkeypatch.setattr("web.sessions.CHARACTERS_PER_SECOND", 1)
    line = protocol.Report(task_id="none", lease=1, log=3000 * "x")
    async with stranger(edge) as noisy, stranger(edge) as other:
        await noisy.signs_on(await registered(edge))
        for seq in range(1, 11):
            await noisy.says(protocol.encode(line, seq))
        for seq in range(1, 4):  # the third is heard, and those after it later
            assert (await noisy.hears(protocol.Acknowledge)).seq == seq
        await other.signs_on(await registered(edge))
        await other.says(protocol.encode(line, 1))
        await other.hears(protocol.Acknowledge)
        with trio.move_on_after(0.5) as waiting:
            await noisy.hears(protocol.Acknowledge)
        assert waiting.cancelled_caught


async def test_many_small_messages_of_a_session_are_heard_at_a_pace_too(edge, monkeypatch):
    monkeypatch.setattr("web.sessions.CHARACTERS_AT_FIRST", 3000)
    monkeypatch.setattr("web.sessions.CHARACTERS_PER_SECOND", 1)
    line = protocol.Report(task_id="none", lease=1)
    async with stranger(edge) as noisy:
        await noisy.signs_on(await registered(edge))
        for seq in range(1, 11):
            await noisy.says(protocol.encode(line, seq))
        for seq in range(1, 4):
            assert (await noisy.hears(protocol.Acknowledge)).seq == seq
        with trio.move_on_after(0.5) as waiting:
            await noisy.hears(protocol.Acknowledge)
        assert waiting.cancelled_caught


async def test_who_has_no_tokens_left_waits_for_them(autojump_clock):
    pace = Pace()
    for _ in range(int(TOKENS)):
        await pace.keep()
    assert trio.current_time() == 0
    for _ in range(10):
        await pace.keep()
    assert trio.current_time() == pytest.approx(10 / TOKENS_PER_SECOND)


async def test_those_of_one_address_come_at_its_pace_and_keep_no_other_waiting(autojump_clock):
    paces, came = Paces(20.0, 1000.0), list[tuple[str, float]]()

    async def come(address: str) -> None:
        await paces.of(address).take(1)
        came.append((address, trio.current_time() - began))

    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        for _ in range(300):
            nursery.start_soon(come, "many")
        nursery.start_soon(come, "other")
    times = [at for address, at in came if address == "many"]
    assert times[:20] == 20 * [0.0]
    assert max(times) == pytest.approx(0.28)
    assert all(later - sooner < 0.002 for sooner, later in itertools.pairwise(times))
    assert ("other", 0.0) in came


async def test_addresses_that_have_all_their_tokens_again_are_forgotten(autojump_clock):
    paces = Paces(20.0, 1000.0)
    for number in range(2 * MOST_REMEMBERED):
        await paces.of(str(number)).take(1)
        await trio.sleep(0.01)
    assert len(paces._of) <= MOST_REMEMBERED + 1
    greedy = paces.of("greedy")
    greedy.left = -1e6
    for number in range(2 * MOST_REMEMBERED):
        await paces.of(str(number)).take(1)
        await trio.sleep(0.01)
    assert paces.of("greedy") is greedy
