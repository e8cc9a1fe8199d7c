"""What a look at the head of a request is enough to refuse costs no more than that."""

import socket
import time
from contextlib import AsyncExitStack, ExitStack

import pytest
import trio

from tests.patience import PATIENCE
from tests.web.attacks import answer_to, code_in, crowd, handshake, head, is_guarded, post
from web import connections, queues, serving
from web.connections import Connection
from web.refusing import scope_of
from web.serving import NEW_AT_ONCE

FOREIGN = ("Origin: http://evil.example",)
REFUSED = {
    421: head("GET", "/api/v3/jobs", host="evil.example:8080"),
    403: head("GET", "/api/v3/jobs", *FOREIGN),
    413: head("POST", "/api/v3/jobs/check", "Content-Length: 62914560"),
}


@pytest.fixture
async def served(edge, monkeypatch) -> list[Connection]:
    """The connections for which more was made than a look, once the machine's names are known."""
    assert code_in(await answer_to(edge, REFUSED[421])) == 421
    made, real = list[Connection](), Connection.serve

    async def serve(connection, *arguments) -> None:
        made.append(connection)
        await real(connection, *arguments)

    monkeypatch.setattr(Connection, "serve", serve)
    return made


@pytest.mark.parametrize("code", REFUSED)
async def test_a_request_is_refused_by_its_head_with_all_that_an_answer_has(edge, served, code):
    answer = await answer_to(edge, REFUSED[code])
    assert code_in(answer) == code
    assert is_guarded(answer)
    top, _, body = answer.partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in top.lower()
    assert b"connection: close" in top.lower()
    assert not served


async def test_a_live_socket_of_another_site_is_refused_by_its_head(edge, served):
    request = handshake().replace(b"\r\nUpgrade", b"\r\nOrigin: http://evil.example\r\nUpgrade", 1)
    assert code_in(await answer_to(edge, request)) == 403
    assert not served


async def test_an_answer_reaches_who_still_sends(edge, served):
    request = post("/api/v3/jobs/check", 5_000_000 * b" ")
    assert code_in(await answer_to(edge, request)) == 413
    assert not served


async def test_a_crowd_is_refused_and_who_asks_something_else_goes_on(edge, served):
    codes = await crowd(edge, lambda _: REFUSED[421])
    assert set(codes) == {421}
    assert not served
    assert code_in(await answer_to(edge, head("GET", "/api/v3/version"))) == 200
    assert len(served) == 1


class Tasks(trio.abc.Instrument):
    """Counts the tasks that are begun."""

    begun = 0

    def task_spawned(self, task):
        self.begun += 1


async def test_no_task_is_made_for_who_is_refused_by_the_head(edge, served):
    host, _, port = edge.url.removeprefix("http://").partition(":")
    await edge.http.get("/api/v3/version")
    with ExitStack() as stack:
        clients = [socket.create_connection((host, int(port))) for _ in range(100)]
        for client in clients:
            stack.enter_context(client)
            client.sendall(REFUSED[421])
        tasks = Tasks()
        trio.lowlevel.add_instrument(tasks)
        with trio.fail_after(PATIENCE):
            for client in clients:
                await trio.lowlevel.wait_readable(client)
                assert code_in(client.recv(1000)) == 421
        trio.lowlevel.remove_instrument(tasks)
    assert tasks.begun < len(clients) / 2  # the farm has some, too


async def test_a_file_of_any_size_may_be_sent(edge, served):
    path = f"/api/v3/shaman/files/{64 * 'a'}/62914560"
    request = head("POST", path, "Content-Length: 62914560", "Expect: 100-continue")
    host, _, port = edge.url.removeprefix("http://").partition(":")
    with trio.fail_after(PATIENCE):
        async with await trio.open_tcp_stream(host, int(port)) as stream:
            await stream.send_all(request)
            assert code_in(await stream.receive_some()) == 100
    assert served


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: a\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\nb: c\r\n\r\n",
        b"\x16\x03\x01\x02\0",
    ],
)
def test_a_head_that_is_odd_or_not_whole_is_left_to_who_knows_more(data):
    assert scope_of(data, ("127.0.0.1", 1)) is None


@pytest.mark.parametrize("value", ["{} \0", "x{}x", "{}"])
def test_blanks_in_a_header_do_not_multiply_the_work(value):
    def work(blanks: int) -> float:
        line = value.format(blanks * " ").encode()
        data, began = b"GET / HTTP/1.1\r\nA:" + line + b"\r\n\r\n", time.thread_time()
        for _ in range(100):
            scope_of(data, ("127.0.0.1", 1))
        return time.thread_time() - began

    assert work(800) < 20 * work(100)


def test_a_head_is_read_as_it_is_for_the_application():
    data = b"POST /a%20b?c=d HTTP/1.1\r\nHost:  x:80 \r\nX-A: 1:2\r\n\r\nbody"
    scope = scope_of(data, ("127.0.0.1", 1))
    assert (scope["type"], scope["method"], scope["path"]) == ("http", "POST", "/a b")
    assert scope["headers"] == [(b"host", b"x:80"), (b"x-a", b"1:2")]


async def test_who_waited_for_its_turn_for_longer_than_a_connection_may_be_idle_is_answered(
    edge, monkeypatch
):
    monkeypatch.setattr(connections, "KEEP_ALIVE_SECONDS", 0.5)
    monkeypatch.setattr(queues, "COUNTED_SECONDS", 0.3)
    host, _, port = edge.url.removeprefix("http://").partition(":")
    async with AsyncExitStack() as stack:
        for _ in range(3 * NEW_AT_ONCE):
            stream = await trio.open_tcp_stream(host, int(port))
            await stack.enter_async_context(stream)
            await stream.send_all(head("GET", "/api/v3/events"))
        assert code_in(await answer_to(edge, head("GET", "/api/v3/version"))) == 200


async def test_who_comes_behind_very_many_of_one_address_is_told_at_once_to_come_again(
    edge, monkeypatch
):
    monkeypatch.setattr(queues, "COUNTED_SECONDS", PATIENCE)
    monkeypatch.setattr(serving, "NEW_WAITING", 3)
    host, _, port = edge.url.removeprefix("http://").partition(":")

    async def asks(stack: AsyncExitStack, mine: str = "127.0.0.2") -> trio.SocketStream:
        stream = await trio.open_tcp_stream(host, int(port), local_address=mine)
        await stack.enter_async_context(stream)
        await stream.send_all(head("GET", "/api/v3/events"))
        return stream

    with trio.fail_after(PATIENCE):
        async with AsyncExitStack() as served, AsyncExitStack() as behind:
            for _ in range(NEW_AT_ONCE):
                assert code_in(await (await asks(served)).receive_some()) == 200
            first, *_, last = [await asks(behind) for _ in range(5)]
            answer = bytes(await last.receive_some())
            assert code_in(answer) == 503
            assert b"retry-after: 1" in answer.lower()
            assert is_guarded(answer)
            assert code_in(await (await asks(behind, "127.0.0.3")).receive_some()) == 200
            await served.aclose()
            assert code_in(await first.receive_some()) == 200
