"""People hear of what they should, and each browser knows what was read in it."""

import trio_websocket

from tests.web.conftest import JOB, call, edge_at
from tests.web.test_edge import live_events, subscribe
from tests.web.test_finding_jobs import decided  # noqa: F401
from tests.web.test_requests import canceled, submitted
from tests.web.test_unreadable_rows import spoil
from tests.web.test_worker_calls import awake


async def notices(edge, browser: str = "") -> list[tuple[str, bool]]:
    found = await call(edge, "GET", f"notices?browser={browser}")
    assert found["unread"] == sum(each["unread"] for each in found["notices"])
    return [(each["kind"], each["unread"]) for each in found["notices"]]


async def read(edge, browser: str, until: str) -> None:
    await call(edge, "POST", "notices/read", {"browser": browser, "until": until}, 204)


async def test_the_end_of_a_job_is_told_once(edge):
    job = await submitted(edge, name="shot")
    assert await notices(edge) == []
    anna = await awake(edge)
    for _ in range(2):
        await anna.completes(await anna.gets_task())
    await canceled(edge)
    found = (await call(edge, "GET", "notices"))["notices"]
    assert [each["kind"] for each in found] == ["job-canceled", "job-done"]
    assert (found[1]["job_id"], found[1]["text"]) == (job, "shot is done: 2 of 2 tasks")


async def test_what_was_read_in_one_browser_is_unread_in_another(edge):
    await canceled(edge)
    (first,) = (await call(edge, "GET", "notices"))["notices"]
    await read(edge, "one", first["at"])
    await canceled(edge)
    assert await notices(edge, "one") == [("job-canceled", True), ("job-canceled", False)]
    assert await notices(edge, "other") == [("job-canceled", True), ("job-canceled", True)]


async def test_a_clock_that_is_fast_marks_nothing_that_is_still_to_come(edge):
    await canceled(edge)
    await read(edge, "fast", "2999-01-01T00:00:00Z")
    assert await notices(edge, "fast") == [("job-canceled", False)]
    await canceled(edge)
    assert (await notices(edge, "fast"))[0] == ("job-canceled", True)
    await read(edge, "fast", "2001-01-01T00:00:00Z")
    assert [unread for _, unread in await notices(edge, "fast")] == [True, False]


async def test_what_comes_after_the_clock_was_put_back_is_unread_and_is_the_newest(edge):
    await canceled(edge)
    await read(edge, "one", "2999-01-01T00:00:00Z")
    spoil(edge, "UPDATE notices SET at = '2998-01-01T00:00:00+00:00'")
    spoil(edge, "UPDATE notice_marks SET until = '2998-01-01T00:00:00+00:00'")
    job = await canceled(edge)
    assert await notices(edge, "one") == [("job-canceled", True), ("job-canceled", False)]
    newest, _ = (await call(edge, "GET", "notices"))["notices"]
    assert newest["job_id"] == job
    await read(edge, "one", newest["at"])
    assert await notices(edge, "one") == [("job-canceled", False)] * 2


async def test_notices_and_marks_outlive_a_restart(tmp_path):
    async with edge_at(tmp_path) as edge:
        await canceled(edge)
        await read(edge, "one", "2999-01-01T00:00:00Z")
    async with edge_at(tmp_path) as edge:
        assert await notices(edge, "one") == [("job-canceled", False)]


async def test_who_follows_notices_gets_them_live(edge):
    async with trio_websocket.open_websocket_url(edge.socket_url + "/live") as socket:
        await subscribe(socket, type="allNotices")
        job = await canceled(edge)
        while (event := await live_events(socket))["event"] != "/notices":
            pass
    assert (event["payload"]["kind"], event["payload"]["job_id"]) == ("job-canceled", job)


async def test_a_job_that_waits_for_a_yes_or_no_says_so_once(decided):  # noqa: F811
    await call(decided, "POST", "jobs", JOB | {"type": "decided", "settings": {}})
    anna = await awake(decided)
    await anna.completes(await anna.gets_task())
    assert ("job-waits-for-approval", True) in await notices(decided)
