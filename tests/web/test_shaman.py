"""Shaman over a real socket: files sent once, checkouts, and clients that misbehave."""

import errno
import hashlib
import os

import pytest
import trio

from flamenco.config.manager import ManagerConfig, ShamanConfig
from flamenco.shaman.store import Incoming
from tests.patience import PATIENCE, until
from tests.shaman.conftest import everything
from tests.web.conftest import JOB, edge_at
from web.serving import Limits

API = "/api/v3/shaman"
SCENE, WOOD = b"scene" * 1000, b"wood"


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def place(content: bytes) -> str:
    return f"{API}/files/{sha(content)}/{len(content)}"


def spec(content: bytes, path: str = "x") -> dict:
    return {"sha": sha(content), "size": len(content), "path": path}


async def send(edge, content: bytes, **headers):
    return await edge.http.post(place(content), content=content, headers=headers)


async def status(edge, content: bytes) -> str:
    return (await edge.http.get(place(content))).json()["status"]


async def checkout(edge, path: str, *files: dict):
    body = {"checkoutPath": path, "files": files}
    return await edge.http.post(f"{API}/checkout/create", json=body)


def uploads(edge) -> list[str]:
    return everything(edge.storage / "shared" / "file-store" / "uploading")


class Connection:
    """A client that sends what and when it likes."""

    def __init__(self, edge) -> None:
        self._edge = edge

    async def __aenter__(self):
        host, port = self._edge.url.removeprefix("http://").split(":")
        self.stream = await trio.open_tcp_stream(host, int(port))
        return self

    async def __aexit__(self, *_) -> None:
        await self.stream.aclose()

    async def begin(self, content: bytes, sent: bytes = b"", *lines: str) -> None:
        """Announce a file and send some of it; the Manager has noticed when this is done."""
        await self.announce(content, sent, *lines)

        async def noticed() -> bool:
            return await status(self._edge, content) == "uploading"

        await until(noticed)

    async def announce(self, content: bytes, sent: bytes, *lines: str) -> None:
        """Announce a file and send some of it, whatever the Manager makes of that."""
        head = [
            f"POST {place(content)} HTTP/1.1",
            "Host: localhost",
            f"Content-Length: {len(content)}",
        ]
        await self.stream.send_all("\r\n".join([*head, *lines, "", ""]).encode() + sent)

    async def answer(self) -> bytes:
        with trio.fail_after(PATIENCE):
            return await self.stream.receive_some(1000)


async def test_files_are_sent_once_and_checked_out(edge):
    files = [spec(SCENE, "scene.blend"), spec(WOOD, "t/wood.png"), spec(WOOD, "t/copy.png")]
    asked = await edge.http.post(f"{API}/checkout/requirements", json={"files": files})
    assert asked.json() == {"files": [{**file, "status": "unknown"} for file in files[:2]]}
    for content in (SCENE, WOOD):
        assert await status(edge, content) == "unknown"
        assert (await send(edge, content)).status_code == 204
        assert await status(edge, content) == "stored"
    assert (await send(edge, SCENE)).status_code == 208
    asked = await edge.http.post(f"{API}/checkout/requirements", json={"files": files})
    assert asked.json() == {"files": []}
    made = [(await checkout(edge, "2026/job", *files)).json()["checkoutPath"] for _ in range(2)]
    assert made[0] == "2026/job"
    assert made[1].startswith("2026/job-")
    for path in made:
        assert (edge.storage / "shared" / "jobs" / path / "scene.blend").read_bytes() == SCENE


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "word"),
    [
        ("POST", "checkout/requirements", {}, 400, "files"),
        ("POST", "checkout/requirements", {"files": [{**spec(WOOD), "sha": "x"}]}, 400, "[0].sha"),
        ("POST", "checkout/requirements", {"files": [{**spec(WOOD), "size": -1}]}, 400, "[0].size"),
        ("POST", "checkout/create", {"files": []}, 400, "checkoutPath"),
        ("POST", "checkout/create", {"files": [], "checkoutPath": "../x"}, 400, "leaves"),
        ("POST", "checkout/create", {"files": [], "checkoutPath": "a?"}, 400, "contains ?"),
        (
            "POST",
            "checkout/create",
            {"files": [], "checkoutPath": "x" * 300},
            400,
            "can't be created",
        ),
        (
            "POST",
            "checkout/create",
            {"files": [spec(WOOD)], "checkoutPath": "x"},
            424,
            "not been sent",
        ),
        (
            "POST",
            "checkout/create",
            {"files": [spec(WOOD, "../x")], "checkoutPath": "x"},
            400,
            "leaves",
        ),
        ("GET", "files/nonsense/7", None, 400, "checksum: expected sha-256"),
        ("GET", f"files/{'a' * 64}%0A/7", None, 400, "checksum"),
        ("GET", f"files/{'a' * 64}/-7", None, 400, "filesize"),
        ("POST", f"files/{'a' * 64}/seven", None, 400, "filesize"),
        ("POST", f"files/{'../' * 21}a/7", None, 404, ""),
        ("POST", "files/nonsense/7", None, 400, "checksum"),
        ("PUT", f"files/{'a' * 64}/7", None, 405, ""),
    ],
)
async def test_bad_input_is_answered_with_a_sentence(edge, method, path, body, code, word):
    answer = await edge.http.request(method, f"{API}/{path}", json=body)
    assert answer.status_code == code, answer.text
    assert word in answer.json()["message"]
    assert uploads(edge) == []


@pytest.mark.parametrize("sent", [SCENE[:-1], b"S" + SCENE[1:], SCENE + b"x", b""])
async def test_what_is_not_the_announced_file_is_refused(edge, sent):
    answer = await edge.http.post(place(SCENE), content=sent)
    assert answer.status_code == 417
    assert await status(edge, SCENE) == "unknown"
    assert uploads(edge) == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("scene.blend", 204),
        ("=?UTF-8?q?sch=C3=B6n.blend?=", 204),
        ("=?utf-8?b?c2Now7ZuLmJsZW5k?=", 204),
        ("=?utf-8?b?c?=", 400),
        ("=?klingon?q?x?=", 400),
        ("=?utf-8?q?=FF?=", 400),
        (b"sch\xf6n", 400),
    ],
)
async def test_the_original_name_is_decoded(edge, name, code):
    answer = await send(edge, SCENE, **{"X-Shaman-Original-Filename": name})
    assert answer.status_code == code


async def test_the_header_that_defers_is_a_yes_or_no(edge):
    answer = await send(edge, SCENE, **{"X-Shaman-Can-Defer-Upload": "perhaps"})
    assert answer.status_code == 400
    assert "x_shaman_can_defer_upload" in answer.json()["message"]


async def test_of_two_clients_with_one_file_the_slower_is_deferred_or_told_that_it_is_done(edge):
    async with Connection(edge) as slow:
        await slow.begin(SCENE, SCENE[:10])
        deferred = await send(edge, SCENE, **{"X-Shaman-Can-Defer-Upload": "true"})
        assert deferred.status_code == 425
        assert (await send(edge, SCENE)).status_code == 204
        assert (await slow.answer()).startswith(b"HTTP/1.1 208")
    assert await status(edge, SCENE) == "stored"
    assert uploads(edge) == []


async def test_an_upload_that_breaks_off_leaves_nothing(edge):
    large = SCENE * 1000
    async with Connection(edge) as broken:
        await broken.begin(large, large[:10])

        async def arriving() -> bool:
            return len(uploads(edge)) > 0

        await until(arriving)

    async def gone() -> bool:
        return uploads(edge) == [] and await status(edge, large) == "unknown"

    await until(gone)


async def test_an_upload_that_stalls_is_ended(tmp_path):
    async with edge_at(tmp_path, limits=Limits(stall=0.3, linger=0.1)) as edge:
        async with Connection(edge) as stalled:
            await stalled.announce(SCENE, SCENE[:10])
            assert (await stalled.answer()).startswith(b"HTTP/1.1 408")
        assert uploads(edge) == []
        assert await status(edge, SCENE) == "unknown"


@pytest.mark.parametrize("path", ["jobs", "shaman/checkout/create", "worker/register-worker"])
async def test_a_body_that_does_not_come_in_time_is_answered_and_let_go(tmp_path, path):
    limits = Limits(body_seconds=0.2, linger=0.1)
    async with edge_at(tmp_path, limits=limits) as edge, Connection(edge) as slow:
        head = f"POST /api/v3/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{{"
        await slow.stream.send_all(head.encode())
        with trio.fail_after(PATIENCE):
            answer = b"".join([part async for part in slow.stream])
        assert answer.startswith(b"HTTP/1.1 408")
        assert b'{"code":408,' in answer


async def test_a_full_disk_is_answered_and_leaves_nothing(edge, monkeypatch):
    def full(self, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(Incoming, "write", full)
        answer = await send(edge, SCENE)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "1"
        assert "No space left" in answer.json()["message"]
    assert uploads(edge) == []
    assert (await send(edge, SCENE)).status_code == 204


async def test_while_shaman_is_off_all_of_it_answers_503(tmp_path):
    async with edge_at(tmp_path, ManagerConfig(shaman=ShamanConfig(enabled=False))) as edge:
        answers = [
            await edge.http.post(f"{API}/checkout/requirements", json={"files": []}),
            await checkout(edge, "job"),
            await edge.http.get(place(WOOD)),
            await send(edge, WOOD),
        ]
        assert [answer.status_code for answer in answers] == [503] * 4
        assert all("not enabled" in answer.json()["message"] for answer in answers)
        for path in ("configuration", "configuration/shared-storage/users/linux"):
            assert (await edge.http.get(f"/api/v3/{path}")).json()["shamanEnabled"] is False


async def test_a_stop_of_the_manager_ends_uploads_and_leaves_nothing(edge):
    async with Connection(edge) as slow:
        await slow.begin(SCENE, SCENE[:10])
        edge.stop.set()

        async def gone() -> bool:
            return uploads(edge) == []

        await until(gone)


async def test_the_checkout_of_a_job_goes_with_it_unless_another_job_uses_it(edge):
    await send(edge, WOOD)
    paths = ["one", "two/one"]
    jobs = []
    for path in (*paths, "two/one"):
        if path not in [each for each, _ in jobs]:
            assert (await checkout(edge, path, spec(WOOD))).status_code == 200
        job = {**JOB, "storage": {"shaman_checkout_id": path}}
        jobs.append((path, (await edge.http.post("/api/v3/jobs", json=job)).json()["id"]))

    async def deleted(job: str) -> None:
        info = await edge.http.get(f"/api/v3/jobs/{job}/what-would-delete-do")
        assert info.json() == {"shaman_checkout": True}
        assert (await edge.http.delete(f"/api/v3/jobs/{job}")).status_code == 204

        async def gone() -> bool:
            return (await edge.http.get(f"/api/v3/jobs/{job}")).status_code == 404

        await until(gone)

    root = edge.storage / "shared" / "jobs"
    await deleted(jobs[0][1])
    assert everything(root) == ["two", "two/one", "two/one/x"]
    await deleted(jobs[1][1])
    assert (root / "two" / "one" / "x").read_bytes() == WOOD
    await deleted(jobs[2][1])
    assert everything(root) == []
    assert await status(edge, WOOD) == "stored"
