"""Pictures of frames come from the worker that held the lease, and are served to be cached."""

import base64

import httpx
import pytest

from flamenco.store import frames
from tests.web.conftest import call
from tests.web.test_worker_calls import NOBODY, awake, submitted

LARGE, SMALL, NEWEST = b"\xff\xd8\xff large", b"\xff\xd8\xff small", b"\xff\xd8\xff newest"


def text(content):
    return base64.b64encode(content).decode()


def picture(frame, **changes):
    size = {"width": 600, "height": 338, "large": text(LARGE), "small": text(SMALL)}
    return {"lease": 1, "frame": frame, **size, **changes}


@pytest.fixture
async def job(edge):
    return await submitted(edge)


@pytest.fixture
async def anna(edge, job):
    return await awake(edge)


@pytest.fixture
async def task(anna):
    return (await anna.gets_task())["uuid"]


async def listed(edge, job, query=""):
    return (await call(edge, "GET", f"jobs/{job}/pictures{query}"))["pictures"]


async def test_a_picture_is_listed_and_served_to_be_cached_for_ever(edge, job, anna, task):
    await anna.says("POST", f"task/{task}/picture", picture(-3, output="left"), 204)
    (kept,) = await listed(edge, job)
    assert (kept["frame"], kept["output"], kept["lease"], kept["task"]) == (-3, "left", 1, task)
    assert (kept["width"], kept["height"]) == (600, 338)
    for size, content in (("large", LARGE), ("small", SMALL)):
        served = await edge.http.get(kept[size])
        assert (served.status_code, served.content) == (200, content)
        assert served.headers["Content-Type"] == "image/jpeg"
        assert "immutable" in served.headers["Cache-Control"]
        known = {"If-None-Match": served.headers["ETag"]}
        again = await edge.http.get(kept[size], headers=known)
        assert (again.status_code, again.content) == (304, b"")


async def test_another_picture_has_another_address(edge, job, anna, task):
    await anna.says("POST", f"task/{task}/picture", picture(1), 204)
    (before,) = await listed(edge, job)
    changed = picture(1, large=text(LARGE + b"!"))
    await anna.says("POST", f"task/{task}/picture", changed, 204)
    (after,) = await listed(edge, job)
    assert before["large"] != after["large"]
    assert (await edge.http.get(before["large"])).status_code == 404
    assert (await edge.http.get(after["large"])).content == LARGE + b"!"


async def test_the_newest_pictures_of_the_farm_are_listed(edge, job, anna, task):
    for frame in (1, 2, 3):
        await anna.says("POST", f"task/{task}/picture", picture(frame), 204)
    broken = {"lease": 1, "frame": 4, "reason": "broken"}
    await anna.says("POST", f"task/{task}/picture", broken, 204)
    added = picture(3, output="passes/glow")
    await anna.says("POST", f"task/{task}/picture", added, 204)
    newest = (await call(edge, "GET", "pictures?limit=2"))["pictures"]
    assert [each["frame"] for each in newest] == [3, 2]
    name = (await call(edge, "GET", f"jobs/{job}"))["name"]
    assert [(each["job_id"], each["job_name"]) for each in newest] == [(job, name)] * 2
    assert (await edge.http.get(newest[0]["large"])).content == LARGE
    await call(edge, "GET", "pictures?limit=0", status=400)


async def test_the_pictures_of_one_frame_can_be_asked_for(edge, job, anna, task):
    for frame in (2, 1):
        await anna.says("POST", f"task/{task}/picture", picture(frame), 204)
    assert [each["frame"] for each in await listed(edge, job)] == [1, 2]
    assert [each["frame"] for each in await listed(edge, job, "?frame=2")] == [2]


async def test_the_list_comes_in_pages_also_within_a_frame(edge, job, anna, task, monkeypatch):
    monkeypatch.setattr(frames, "PICTURES_AT_ONCE", 3)
    kept = [(-1, ""), (2, "left"), (2, "right"), (3, "")]
    for frame, output in reversed(kept):
        body = picture(frame, output=output)
        await anna.says("POST", f"task/{task}/picture", body, 204)
    whole = await call(edge, "GET", f"jobs/{job}/pictures")
    assert [(each["frame"], each["output"]) for each in whole["pictures"]] == kept
    assert "next" not in whole
    for limit in (1, 2, 3, 4):
        seen, query = [], ""
        while query is not None:
            page = await call(edge, "GET", f"jobs/{job}/pictures?limit={limit}{query}")
            assert 1 <= len(page["pictures"]) <= limit
            seen += page["pictures"]
            query = f"&after={page['next']}" if "next" in page else None
        assert seen == whole["pictures"]
    page = await call(edge, "GET", f"jobs/{job}/pictures?frame=2&limit=1")
    (last,) = await listed(edge, job, f"?frame=2&limit=1&after={page['next']}")
    assert last["output"] == "right"


async def test_a_page_begins_where_another_one_ended(edge, job):
    far = base64.urlsafe_b64encode(b'[99999999999999999999,"",0,""]').decode()
    for after in ("nowhere", "Mw==", far):
        await call(edge, "GET", f"jobs/{job}/pictures?after={after}", None, 400)


async def test_the_newest_picture_is_shown_in_full_size(edge, job, anna, task):
    await anna.says("POST", f"task/{task}/picture", picture(1, newest=text(NEWEST)), 204)
    shown = await call(edge, "GET", "jobs/last-rendered")
    names = dict(zip(("newest", "large", "small"), shown["suffixes"], strict=True))
    for kind, content in (("newest", NEWEST), ("large", LARGE), ("small", SMALL)):
        assert (await edge.http.get(f"{shown['base']}/{names[kind]}")).content == content


async def test_the_reason_why_there_is_no_picture_is_shown(edge, job, anna, task):
    body = {"lease": 1, "frame": 1, "reason": "it is a deep image"}
    await anna.says("POST", f"task/{task}/picture", body, 204)
    (kept,) = await listed(edge, job)
    assert kept["reason"] == "it is a deep image"
    assert "large" not in kept


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"lease": 2}, 409),
        ({"large": ""}, 400),
        ({"large": "", "small": ""}, 400),
        ({"large": text(b"<script>")}, 400),
        ({"large": text(b"\xff\xd8\xff" + bytes(30 * 2**10))}, 400),
        ({"small": text(b"\xff\xd8\xff" + bytes(8 * 2**10))}, 400),
        ({"small": "no Base64"}, 400),
        ({"frame": 2**63}, 400),
    ],
)
async def test_what_is_no_picture_of_that_lease_is_refused(edge, job, anna, task, changes, status):
    await anna.says("POST", f"task/{task}/picture", picture(1) | changes, status)
    assert await listed(edge, job) == []


async def test_only_names_of_pictures_are_looked_for(edge, job):
    base = f"/api/v3/jobs/{job}/pictures"
    for name, status in (("0" * 24, 404), ("..", 404), ("%2e%2e%2flog", 404), ("x" * 24, 400)):
        answer = await edge.http.get(f"{base}/{name}/large")
        assert answer.status_code in (status, 404), name
    assert (await edge.http.get(f"{base}/{'0' * 24}/huge")).status_code == 400
    gone = f"/api/v3/jobs/{NOBODY}/pictures/{'0' * 24}/large"
    assert (await edge.http.get(gone)).status_code == httpx.codes.NOT_FOUND
