"""Very many requests from one address, and values that are very long or very deep."""

from collections import Counter

import pytest
import trio
import trio.testing

from tests.patience import PATIENCE
from tests.web.attacks import CROWD, answer_to, code_in, crowd, head, post
from tests.web.conftest import JOB, call, edge_at
from web.turns import Allowance, TooMany, Turns
from web.wire import encode

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

REGISTER, CHECK = "/api/v3/worker/register-worker", "/api/v3/jobs/check"
WORKER = {"name": "w", "secret": "s", "platform": "linux", "supported_task_types": ["misc"]}
SHA = 64 * "0"
FRAMES = {"blendfile": "/a.blend", "chunk_size": 1, "render_output_root": "/out", "fps": 24.0}


@pytest.mark.slow
async def test_three_hundred_registrations_at_once_are_a_few(edge):
    codes = Counter(await crowd(edge, lambda _: post(REGISTER, encode(WORKER))))
    assert {200} < set(codes) <= {200, 429, 503}
    assert codes[200] < 100
    assert codes.total() == CROWD
    workers = (await edge.http.get("/api/v3/worker-mgt/workers")).json()["workers"]
    assert len(workers) == codes[200]


async def test_who_registered_too_often_is_told_when_to_come_again(edge):
    codes = [code_in(await answer_to(edge, post(REGISTER, encode(WORKER)))) for _ in range(60)]
    assert codes[:40] == 40 * [200]
    refused = await answer_to(edge, post(REGISTER, encode(WORKER)))
    assert code_in(refused) == 429
    assert b"retry-after: 1" in refused.lower()


async def test_one_address_has_its_turn_after_few_of_another():
    """300 clients of one address wait; one of another address is third at most."""
    turns, served, go = Turns(most_waiting=CROWD), [], trio.Event()

    async def one(client: str) -> None:
        async with turns.turn(client):
            await go.wait()
            served.append(client)

    async with trio.open_nursery() as nursery:
        for _ in range(CROWD):
            nursery.start_soon(one, "many")
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(one, "other")
        await trio.testing.wait_all_tasks_blocked()
        go.set()
    assert "other" in served[: turns.of_address + 1]
    assert len(served) == CROWD + 1
    assert not turns._addresses


async def test_who_waits_with_too_many_is_refused_at_once():
    turns = Turns(of_address=1, most_waiting=2)
    async with trio.open_nursery() as nursery:

        async def one() -> None:
            async with turns.turn("a"):
                await trio.sleep_forever()

        for _ in range(3):
            nursery.start_soon(one)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(TooMany, match="2 requests from a wait"):
            async with turns.turn("a"):
                pass
        async with turns.turn("b"):
            pass
        nursery.cancel_scope.cancel()


async def test_an_allowance_comes_back_with_time(autojump_clock):
    allowance = Allowance(at_first=2, period=10.0)
    for _ in range(2):
        allowance.spend("a")
    with pytest.raises(TooMany):
        allowance.spend("a")
    allowance.spend("b")
    await trio.sleep(10)
    allowance.spend("a")
    with pytest.raises(TooMany):
        allowance.spend("a")


@pytest.mark.parametrize("frames", ["1-999999999", "1-999999999x2", "-999999999-999999999x3"])
async def test_a_job_of_a_billion_frames_is_refused_before_its_tasks_are_made(edge, frames):
    job = JOB | {"type": "simple-blender-render", "settings": FRAMES | {"frames": frames}}
    with trio.fail_after(PATIENCE):
        answer = await answer_to(edge, post(CHECK, encode(job)))
    assert code_in(answer) == 400
    assert b"frames" in answer


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "no-such-type"},
        {"type_etag": "old"},
        {"settings": JOB["settings"] | {"sleep_duration_seconds": "long"}},
        {"type": "simple-blender-render", "settings": FRAMES | {"frames": "1-999999999"}},
    ],
    ids=["type", "etag", "setting", "frames"],
)
@pytest.mark.parametrize("path", [CHECK, "/api/v3/jobs"])
async def test_a_job_that_is_wrong_at_first_sight_takes_nobodys_turn(
    edge, monkeypatch, path, wrong
):
    def turn(*_):
        raise AssertionError("it waits for its turn")

    monkeypatch.setattr("web.turns.Turns.turn", turn)
    assert code_in(await answer_to(edge, post(path, encode(JOB | wrong)))) in (400, 412)


@pytest.mark.parametrize(
    "path",
    [f"/app/{5000 * 'x'}", f"/app/{300 * 'x'}", f"/app/assets/{300 * 'x'}", f"/app/{2000 * 'x/'}"],
    ids=["long", "name", "asset", "deep"],
)
async def test_a_path_that_no_file_can_have_is_none(edge, path):
    assert code_in(await answer_to(edge, head("GET", path))) in (200, 404)


async def test_a_log_whose_name_no_file_can_have_is_none(edge):
    job = await call(edge, "POST", "jobs", JOB)
    path = f"/job-files/job-{job['id'][:4]}/{job['id']}/{300 * 'x'}"
    assert code_in(await answer_to(edge, head("GET", path))) == 404


async def test_a_checkout_has_a_bounded_number_of_files_and_folders(edge):
    def asked(operation: str, count: int, path: str) -> bytes:
        files = [{"sha": SHA, "size": 1, "path": path.format(each)} for each in range(count)]
        return post(
            f"/api/v3/shaman/checkout/{operation}",
            encode({"files": files, "checkoutPath": "a"}),
        )

    for operation in ("requirements", "create"):
        many = await answer_to(edge, asked(operation, 100_001, "{}"))
        assert code_in(many) == 400
        assert b"100000" in many
    deep = await answer_to(edge, asked("create", 1, 1300 * "a/" + "{}"))
    assert code_in(deep) == 400
    assert b"more than 100 parts" in deep


@pytest.mark.slow
async def test_false_secrets_of_many_keep_no_good_worker_waiting_behind_all_of_them(tmp_path):
    """All come from one address here, so what is seen is that none is lost, and all are refused."""
    async with edge_at(tmp_path) as edge:
        worker = await call(edge, "POST", "worker/register-worker", WORKER)
        false = (
            "Authorization: Basic "
            + __import__("base64").b64encode(f"{worker['uuid']}:false".encode()).decode()
        )
        codes = Counter(await crowd(edge, lambda _: head("POST", "/api/v3/worker/sign-off", false)))
        assert set(codes) <= {403, 429, 503}
        await call(edge, "GET", "worker/state", auth=(worker["uuid"], "s"), status=204)
