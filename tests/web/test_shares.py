"""An address that sends very much waits behind itself."""

import trio
import trio.testing

from tests.patience import PATIENCE
from tests.web.attacks import CROWD, code_in, head
from web import queues
from web.queues import COUNTED_SECONDS
from web.serving import NEW_AT_ONCE
from web.shares import AT_ONCE, Shares

STREAM, VERSION = head("GET", "/api/v3/events"), head("GET", "/api/v3/version")


class Slow:
    """An application that works on requests until each may end; it notes whose have begun."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.may_end = trio.Semaphore(0)

    async def __call__(self, scope, receive, send) -> None:
        self.begun.append(scope["client"][0])
        await self.may_end.acquire()


async def ask(app, address: str) -> None:
    await app({"type": "http", "client": (address, 1)}, None, None)


async def test_few_requests_of_an_address_are_worked_on_and_those_of_others_at_once():
    slow = Slow()
    app = Shares(slow)
    async with trio.open_nursery() as nursery:
        for _ in range(CROWD):
            nursery.start_soon(ask, app, "many")
        await trio.testing.wait_all_tasks_blocked()
        assert slow.begun == AT_ONCE * ["many"]
        nursery.start_soon(ask, app, "other")
        await trio.testing.wait_all_tasks_blocked()
        assert slow.begun[AT_ONCE:] == ["other"]
        for _ in range(CROWD + 1):
            slow.may_end.release()
    assert len(slow.begun) == CROWD + 1
    assert not app.queues._clients


async def test_one_that_waits_for_something_counts_no_more_after_a_while(autojump_clock):
    slow = Slow()
    app = Shares(slow)
    async with trio.open_nursery() as nursery:
        for _ in range(3 * AT_ONCE):
            nursery.start_soon(ask, app, "proxy")
        await trio.sleep(1.5 * COUNTED_SECONDS)
        assert len(slow.begun) == 2 * AT_ONCE
        await trio.sleep(COUNTED_SECONDS)
        assert len(slow.begun) == 3 * AT_ONCE
        nursery.cancel_scope.cancel()
    assert not app.queues._clients


async def test_who_leaves_before_its_turn_is_not_waited_for():
    slow = Slow()
    app = Shares(slow)
    async with trio.open_nursery() as nursery:
        for _ in range(AT_ONCE):
            nursery.start_soon(ask, app, "many")
        await trio.testing.wait_all_tasks_blocked()
        with trio.CancelScope() as leaving:
            nursery.start_soon(cancel_when_all_wait, leaving)
            await ask(app, "many")
        nursery.start_soon(ask, app, "many")
        slow.may_end.release()
        await trio.testing.wait_all_tasks_blocked()
        assert len(slow.begun) == AT_ONCE + 1
        nursery.cancel_scope.cancel()
    assert not app.queues._clients


async def cancel_when_all_wait(scope: trio.CancelScope) -> None:
    await trio.testing.wait_all_tasks_blocked()
    scope.cancel()


async def test_the_manager_shares_itself_among_addresses(edge, monkeypatch):
    monkeypatch.setattr(queues, "COUNTED_SECONDS", PATIENCE)
    host, _, port = edge.url.removeprefix("http://").partition(":")

    async def begun(request: bytes, mine: str) -> bytes:
        stream = await trio.open_tcp_stream(host, int(port), local_address=mine)
        open_ones.append(stream)
        await stream.send_all(request)
        return bytes(await stream.receive_some())

    open_ones: list[trio.SocketStream] = []
    answers: list[bytes] = []

    async def wait() -> None:
        answers.append(await begun(VERSION, "127.0.0.2"))

    with trio.fail_after(PATIENCE):
        for _ in range(NEW_AT_ONCE):
            assert code_in(await begun(STREAM, "127.0.0.2")) == 200
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            for _ in range(10):
                assert code_in(await begun(VERSION, "127.0.0.1")) == 200
            assert not answers
            await open_ones[0].aclose()
    assert code_in(*answers) == 200
    for stream in open_ones:
        await stream.aclose()
