"""What is worth a notice, and what is not."""

from datetime import UTC, datetime

import attrs
import pytest

from flamenco.model.jobs import Job
from flamenco.model.notices import (
    LITTLE,
    LONGEST_NOTICE,
    Notice,
    NoticeKind,
    is_nearly_full,
    of_job,
    of_worker,
)
from flamenco.model.specs import Specs, Withheld
from flamenco.model.statuses import JobStatus, WorkerStatus
from flamenco.model.workers import Worker

NOW = datetime(2026, 1, 1, tzinfo=UTC)
JOB = Job(id="j", name="shot", type="t", status=JobStatus.ACTIVE, created=NOW, updated=NOW)
WORKER = Worker(
    id="w",
    name="anna",
    secret_hash="",
    platform="linux",
    status=WorkerStatus.AWAKE,
    created=NOW,
    updated=NOW,
)


def kinds(found) -> list[str]:
    return [str(kind) for kind, _ in found]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"status": JobStatus.COMPLETED}, ["job-done"]),
        ({"status": JobStatus.FAILED}, ["job-failed"]),
        ({"status": JobStatus.CANCELED}, ["job-canceled"]),
        ({"status": JobStatus.PAUSED}, []),
        ({"approvals": 2}, ["job-waits-for-approval"]),
        ({"priority": 3}, []),
    ],
)
def test_of_a_job_its_end_and_what_it_waits_for_are_told(changes, told):
    after = attrs.evolve(JOB, **changes)
    assert kinds(of_job(JOB, after)) == told
    assert kinds(of_job(after, attrs.evolve(after, activity="still"))) == []


def test_a_worker_is_lost_once():
    lost = attrs.evolve(WORKER, status=WorkerStatus.ERROR)
    assert kinds(of_worker(WORKER, lost)) == ["worker-lost"]
    assert kinds(of_worker(lost, lost)) == []
    assert kinds(of_worker(lost, attrs.evolve(lost, status=WorkerStatus.OFFLINE))) == []


def test_a_lost_worker_is_back_once():
    lost = attrs.evolve(WORKER, status=WorkerStatus.ERROR)
    back = attrs.evolve(WORKER, status=WorkerStatus.STARTING)
    assert kinds(of_worker(lost, back)) == ["worker-back"]
    assert kinds(of_worker(back, attrs.evolve(WORKER, status=WorkerStatus.AWAKE))) == []


def test_what_a_worker_can_no_longer_do_is_told_with_the_reason():
    withheld = Specs(withheld=(Withheld("blender", "it is not here"),))
    less = attrs.evolve(WORKER, specs=withheld)
    ((kind, text),) = of_worker(WORKER, less)
    assert (str(kind), "blender: it is not here" in text) == ("worker-withheld", True)
    assert kinds(of_worker(less, less)) == []


@pytest.mark.parametrize(
    ("free", "total", "told"),
    [(1, 2**40, True), (LITTLE, 2**50, False), (2**30, 2**33, False), (2**28, 2**33, True)],
)
def test_a_disk_is_nearly_full_if_share_and_amount_are_small(free, total, told):
    assert is_nearly_full(free, total) is told


def test_a_notice_is_no_longer_than_a_few_lines():
    at = datetime(2026, 1, 1, tzinfo=UTC)
    notice = Notice(id="1", at=at, kind=NoticeKind.JOB_DONE, text="x" * 2**20)
    assert len(notice.text) == LONGEST_NOTICE
