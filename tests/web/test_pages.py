"""Files that the Manager serves beside its API (reference api §1)."""

from threading import Lock
from uuid import uuid4

import pytest

from flamenco.logs import job_folder
from flamenco.logs.packed import pack
from tests.web.conftest import JOB
from web import pages


@pytest.mark.parametrize(
    ("path", "code", "location"),
    [
        ("/", 307, "/app/"),
        ("/app", 307, "/app/"),
        ("/flamenco3-addon.zip", 308, "/flamenco-addon.zip"),
    ],
)
async def test_old_places_lead_to_the_new_ones(edge, path, code, location):
    answer = await edge.http.get(path)
    assert answer.status_code == code
    assert answer.headers["location"] == location


@pytest.mark.parametrize(
    ("path", "kind", "start"),
    [
        ("/app/", "text/html", b"<!doctype html>"),
        ("/app/jobs/7", "text/html", b"<!doctype html>"),
        ("/flamenco-addon.zip", "application/zip", b"PK"),
        ("/extensions/index.json", "application/json", b"{"),
        ("/extensions/flamenco-addon.zip", "application/zip", b"PK"),
        ("/favicon.svg", "image/svg+xml", b"<svg"),
        ("/favicon.png", "image/png", b"\x89PNG"),
        ("/favicon.ico", "image/png", b"\x89PNG"),
        ("/api/v3/openapi3.json", "application/json", b"{"),
        ("/api/v3/swagger-ui/", "text/html", b"<!doctype html>"),
        ("/upnp/description.xml", "text/xml", b"<?xml"),
    ],
)
async def test_a_file_is_served_as_what_it_is(edge, path, kind, start):
    answer = await edge.http.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    assert answer.content[: len(start)].lower() == start.lower()
    assert (await edge.http.head(path)).status_code == 200


async def test_logs_and_pictures_are_served_as_they_lie(edge):
    job = (await edge.http.post("/api/v3/jobs", json=JOB)).json()["id"]
    folder = edge.storage / "local" / job_folder(job)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "task-x.txt").write_text("größer\n", "utf-8")
    answer = await edge.http.get(f"/job-files/{job_folder(job)}/task-x.txt")
    assert answer.text == "größer\n"
    assert answer.headers["content-type"].lower() == "text/plain; charset=utf-8"
    for name in ("last-rendered.jpg", "last-rendered-small.jpg", "last-rendered-tiny.jpg"):
        (folder / name).write_bytes(b"\xff\xd8picture")
    info = (await edge.http.get(f"/api/v3/jobs/{job}/last-rendered")).json()
    assert info["base"] == f"/job-files/job-{job[:4]}/{job}"
    for suffix in info["suffixes"]:
        picture = await edge.http.get(f"{info['base']}/{suffix}")
        assert picture.headers["content-type"] == "image/jpeg"
        assert picture.content == b"\xff\xd8picture"
        part = await edge.http.get(f"{info['base']}/{suffix}", headers={"Range": "bytes=2-"})
        assert (part.status_code, part.content) == (206, b"picture")
    assert (await edge.http.get(f"/job-files/{job_folder(job)}")).status_code == 404
    assert (await edge.http.get("/job-files/")).status_code == 404


RANGES = [
    {},
    {"Range": "bytes=0-9"},
    {"Range": "bytes=1048570-1048590"},
    {"Range": "bytes=1500000-"},
    {"Range": "bytes=-7"},
    {"Range": "bytes=9999999-"},
]


async def test_a_compressed_log_is_served_as_before(edge):
    job = (await edge.http.post("/api/v3/jobs", json=JOB)).json()["id"]
    folder = edge.storage / "local" / job_folder(job)
    url = f"/job-files/{job_folder(job)}/task-x.txt"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "task-x.txt").write_bytes(b"".join(b"line %d\n" % each for each in range(200_000)))
    wanted = [await edge.http.get(url, headers=each) for each in RANGES]
    assert [each.status_code for each in wanted] == [200, 206, 206, 206, 206, 416]
    assert pack(folder / "task-x.txt", Lock())
    for headers, before in zip(RANGES, wanted, strict=True):
        answer = await edge.http.get(url, headers=headers)
        assert (answer.status_code, answer.content) == (before.status_code, before.content)
        for name in ("content-type", "content-length", "content-range", "etag", "accept-ranges"):
            assert answer.headers.get(name) == before.headers.get(name)
    head = await edge.http.head(url)
    assert head.headers["content-length"] == wanted[0].headers["content-length"]
    known = {"If-None-Match": wanted[0].headers["etag"]}
    assert (await edge.http.get(url, headers=known)).status_code == 304
    for name in ("task-y.txt", "task-%00.txt", "task-.txt"):
        assert (await edge.http.get(url.replace("task-x.txt", name))).status_code == 404


async def test_the_log_of_a_task_is_told_once_there_is_one(edge):
    job = (await edge.http.post("/api/v3/jobs", json=JOB)).json()["id"]
    task = (await edge.http.get(f"/api/v3/jobs/{job}/tasks")).json()["tasks"][0]["id"]
    for what in ("log", "logtail"):
        assert (await edge.http.get(f"/api/v3/tasks/{task}/{what}")).status_code == 204
    change = {"status": "canceled", "reason": "enough"}
    assert (await edge.http.post(f"/api/v3/tasks/{task}/setstatus", json=change)).status_code == 204
    info = (await edge.http.get(f"/api/v3/tasks/{task}/log")).json()
    url = f"/job-files/job-{job[:4]}/{job}/task-{task}.txt"
    text = (await edge.http.get(url)).text
    assert info == {"task_id": task, "job_id": job, "url": url, "size": len(text.encode())}
    tail = await edge.http.get(f"/api/v3/tasks/{task}/logtail")
    assert tail.headers["content-type"] == "text/plain; charset=utf-8"
    assert tail.text == text
    assert "enough" in text


@pytest.mark.parametrize("place", ["flamenco-manager.sqlite", "job-abcd/x.txt", "other/{}/x.txt"])
async def test_what_else_lies_in_the_local_storage_is_served_to_nobody(edge, place):
    path = edge.storage / "local" / place.format(uuid4())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("secret")
    url = f"/job-files/{path.relative_to(edge.storage / 'local').as_posix()}"
    assert (await edge.http.get(url)).status_code == 404


async def test_a_manager_without_a_built_page_says_how_to_build_it(edge, tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "STATIC", tmp_path / "static")
    answer = await edge.http.get("/app/")
    assert "This Manager has no page" in answer.text
    assert "`uv sync --reinstall-package flamenco` builds it" in answer.text
    assert (await edge.http.get("/api/v3/version")).status_code == 200
