"""The traps of Quart-Trio and Hypercorn, each closed (see web/serving.py)."""

import socket
from contextlib import ExitStack, asynccontextmanager, suppress

import attrs
import pytest
import trio
from hypercorn.events import RawData
from quart import Response, request, send_file, websocket
from quart_trio import QuartTrio
from trio.testing import wait_all_tasks_blocked

from tests.patience import PATIENCE
from tests.web.attacks import is_guarded
from web import queues
from web.connections import Connection
from web.room import Room
from web.serving import FarmResponse, Limits, Past, serve

QUICK = Limits(stall=0.3, linger=0.3, grace=0.2)


class Application(QuartTrio):
    response_class = FarmResponse


def application() -> Application:
    app = Application("test", static_folder=None)

    @app.get("/")
    async def hello():
        return "hello"

    @app.post("/early")
    async def early():
        return Response("no", 403)

    @app.post("/body")
    async def body():
        return str(len(await request.data))

    @app.get("/endless")
    async def endless():
        async def pieces():
            while True:
                yield b"x" * 65536

        response = Response(pieces())
        response.timeout = None
        return response

    @app.websocket("/socket")
    async def listen():
        while True:
            await websocket.receive()

    return app


@asynccontextmanager
async def served(app, limits=QUICK, room=None):
    """A server; what opens connections to it, and what stops it. Its end is waited for."""
    stop = trio.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with trio.fail_after(PATIENCE):
            async with trio.open_nursery() as nursery:
                await nursery.start(serve, app, listener, stop, limits, room or Room())
                yield port, stop
                stop.set()


async def answer_of(port: int, *parts: bytes) -> bytes:
    """All that comes until the server closes the connection."""
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        for part in parts:
            await stream.send_all(part)
        return b"".join([part async for part in stream])


def get(path: str, *lines: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *lines, "", ""]).encode()


def post(path: str, length: int) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode()


async def test_a_connection_is_closed_when_the_client_asks_for_it():
    async with served(application()) as (port, _):
        assert (await answer_of(port, get("/", "Connection: close"))).endswith(b"hello")


async def test_a_client_that_does_not_say_whom_it_asks_is_answered():
    async with served(application()) as (port, _):
        assert (await answer_of(port, b"GET / HTTP/1.0\r\n\r\n")).endswith(b"hello")


@pytest.mark.parametrize("together", [True, False])
async def test_an_idle_connection_and_a_half_sent_request_are_closed_after_a_time(
    monkeypatch, together
):
    monkeypatch.setattr("web.arrivals.WATCHED_TOGETHER", together)
    monkeypatch.setattr("web.arrivals.SWEEP_SECONDS", 0.1)
    monkeypatch.setattr("web.connections.KEEP_ALIVE_SECONDS", 0.5)
    async with served(application()) as (port, _):
        assert await answer_of(port) == b""
        assert await answer_of(port, b"GET / HT") == b""
        assert (await answer_of(port, get("/"))).endswith(b"hello")


async def test_a_connection_serves_one_request_after_the_other():
    async with served(application()) as (port, _):
        again = get("/") + post("/body", 3) + b"abc" + get("/", "Connection: close")
        assert (await answer_of(port, again)).count(b"HTTP/1.1 200") == 3


async def test_a_request_whose_length_is_told_in_two_ways_is_refused():
    both = post("/body", 3)[:-2] + b"Transfer-Encoding: chunked\r\n\r\n"
    async with served(application()) as (port, _):
        answer = await answer_of(port, both + b"0\r\n\r\n" + get("/", "Connection: close"))
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1") == 1
    assert is_guarded(answer)


@pytest.mark.parametrize("request_", [b"\0\r\n\r\n", b"GET /\r\n\r\n", get("/", "X"), get("/é")])
async def test_what_is_no_request_is_refused_as_safely_as_others(request_):
    async with served(application()) as (port, _):
        answer = await answer_of(port, request_)
    assert answer.startswith(b"HTTP/1.1 4")
    assert is_guarded(answer)


async def test_an_answer_leaves_in_one_piece(monkeypatch):
    pieces = []

    async def watched(self, event):
        if isinstance(event, RawData):
            pieces.append(event.data)
        await original(self, event)

    original = Connection.send
    monkeypatch.setattr(Connection, "send", watched)
    async with served(application()) as (port, _):
        answer = await answer_of(port, get("/") + get("/", "Connection: close"))
    assert b"".join(pieces) == answer
    assert [piece[-5:] for piece in pieces] == [b"hello", b"hello"]


SOCKET = (
    *("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"),
    *(
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Extensions: permessage-deflate",
    ),
)
PIECE = b"\x01\xff" + (2**20).to_bytes(8, "big") + bytes(4) + b"x" * 2**20
"""The first frame of a message in many; those that follow begin with 0."""
TOO_BIG = b"\x88\x02" + (1009).to_bytes(2, "big")


async def test_a_client_whose_handshake_is_wrong_is_answered_and_let_go():
    old = [line.replace("Version: 13", "Version: 12") for line in SOCKET]
    early = get("/socket", *SOCKET) + PIECE[:100]
    async with served(application()) as (port, _):
        for request in (get("/socket", *old), get("/socket", *SOCKET[:3]), early):
            answer = await answer_of(port, request)
            assert answer.startswith(b"HTTP/1.1 400")
            assert is_guarded(answer)


async def test_nothing_is_unpacked_for_the_clients_of_websockets():
    async with served(application()) as (port, _):
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(get("/socket", *SOCKET))
            answer = await stream.receive_some()
        assert b" 101 " in answer
        assert b"extensions" not in answer


async def test_of_a_message_without_end_no_more_is_kept_and_its_sender_let_go(monkeypatch):
    monkeypatch.setattr("web.connections.KEEP_ALIVE_SECONDS", 0.5)

    async def send_for_ever(stream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await stream.send_all(PIECE)
            while True:
                await stream.send_all(b"\0" + PIECE[1:])

    async with served(application()) as (port, _), trio.open_nursery() as nursery:
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(get("/socket", *SOCKET))
            answer = await stream.receive_some()
            nursery.start_soon(send_for_ever, stream)
            with suppress(trio.BrokenResourceError):
                while part := await stream.receive_some():
                    answer += part
        assert answer.endswith(TOO_BIG)
        nursery.cancel_scope.cancel()


async def test_an_early_answer_reaches_a_client_that_still_sends():
    """Without a lingering close the connection is reset, and the answer lost with it."""
    patient = attrs.evolve(QUICK, stall=30, linger=30)
    async with served(application(), patient) as (port, _):
        many = post("/early", 3_000_000) + b"x" * 3_000_000 + get("/", "Connection: close")
        answer = await answer_of(port, many)
        assert answer.startswith(b"HTTP/1.1 403")
        assert answer.endswith(b"hello")
    async with served(application()) as (port, _):
        half = await answer_of(port, post("/early", 1000) + b"x" * 100)
        assert half.startswith(b"HTTP/1.1 403")


async def test_a_client_that_stops_reading_is_let_go():
    ended = trio.Event()

    async def endless(scope, receive, send):
        async def watch():
            while (await receive())["type"] != "http.disconnect":
                pass
            ended.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while not ended.is_set():
                body = {"type": "http.response.body", "body": b"x" * 65536, "more_body": True}
                await send(body)

    async with (
        served(Past(application(), lambda _scope: endless)) as (port, _),
        await trio.open_tcp_stream("127.0.0.1", port) as stream,
    ):
        await stream.send_all(get("/"))
        await ended.wait()


async def test_a_client_that_stops_reading_does_not_hold_the_end_of_the_server():
    patient = Limits(grace=0.1, stall=3600)
    async with served(application(), patient) as (port, stop):
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        await stream.send_all(get("/endless"))
        assert await stream.receive_some(1)
        stop.set()
    await stream.aclose()


async def test_idle_connections_end_when_the_server_stops_and_requests_are_answered(monkeypatch):
    monkeypatch.setattr("web.connections.KEEP_ALIVE_SECONDS", 1.0)
    gate, asked = trio.Event(), trio.Event()
    app = application()

    @app.get("/gate")
    async def wait():
        asked.set()
        await gate.wait()
        return "hello"

    async with (
        served(app, Limits(grace=3600)) as (port, stop),
        await trio.open_tcp_stream("127.0.0.1", port) as fresh,
        await trio.open_tcp_stream("127.0.0.1", port) as idle,
        await trio.open_tcp_stream("127.0.0.1", port) as busy,
    ):
        await idle.send_all(get("/"))
        await idle.receive_some()
        await busy.send_all(get("/gate"))
        await asked.wait()
        stop.set()
        assert await fresh.receive_some() == await idle.receive_some() == b""
        gate.set()
        assert b"".join([part async for part in busy]).endswith(b"hello")


async def test_what_the_application_does_at_its_end_is_done_also_when_the_server_is_cancelled():
    for cancel in (False, True):
        done = []
        app = application()
        app.after_serving(lambda done=done: done.append("done"))
        with trio.CancelScope() as scope:
            async with served(app) as (port, stop):
                await answer_of(port, get("/", "Connection: close"))
                assert done == []
                if cancel:
                    scope.cancel()
                    await trio.sleep_forever()
                stop.set()
        assert done == ["done"]


async def test_files_leave_in_large_pieces(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"x" * 2**20)
    sizes = []
    app = application()

    @app.get("/file")
    async def file():
        return await send_file(tmp_path / "file")

    async def watching(scope, receive, send):
        async def watched(message):
            sizes.append(len(message.get("body", b"")))
            await send(message)

        await app(scope, receive, watched)

    async with served(watching) as (port, _):
        answer = await answer_of(port, get("/file", "Connection: close"))
    assert answer.endswith(b"x" * 1000)
    assert max(sizes) == 2**18


async def test_a_client_is_held_to_what_a_handler_past_the_application_has_taken():
    taken, sent, gate = [], 0, trio.Event()

    async def handler(scope, receive, send):
        await gate.wait()
        while (message := await receive()).get("more_body"):
            taken.append(len(message["body"]))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    size = 64 * 2**20
    async with served(Past(application(), lambda scope: handler)) as (port, _):
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(post("/big", size))
            with trio.move_on_after(0.5):
                while sent < size:
                    await stream.send_all(b"x" * 2**16)
                    sent += 2**16
            assert sent < size / 2
            gate.set()
            while sent < size:
                await stream.send_all(b"x" * 2**16)
                sent += 2**16
            assert await stream.receive_some(100)
        assert sum(taken) >= size


async def test_an_unforeseen_error_in_a_connection_ends_that_one_only(monkeypatch, caplog):
    broken = []

    async def break_once(self, event):
        if not broken:
            broken.append(event)
            raise KeyError("unforeseen")
        await original(self, event)

    original = Connection.send
    monkeypatch.setattr(Connection, "send", break_once)
    async with served(application()) as (port, _):
        assert await answer_of(port, get("/")) == b""
        assert (await answer_of(port, get("/", "Connection: close"))).endswith(b"hello")
    assert "unexpected error" in caplog.text


class Rounds(trio.abc.Instrument):
    """Counts how often the event loop came by."""

    passed = 0

    def after_io_wait(self, timeout):
        self.passed += 1


async def test_those_who_arrive_together_are_let_in_together():
    crowd, rounds = 80, Rounds()
    async with served(application()) as (port, _):
        with ExitStack() as stack:
            clients = [
                socket.create_connection(
                    ("127.0.0.1", port), source_address=(f"127.0.1.{number + 1}", 0)
                )
                for number in range(crowd)
            ]
            for client in clients:
                stack.enter_context(client)
                client.sendall(get("/", "Connection: close"))
            trio.lowlevel.add_instrument(rounds)
            async with trio.open_nursery() as nursery:
                for client in clients:
                    nursery.start_soon(trio.lowlevel.wait_readable, client)
            trio.lowlevel.remove_instrument(rounds)
    assert rounds.passed < crowd


MINE, STRANGE = "127.0.0.1", "127.0.0.2"


@asynccontextmanager
async def with_little_room(most=8):
    """A server with room for few, that knows one address; what opens connections to it.

    It is patient: its clients read no more than the first bytes of `/endless`.
    """
    room, patient = Room(MINE.__eq__, most), attrs.evolve(QUICK, stall=3600)
    async with served(application(), patient, room) as (port, _):
        with ExitStack() as stack:

            def connected(host: str, sends: bytes = b"") -> socket.socket:
                client = socket.create_connection(("127.0.0.1", port), source_address=(host, 0))
                client.sendall(sends)
                return stack.enter_context(client)

            yield connected


async def heard(client: socket.socket) -> bytes:
    """The first bytes of an answer."""
    await trio.lowlevel.wait_readable(client)
    return client.recv(65536)


async def test_connections_on_which_nothing_is_asked_give_way_to_new_ones():
    async with with_little_room() as connected:
        first, *_ = [connected(host) for host in [STRANGE, MINE] * 20]
        for host in (STRANGE, MINE):
            answer = await heard(connected(host, get("/", "Connection: close")))
            assert answer.endswith(b"hello"), answer
        assert await heard(first) == b""


async def test_connections_of_a_crowd_whose_turn_has_not_come_give_way_too(monkeypatch):
    monkeypatch.setattr(queues, "COUNTED_SECONDS", 3600.0)
    async with with_little_room(most=16) as connected:
        for _ in range(40):
            connected(STRANGE, b"G")
        await wait_all_tasks_blocked(0.1)
        others = [connected(f"127.0.1.{number + 1}", get("/endless")) for number in range(10)]
        for each in others:
            assert b"200" in await heard(each)


async def test_some_room_is_kept_for_those_who_are_known_and_others_are_told(caplog):
    async with with_little_room() as connected:
        for _ in range(6):
            assert b"200" in await heard(connected(STRANGE, get("/endless")))
        for _ in range(3):
            refused = await heard(connected(STRANGE, get("/")))
            assert refused.startswith(b"HTTP/1.1 503 ")
            assert b"Retry-After: 5\r\n" in refused
            assert is_guarded(refused)
            assert refused.endswith(b'"too many clients are connected to the Manager, try again"}')
        for _ in range(2):
            assert b"200" in await heard(connected(MINE, get("/endless")))
        assert (await heard(connected(MINE, get("/")))).startswith(b"HTTP/1.1 503 ")
    said = [record.getMessage() for record in caplog.records]
    assert said == ["127.0.0.2 is turned away: 6 clients are connected", *said[1:]]
