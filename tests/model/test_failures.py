"""A task waits for those who could still run it, and for nobody else."""

from datetime import UTC, datetime

import attrs
import pytest

from flamenco.model.board import Kind
from flamenco.model.failures import after_failure, capable
from flamenco.model.statuses import JobStatus, TaskStatus, WorkerStatus
from tests.model.test_cleanup import worker
from tests.model.test_livejob import job_with

NOW = datetime(2026, 3, 1, tzinfo=UTC)


KNOWN = attrs.evolve(worker(WorkerStatus.OFFLINE, 100, 50), task_types=("misc",))


def known(**changes):
    """A worker that was here before."""
    return attrs.evolve(KNOWN, **changes)


@pytest.mark.parametrize("status", WorkerStatus)
def test_a_worker_counts_whatever_it_does_now(status):
    assert capable(known(status=status), Kind("misc"))


@pytest.mark.parametrize(
    "other",
    [
        known(deleted_at=NOW),
        known(task_types=("blender",)),
        known(last_seen=None),
        known(id="w1"),
    ],
    ids=["deleted", "of another task type", "registered and never seen", "failed it"],
)
def test_a_task_fails_when_nobody_else_could_run_it(other):
    live = job_with(JobStatus.ACTIVE, TaskStatus.ACTIVE, TaskStatus.QUEUED)
    failed = attrs.evolve(live.tasks["t1"], failed_by=("w1",))
    kind = Kind("misc", excluded=frozenset(failed.failed_by))
    assert after_failure(failed, kind, [other]).status is TaskStatus.FAILED
    assert after_failure(failed, kind, [other, known()]).status is TaskStatus.SOFT_FAILED
