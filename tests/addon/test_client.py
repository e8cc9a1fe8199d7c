"""The add-on's reading of a Manager's answers, and of answers by other servers."""

import json
import queue
import socket
import subprocess
import sys
import threading
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import pytest

from addon.flamenco import background, client, manager_info
from addon.flamenco.client import Client, normal_url
from addon.flamenco.errors import (
    Aborted,
    FlamencoError,
    JobRejected,
    JobTypeOutdated,
    ManagerBusy,
    ManagerRefused,
    ManagerUnreachable,
    UnexpectedAnswer,
)
from tests.addon.fake_manager import FakeManager
from tests.patience import PATIENCE

KEY = "5f1c1f7e-0f55-4c0c-8f43-8a5f0e9b2b1d"
JOB = {"name": "n", "type": "simple-blender-render"}


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("http://localhost:8080/", "http://localhost:8080/"),
        (" manager:8080 ", "http://manager:8080/"),
        ("https://farm.example/flamenco", "https://farm.example/flamenco/"),
        ("192.168.0.2:8080//", "http://192.168.0.2:8080/"),
        ("http://[::1]:8080", "http://[::1]:8080/"),
    ],
)
def test_addresses_are_taken_as_people_type_them(typed: str, url: str) -> None:
    assert normal_url(typed) == url


def test_the_managers_warnings_come_with_its_answer(manager: FakeManager) -> None:
    assert Client(manager.url).submit_job(JOB, KEY).warnings == ()
    manager.warnings = ["missing file /share/wood.png"]
    assert Client(manager.url).submit_job(JOB, KEY).warnings == ("missing file /share/wood.png",)


def test_a_job_that_failed_is_told_with_the_reason_of_its_first_failed_task(
    manager: FakeManager,
) -> None:
    client = Client(manager.url)
    sent = client.submit_job(JOB, KEY)
    assert (sent.status, sent.is_finished) == ("queued", False)
    manager.state = {"status": "failed", "activity": "1 of 4 tasks failed"}
    assert client.job(sent.id).activity == "1 of 4 tasks failed"
    manager.failed = {"name": "render-3", "activity": "the scene has no camera"}
    found = client.job(sent.id)
    assert (found.activity, found.is_finished) == ("render-3: the scene has no camera", True)


@pytest.mark.parametrize(
    "typed", ["", "http://", "ftp://manager/", "file:///etc/passwd", "http://m:x/", "http://[x/"]
)
def test_what_is_no_http_address_is_refused(typed: str) -> None:
    with pytest.raises(ManagerUnreachable):
        Client(typed)


def test_everything_is_fetched_with_four_questions(manager: FakeManager) -> None:
    manager.tags = [{"id": "1", "name": "GPU", "description": "has one"}]
    info = manager_info.fetch(Client(manager.url), "windows")
    assert manager.paths == [
        "GET /api/v3/version",
        "GET /api/v3/configuration/shared-storage/users/windows",
        "GET /api/v3/jobs/types",
        "GET /api/v3/worker-mgt/tags",
    ]
    assert (info.name, info.short_version) == ("Fake", "4.0.0.dev0")
    assert info.storage == str(manager.storage)
    assert info.worker_tags == (manager_info.WorkerTag("1", "GPU", "has one"),)
    assert info.job_type("simple-blender-render") is not None
    assert info.job_type("gone") is None


def test_what_was_fetched_is_the_same_after_saving_and_loading(
    manager: FakeManager, tmp_path: Path
) -> None:
    info = manager_info.fetch(Client(manager.url), "linux")
    manager_info.save(tmp_path, info)
    assert manager_info.load(tmp_path) == info
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == [manager_info.CACHE_NAME]


def test_a_name_belongs_to_the_manager_that_told_it(manager: FakeManager, tmp_path: Path) -> None:
    info = manager_info.fetch(Client(manager.url), "linux")
    assert info.name_at(manager.url) == "Fake"
    assert info.name_at("http://other:8080/") == "http://other:8080/"
    manager_info.save(tmp_path, info)
    loaded = manager_info.load(tmp_path)
    assert loaded is not None
    assert loaded.name_at(manager.url) == manager.url  # nobody knows whose answers were kept


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", '{"flamenco_version": {}}'])
def test_a_cache_file_of_another_kind_is_ignored(tmp_path: Path, text: str) -> None:
    (tmp_path / manager_info.CACHE_NAME).write_text(text)
    assert manager_info.load(tmp_path) is None


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"job_types": [{"name": "x"}]}, {"job_types": None}]
)
def test_an_answer_of_another_shape_is_not_a_managers(manager: FakeManager, answer: object) -> None:
    manager.refusals["/api/v3/jobs/types"] = (200, answer)
    with pytest.raises(UnexpectedAnswer):
        manager_info.fetch(Client(manager.url), "linux")


@pytest.mark.parametrize(
    ("status", "body", "error", "text"),
    [
        (412, {"code": 412, "message": "etag"}, JobTypeOutdated, "Refresh from Manager"),
        (400, {"code": 400, "message": "bad frames"}, JobRejected, "HTTP 400): bad frames"),
        (400, {"message": "priority too high"}, JobRejected, "priority too high"),
        (500, None, JobRejected, "HTTP 500): Internal Server Error"),
        (501, ["no", "object"], JobRejected, "HTTP 501): Not Implemented"),
    ],
)
def test_a_refused_job_tells_why(
    manager: FakeManager, status: int, body: object, error: type[FlamencoError], text: str
) -> None:
    manager.refusals["/api/v3/jobs"] = (status, body)
    with pytest.raises(error) as caught:
        Client(manager.url).submit_job(JOB, KEY)
    assert text in str(caught.value)


def test_a_page_that_is_no_manager_is_told_with_its_status(manager: FakeManager) -> None:
    with pytest.raises(ManagerRefused, match="HTTP 404"):
        Client(f"{manager.url}wiki/").version()


def test_a_manager_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ASK_TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(ManagerUnreachable, match="timed out"):
            Client(f"http://127.0.0.1:{port}/").version()


def test_proxies_of_the_environment_are_not_used(
    manager: FakeManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    assert Client(manager.url).version()["name"] == "Fake"


def test_a_flow_gets_results_and_errors_of_its_background_calls() -> None:
    def flow() -> background.Flow[list[object]]:
        answer = yield from background.in_background(lambda: json.loads("[1]"))
        try:
            yield from background.in_background(lambda: json.loads("["))
        except ValueError as ex:
            return [answer, type(ex).__name__]
        return []

    assert background.run(flow()) == [[1], "JSONDecodeError"]


def test_a_submission_is_sent_again_with_its_key_when_the_answer_is_lost(
    manager: FakeManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAUSE", 0.01)
    manager.lose = 2
    assert Client(manager.url).submit_job(JOB, KEY).status == "queued"
    assert manager.keys == [KEY] * 3


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_submission_is_sent_again_with_its_key_while_the_manager_is_busy(
    manager: FakeManager, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(client, "PAUSE", 0.01)
    manager.refusals["/api/v3/jobs"] = (status, {"code": status, "message": "later"})

    def is_wanted() -> bool:
        if len(manager.keys) == 6:
            manager.refusals.clear()
        return True

    assert Client(manager.url).submit_job(JOB, KEY, is_wanted).status == "queued"
    assert manager.keys == [KEY] * 7


def test_a_submission_to_a_busy_manager_is_given_up_when_it_is_aborted_or_takes_too_long(
    manager: FakeManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager.refusals["/api/v3/jobs"] = (503, {"code": 503, "message": "disk full"})
    monkeypatch.setattr(client, "PAUSE", 0.01)
    with pytest.raises(ManagerBusy, match=r"HTTP 503\): disk full"):
        Client(manager.url).submit_job(JOB, KEY, lambda: False)
    assert len(manager.keys) == client.TRIES
    monkeypatch.setattr(client, "PATIENCE", -1.0)
    with pytest.raises(ManagerBusy):
        Client(manager.url).submit_job(JOB, KEY)
    assert len(manager.keys) == client.TRIES + 1


def test_the_job_of_an_aborted_submission_is_known_once_the_manager_is_no_longer_busy(
    manager: FakeManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAUSE", 0.01)
    manager.refusals["/api/v3/jobs"] = (504, {"code": 504, "message": "later"})

    def is_wanted() -> bool:
        if len(manager.keys) == 2:
            manager.refusals.clear()
        return False

    assert Client(manager.url).submit_job(JOB, KEY, is_wanted).status == "queued"
    assert manager.keys == [KEY] * 3


def test_threads_do_not_hold_up_the_end_of_blender() -> None:
    script = """
import threading
from addon.flamenco import background
begun, never = threading.Event(), threading.Event()
def hang(_):
    begun.set()
    never.wait()
background.begun(lambda: background.in_threads(hang, [1, 2, 3], 2))
begun.wait()
"""
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", script], cwd=root, check=True, timeout=PATIENCE)


def test_threads_give_results_in_order_and_begin_nothing_after_an_error() -> None:
    assert background.in_threads(str, range(5), 2) == ["0", "1", "2", "3", "4"]
    assert background.in_threads(str, [], 2) == []
    called: list[int] = []

    def fail(number: int) -> None:
        called.append(number)
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        background.in_threads(fail, range(5), 1)
    assert called == [0]


def test_an_answer_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ASK_TIMEOUT", 0.3)
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            near, _ = listener.accept()
            with near, suppress(OSError):
                near.recv(65536)
                near.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
                while not ended.wait(0.05):
                    near.sendall(b" ")

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            with pytest.raises(ManagerUnreachable, match="takes too long"):
                Client(f"http://127.0.0.1:{listener.getsockname()[1]}").version()
        finally:
            ended.set()
            thread.join()


def test_a_manager_that_hands_out_no_folders_is_told_apart(manager: FakeManager) -> None:
    assert Client(manager.url).hand_out_pack("n", KEY) == "jobs/2026-11-29-1"
    manager.refusals["/api/v3/jobs/packs"] = (405, {"code": 405, "message": "no"})
    assert Client(manager.url).hand_out_pack("n", KEY) is None


@pytest.mark.parametrize("status", [400, 404, 405])
def test_a_manager_that_keeps_nothing_by_keys_needs_no_giving_up(
    manager: FakeManager, status: int
) -> None:
    Client(manager.url).give_up(KEY)
    assert manager.given_up == [KEY]
    manager.refusals["/api/v3/jobs/packs"] = (status, {"code": status, "message": "no"})
    Client(manager.url).give_up(KEY)
    manager.refusals["/api/v3/jobs/packs"] = (500, {"code": 500, "message": "no"})
    with pytest.raises(ManagerRefused):
        Client(manager.url).give_up(KEY)


def test_a_flow_lets_blender_draw_between_slices_of_its_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(background, "SLICE", 0.0)
    flow = background.in_slices([1, None, 2])
    assert [next(flow) for _ in range(3)] == [background.PAUSED] * 3
    assert background.run(background.in_slices([1, None, 2])) == [1, 2]


@pytest.mark.parametrize("end", ["throw", "close"])
def test_what_a_flow_that_is_ended_no_longer_gets_is_undone(end: str) -> None:
    undone: queue.Queue[Future[str]] = queue.Queue()
    made = threading.Event()
    flow = background.in_background(lambda: made.wait(PATIENCE) and "made", undone.put)
    next(flow)
    if end == "close":
        flow.close()
    else:
        with pytest.raises(Aborted):
            flow.throw(Aborted())
    assert undone.empty()
    made.set()
    assert undone.get(timeout=PATIENCE).result() == "made"
