"""Any request is answered with a code that was declared, and nothing breaks."""

import json
import re

import pytest

from flamenco.model.statuses import JobStatus
from tests.web.conftest import JOB, OPERATIONS

API = "/api/v3"
NOBODY = "00000000-0000-0000-0000-000000000000"
TYPED = {"Content-Type": "application/json"}


def with_settings(settings: str) -> bytes:
    return json.dumps(JOB | {"settings": "@"}).replace('"@"', settings).encode()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "expected JSON, got nothing"),
        (b"null", "Expected `object`"),
        (b"[]", "Expected `object`"),
        (b"{", "truncated"),
        (b'{"name": "\xff"}', "UTF-8"),
        (b'\xff\xfe{"name": "x"}', "malformed"),
        (b'{"name": "\\ud800"}', "request body"),
        (b'{"name": "x\x00"}', "malformed"),
        (b"[" * 40_000, "Expected `object`"),
        (with_settings('{"a":' * 40_000 + "1" + "}" * 40_000), "deeply"),
        (with_settings('{"a": 1e999}'), "out of range"),
        (with_settings('{"a": NaN}'), "malformed"),
        (b'{"name": 7}', "$.name"),
        (
            json.dumps(JOB | {"initial_status": "stopped"}).encode(),
            "'stopped' - at `$.initial_status`; expected active or cancel-requested or canceled or",
        ),
    ],
)
async def test_a_body_that_is_not_what_was_expected_is_refused_with_a_sentence(edge, content, word):
    answer = await edge.http.post(f"{API}/jobs", content=content, headers=TYPED)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("request body: ")
    assert word in answer.json()["message"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"jobs/{NOBODY}/setstatus", {"status": "cancel", "reason": ""}),
        ("jobs/bulk", {"ids": [NOBODY], "setstatus": {"status": "cancel", "reason": ""}}),
    ],
)
async def test_a_status_that_is_none_is_refused_with_all_that_are(edge, path, body):
    answer = await edge.http.post(f"{API}/{path}", json=body)
    assert answer.status_code == 400
    assert all(status.value in answer.json()["message"] for status in JobStatus)


async def test_a_path_that_is_none_is_named(edge):
    answer = await edge.http.get(f"{API}/api/v3/version")
    assert answer.json() == {"code": 404, "message": "there is no /api/v3/api/v3/version"}


@pytest.mark.parametrize(("pairs", "code"), [(45, 200), (55, 400), (450, 400)])
async def test_settings_are_taken_only_as_deep_as_they_can_be_shown(edge, pairs, code):
    nested = '{"message": "hi", "more": ' + '[{"x":' * pairs + "1" + "}]" * pairs + "}"
    answer = await edge.http.post(f"{API}/jobs", content=with_settings(nested), headers=TYPED)
    assert answer.status_code == code
    assert code == 200 or answer.json()["message"].startswith("settings: expected at most 100")
    shown = await edge.http.get(f"{API}/jobs")
    assert len(shown.json()["jobs"]) == (code == 200)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded"])
async def test_a_body_of_another_type_is_refused(edge, content_type):
    headers = {"Content-Type": content_type}
    answer = await edge.http.post(f"{API}/jobs", content=json.dumps(JOB), headers=headers)
    assert answer.status_code == 400
    assert "expected application/json" in answer.json()["message"]


async def test_a_body_needs_no_type_and_its_type_may_name_a_charset(edge):
    body = json.dumps(JOB)
    for headers in ({}, {"Content-Type": "application/json; charset=utf-8"}):
        answer = await edge.http.post(f"{API}/jobs/check", content=body, headers=headers)
        assert answer.status_code == 204


async def test_what_a_body_names_beside_what_is_known_is_ignored(edge):
    answer = await edge.http.post(f"{API}/jobs/check", json=JOB | {"colour": "blue"})
    assert answer.status_code == 204


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/jobs/nobody", 400),
        ("/jobs/%ED%A0%80", 400),
        ("/jobs/%00", 400),
        (f"/jobs/{NOBODY}%0A", 400),
        (f"/jobs/{NOBODY}", 404),
        (f"/tasks/{NOBODY[:-1]}", 400),
        ("/worker-mgt/workers/1", 400),
        ("/worker-mgt/tag/1", 400),
        ("/jobs/type/%00", 404),
        ("/configuration/variables/all/linux", 400),
        ("/configuration/variables/users/%ED%A0%80", 200),
        ("/jobs?archived=perhaps", 400),
        ("/jobs?archived=true&colour=blue", 200),
    ],
)
async def test_a_path_that_names_nothing_is_told_apart_from_one_that_cannot(edge, path, code):
    assert (await edge.http.get(API + path)).status_code == code


async def test_the_status_of_a_task_that_cannot_be_is_that_of_none(edge):
    change = {"status": "queued", "reason": ""}
    for task in ("nobody", NOBODY):
        answer = await edge.http.post(f"{API}/tasks/{task}/setstatus", json=change)
        assert answer.status_code == 404


async def test_a_method_that_a_path_does_not_have_is_refused_with_those_it_has(edge):
    for path in sorted({each.path for _, _, each in OPERATIONS}):
        has = {each.method for _, _, each in OPERATIONS if each.path == path}
        some_path = API + re.sub(r"<.+?>", "x", path)
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - has:
            answer = await edge.http.request(method, some_path)
            assert (answer.status_code, answer.json()["code"]) == (405, 405), (method, path)
            allowed = set(answer.headers["Allow"].split(", "))
            assert allowed - {"HEAD", "OPTIONS"} == has, (method, path)


async def test_a_word_that_has_a_path_of_its_own_is_no_id(edge):
    assert (await edge.http.head(f"{API}/jobs/check")).status_code == 405
    assert (await edge.http.get(f"{API}/jobs/check/tasks")).status_code == 404
    assert (await edge.http.get(f"{API}/jobs/checks")).status_code == 400


@pytest.mark.parametrize("path", ["live", "worker/session"])
async def test_who_asks_a_socket_over_plain_http_is_told_so(edge, path):
    answer = await edge.http.get(f"{API}/{path}")
    assert answer.status_code == 400
    assert "a WebSocket was expected" in answer.json()["message"]
