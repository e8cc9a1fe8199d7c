"""Bodies that are too large, too slow, or grow when they are read, from one client and many."""

import re
import time
from collections import Counter
from contextlib import AsyncExitStack, suppress

import pytest
import trio

from tests.patience import PATIENCE
from tests.web.attacks import CROWD, answer_to, code_in, connected, crowd, head, post, send_all
from tests.web.conftest import JOB, edge_at
from tests.web.test_serving import answer_of, application, served
from web.bodies import (
    SMALL,
    VALUE_BYTES,
    Bodies,
    Budget,
    Most,
    NoRoom,
    TooLarge,
    check_values,
    size_read,
)
from web.server import OPERATIONS
from web.serving import Limits
from web.wire import encode

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

JOBS, FILES = "/api/v3/jobs/check", "/api/v3/shaman/checkout/requirements"
LIMIT = 1000


@pytest.fixture
async def edge(tmp_path):
    """An edge that soon closes connections whose requests it refused."""
    async with edge_at(tmp_path, limits=Limits(linger=0.1)) as edge:
        yield edge


def begun(length: int) -> bytes:
    """The head of a request with a body of this length."""
    return head("POST", "/body", f"Content-Length: {length}")


def bounded(budget=None) -> Bodies:
    return Bodies(application(), lambda _: Most(LIMIT, LIMIT), 0.3, budget or Budget())


def job_with(setting: bytes) -> bytes:
    """A job that has this JSON as a setting."""
    return encode(JOB | {"settings": {"message": "HERE"}}).replace(b'"HERE"', setting)


async def test_a_body_that_is_too_large_or_too_slow_is_answered():
    async with served(bounded()) as (port, _):
        assert (await answer_of(port, begun(LIMIT + 1))).startswith(b"HTTP/1.1 413")
        assert (await answer_of(port, begun(LIMIT) + b"x")).startswith(b"HTTP/1.1 408")
        whole = await answer_of(port, begun(LIMIT) + LIMIT * b"x")
        assert whole.endswith(b"1000")


async def test_a_body_that_tells_no_length_is_counted_as_it_comes():
    chunk = b"1f4\r\n" + 500 * b"x" + b"\r\n"
    headed = begun(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    async with served(bounded()) as (port, _):
        assert (await answer_of(port, headed + 3 * chunk)).startswith(b"HTTP/1.1 413")
        assert (await answer_of(port, headed + 2 * chunk + b"0\r\n\r\n")).endswith(b"1000")


@pytest.mark.slow
async def test_lists_in_lists_are_refused_before_they_are_read(edge):
    huge = job_with(b"[" + 20_000_000 * b"[]," + b"[]]")
    assert code_in(await answer_to(edge, post(JOBS, huge))) == 413
    assert code_in(await answer_to(edge, head("POST", JOBS, f"Content-Length: {len(huge)}"))) == 413
    many = job_with(b"[" + 300_000 * b"[]," + b"[]]")
    assert b"at most 50000 values" in await answer_to(edge, post(JOBS, many))


@pytest.mark.parametrize(
    "setting",
    [b"[" + 349_000 * b"[]," + b"[]]", 25_000 * b"[" + 25_001 * b"{" + b"1"],
    ids=["1 MiB of lists", "deep"],
)
async def test_too_many_values_are_refused_before_they_are_read(edge, setting):
    answer = await answer_to(edge, post(JOBS, job_with(setting)))
    assert code_in(answer) == 413
    assert b"expected a body of at most 50000 values" in answer


@pytest.mark.parametrize(
    "setting",
    [b'"' + 900_000 * b"," + b'"', b'"' + 300_000 * b"[\\\\" + b'"', 60_000 * b" " + b'"x"'],
    ids=["commas", "brackets and backslashes", "spaces"],
)
async def test_texts_of_any_kind_are_no_values(edge, setting):
    answer = await answer_to(edge, post(JOBS, job_with(setting)))
    assert code_in(answer) == 204


async def test_a_setting_of_60_kib_and_a_hundred_thousand_files_may_come(edge):
    lists = job_with(b"[" + 15_000 * b"[1]," + b"[]]")
    assert b"message" in await answer_to(edge, post(JOBS, lists))  # it is read, and no text
    files = b",".join(b'{"sha":"%064x","size":1,"path":"a,%d"}' % (n, n) for n in range(100_000))
    answer = await answer_to(edge, post(FILES, b'{"files":[' + files + b"]}"))
    assert code_in(answer) == 200


@pytest.mark.slow
async def test_three_hundred_clients_with_lists_in_lists_get_no_more_than_their_room(edge):
    body = job_with(b"[" + 100_000 * b"[]," + b"[]]")
    codes = Counter(await crowd(edge, lambda _: post(JOBS, body)))
    assert set(codes) <= {413, 503}
    assert codes.total() == CROWD


@pytest.mark.slow
async def test_unfinished_bodies_take_a_bounded_amount_of_memory(edge):
    """Twenty of 20 MiB begin; who finds no room is told at once, and a small request goes on."""
    size, began, refused = 20 * 2**20, trio.Event(), []
    async with (
        AsyncExitStack() as open_connections,
        trio.open_nursery() as nursery,
    ):

        async def one() -> None:
            stream = await open_connections.enter_async_context(await connected(edge))
            kind = "Content-Type: application/json"
            start = head("POST", FILES, kind, f"Content-Length: {size}") + b'{"files":"'
            nursery.start_soon(send_all, stream, start + (size - 2**20) * b" ")
            answer = await stream.receive_some()
            refused.append(code_in(answer))
            if len(refused) == 15:
                began.set()

        for _ in range(20):
            nursery.start_soon(one)
        with trio.fail_after(PATIENCE):
            await began.wait()
        assert set(refused) == {503}
        assert (await edge.http.get("/api/v3/version")).status_code == 200
        assert code_in(await answer_to(edge, post(JOBS, encode(JOB)))) == 204
        nursery.cancel_scope.cancel()


@pytest.mark.slow
async def test_three_hundred_bodies_without_end_are_refused_by_their_length(edge):
    codes = await crowd(edge, lambda _: head("POST", JOBS, "Content-Length: 62914560"))
    assert codes == CROWD * [413]


async def test_every_operation_refuses_what_is_longer_than_its_limit_and_names_that(edge):
    for each in OPERATIONS:
        if each.streams or not (each.body or each.content):
            continue
        path = "/api/v3" + re.sub(r"<\w+>", "00000000-0000-0000-0000-000000000000", each.path)
        answer = await answer_to(edge, head(each.method, path, f"Content-Length: {each.most + 1}"))
        assert code_in(answer) == 413, each.id
        assert str(each.most).encode() in answer


LONG = 5000 * "x"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"jobs/{LONG}", None),
        ("GET", f"{LONG}", None),
        ("GET", f"jobs?status={LONG}", None),
        ("GET", f"jobs?sort={LONG}", None),
        ("POST", "jobs", JOB | {"initial_status": LONG}),
        ("POST", "jobs", JOB | {"type": LONG[:1000]}),
        ("POST", "shaman/checkout/create", {"files": [], "checkoutPath": f"../{LONG}"}),
        ("PUT", "configuration/file", {LONG[:1000]: 1}),
        ("PUT", "configuration/file", {"listen": LONG}),
    ],
)
async def test_errors_quote_eighty_characters_at_most(edge, method, path, body):
    content = encode(body) if body else b""
    request = post(f"/api/v3/{path}", content).replace(b"POST", method.encode(), 1)
    answer = await answer_to(edge, request)
    assert 400 <= code_in(answer) < 500
    assert b"xxx" in answer
    assert 256 * b"x" not in answer
    if b"'x" in answer:
        assert 81 * b"x" not in answer


def test_room_is_shared_fairly_and_given_back():
    budget = Budget(total=10 * SMALL, of_client=4 * SMALL)
    with budget.share("a") as one, budget.share("a") as other, budget.share("b") as theirs:
        one.hold(3 * SMALL)
        with pytest.raises(NoRoom):
            other.hold(2 * SMALL)
        theirs.hold(2 * SMALL)
        theirs.hold(4 * SMALL)
        assert budget.taken == 7 * SMALL
        with budget.share("c") as last, pytest.raises(NoRoom):
            last.hold(4 * SMALL)
        with budget.share("d") as small:
            small.hold(SMALL)
    assert budget.taken == 0


def test_what_can_never_have_room_is_too_large():
    with Budget(total=10 * SMALL, of_client=4 * SMALL).share("a") as share, pytest.raises(TooLarge):
        share.hold(5 * SMALL)


def test_lists_weigh_what_they_become():
    assert size_read(bytearray(b" [[],[],{}]")) == 11 + 6 * VALUE_BYTES
    assert size_read(bytearray(b"\x89PNG,,,")) == 7


def unclosed(values: int, quotes: int, rest: bytes) -> bytearray:
    """A list whose last text has so many escaped quotes and is not closed."""
    return bytearray(b"[" + values * b"," + b'"' + quotes * b'\\"' + rest)


@pytest.mark.parametrize("end", [b"", b"\\", b"\n"], ids=["comma", "backslash", "newline"])
def test_what_an_unclosed_text_holds_is_no_values(end):
    check_values(unclosed(0, 3, 2 * LIMIT * b"," + end), LIMIT)
    with pytest.raises(TooLarge, match=f"got about {LIMIT + 1}"):
        check_values(unclosed(LIMIT, 3, LIMIT * b"," + end), LIMIT)


def test_quotes_in_an_unclosed_text_do_not_multiply_the_work():
    def work(quotes: int) -> float:
        body, began = unclosed(LIMIT, quotes, 200_000 * b"x"), time.thread_time()
        with suppress(TooLarge):
            check_values(body, LIMIT)
        return time.thread_time() - began

    few = max(work(2) for _ in range(5))
    assert min(work(200) for _ in range(3)) < 10 * few
