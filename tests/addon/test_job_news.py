"""What the add-on says of jobs that were sent, and how it keeps them."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from addon.flamenco import job_news, sent_jobs
from addon.flamenco.client import Client, JobState
from addon.flamenco.errors import FlamencoError
from addon.flamenco.sent_jobs import MOST, SentJob
from tests.addon.fake_manager import JOB, FakeManager

URL = "http://manager:8080/"


def sent(status: str, approvals: int = 0, job_id: str = JOB) -> SentJob:
    return SentJob(URL, job_id, "shot", status, approvals)


def state(status: str, approvals: int = 0) -> JobState:
    return JobState(JOB, status, "no camera", (), approvals=approvals)


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (sent("active"), state("completed"), ("INFO", 'Job "shot" is completed')),
        (sent("active"), state("failed"), ("WARNING", 'Job "shot" failed: no camera')),
        (sent("failed"), state("failed"), None),
        (sent("completed"), state("queued"), None),
        (sent("queued"), state("active", 2), ("WARNING", 'Job "shot" waits for approval')),
        (sent("active", 2), state("active", 1), None),
    ],
)
def test_an_artist_hears_of_ends_failures_and_approvals_once(
    before: SentJob, now: JobState, told: tuple[str, str] | None
) -> None:
    news = job_news.news(before, now)
    assert (news and (news.level, news.text)) == told


def test_progress_eta_and_picture_come_from_the_manager(manager: FakeManager) -> None:
    manager.picture = b"a picture"
    manager.state = {
        "status": "active",
        "frames": {"total": 40, "done": 12, "failed": 0, "active": 2, "are_tasks": False},
        "approvals": 1,
        "eta": {"likely": "2026-11-30T10:30:00Z"},
    }
    (answer,) = job_news.ask(Client(manager.url), [JOB], JOB)
    now = answer.state
    assert now is not None
    assert (now.done, now.total, now.approvals) == (12, 40, 1)
    assert now.likely == "2026-11-30T10:30:00Z"
    assert answer.picture == b"a picture"


def test_flamenco_3_tells_steps_instead_of_frames(manager: FakeManager) -> None:
    manager.state = {"status": "active", "steps_completed": 3, "steps_total": 7}
    (answer,) = job_news.ask(Client(manager.url), [JOB], "")
    assert answer.state is not None
    assert (answer.state.done, answer.state.total) == (3, 7)


def test_a_job_that_was_deleted_is_told_from_a_manager_in_trouble(manager: FakeManager) -> None:
    path = f"/api/v3/jobs/{JOB}"
    manager.refusals[path] = (404, {"code": 404, "message": "no such job"})
    assert job_news.ask(Client(manager.url), [JOB], JOB) == [job_news.Answer(JOB, None)]
    manager.refusals[path] = (503, None)
    with pytest.raises(FlamencoError):
        job_news.ask(Client(manager.url), [JOB], JOB)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>404 Not Found</html>",
        None,
        {"detail": "Not Found"},
        {"message": "no such route"},
        {"code": 5, "message": "not found"},
        {"code": 404},
        [404],
    ],
)
def test_what_another_server_does_not_find_is_not_gone(manager: FakeManager, body: object) -> None:
    manager.refusals[f"/api/v3/jobs/{JOB}"] = (404, body)
    with pytest.raises(FlamencoError):
        job_news.ask(Client(manager.url), [JOB], JOB)


@pytest.mark.parametrize("odd", [7, "x", {"a": 1}, [1], True])
def test_an_answer_of_another_shape_ends_nothing(manager: FakeManager, odd: object) -> None:
    base = "/api/v3/jobs/" + JOB
    manager.refusals[base] = (200, {"id": JOB, "status": "failed", "warnings": odd, "eta": odd})
    manager.refusals[f"{base}/tasks?status=failed&sort=updated&limit=1"] = (200, {"tasks": odd})
    manager.refusals[f"{base}/last-rendered"] = (200, {"base": "x", "suffixes": odd})
    with suppress(FlamencoError):
        (answer,) = job_news.ask(Client(manager.url), [JOB], JOB)
        assert answer.picture is None


def test_jobs_are_kept_beside_those_of_another_blender(tmp_path: Path) -> None:
    sent_jobs.save(tmp_path, [sent("queued", job_id="other")], frozenset())
    sent_jobs.save(tmp_path, [sent("active")], frozenset())
    assert [one.id for one in sent_jobs.load(tmp_path)] == [JOB, "other"]
    sent_jobs.save(tmp_path, [sent("active")], frozenset({(URL, "other")}))
    assert sent_jobs.load(tmp_path) == (sent("active"),)


def test_no_more_jobs_are_kept_than_the_newest(tmp_path: Path) -> None:
    for number in range(MOST + 5):
        sent_jobs.save(tmp_path, [sent("queued", job_id=str(number))], frozenset())
    ids = [one.id for one in sent_jobs.load(tmp_path)]
    assert ids == [str(number) for number in range(MOST + 4, 4, -1)]


@pytest.mark.parametrize(
    "content", ["", "{}", "[1]", '[{"url": 1}]', json.dumps([{"url": "ftp://x"}])]
)
def test_a_spoiled_list_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / sent_jobs.FILE_NAME).write_text(content)
    assert sent_jobs.load(tmp_path) == ()


def test_times_are_those_of_the_artists_clock() -> None:
    noon = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
    local = noon.astimezone()
    assert job_news.local_time("2026-11-30T12:00:00.123456Z", noon) == local.strftime("%H:%M")
    later = job_news.local_time("2026-12-09T12:00:00Z", noon)
    assert later.startswith("09 Dec")
    assert job_news.local_time("soon") == ""
