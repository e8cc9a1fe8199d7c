"""A task waits for those who could still run it, and for nobody else."""

from datetime import UTC, datetime

import attrs
import pytest

from flamenco.model.board import Kind
from flamenco.model.failures import after_block, after_failure, capable, hopeless, should_block
from flamenco.model.leases import blame
from flamenco.model.lifecycle import returned_to_pool
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


def test_a_worker_that_fails_a_task_again_is_still_one_worker():
    (task,) = job_with(JobStatus.ACTIVE, TaskStatus.ACTIVE).tasks.values()
    once = blame(task, "w1")
    assert once.failed_by == ("w1",)
    assert blame(once, "w1").failed_by == ("w1",)
    assert blame(once, "w2").failed_by == ("w1", "w2")


@pytest.mark.parametrize(
    ("failed_by", "limit", "expected"),
    [
        (("w1",), 2, TaskStatus.SOFT_FAILED),
        (("w1", "w2"), 2, TaskStatus.FAILED),
        (("w1", "w2"), 3, TaskStatus.SOFT_FAILED),
    ],
)
def test_so_many_workers_have_to_fail_a_task_as_the_limit_says(failed_by, limit, expected):
    live = job_with(JobStatus.ACTIVE, TaskStatus.ACTIVE)
    failed = attrs.evolve(live.tasks["t1"], failed_by=failed_by)
    assert after_failure(failed, Kind("misc"), [known()], limit).status is expected


@pytest.mark.parametrize(
    ("failures", "threshold", "expected"),
    [(0, 0, False), (9, 0, False), (1, 2, False), (2, 2, True), (3, 2, True)],
)
def test_a_worker_is_blocked_at_the_threshold(failures, threshold, expected):
    assert should_block(failures, threshold) is expected


def test_after_a_block_only_what_that_worker_failed_of_that_type_is_tried_again():
    failed, other = TaskStatus.FAILED, TaskStatus.SOFT_FAILED
    live = job_with(JobStatus.ACTIVE, failed, failed, failed, other)
    mine = attrs.evolve(live.tasks["t1"], failed_by=("w1", "w2"))
    of_another_type = attrs.evolve(live.tasks["t2"], failed_by=("w1",), type="blender")
    of_another_worker = attrs.evolve(live.tasks["t3"], failed_by=("w2",))
    waits = attrs.evolve(live.tasks["t4"], failed_by=("w1",))
    tasks = [mine, of_another_type, of_another_worker, waits]
    (again,) = after_block(tasks, "w1", "misc")
    assert (again.id, again.status, again.failed_by) == ("t1", TaskStatus.QUEUED, ("w2",))


def test_without_hope_are_waiting_tasks_that_all_capable_workers_have_failed():
    live = job_with(JobStatus.ACTIVE, *[TaskStatus.SOFT_FAILED] * 2, TaskStatus.ACTIVE)
    for task_id, failed_by in (("t1", ("w9",)), ("t2", ("w8",)), ("t3", ("w9",))):
        live.move_task(attrs.evolve(live.tasks[task_id], failed_by=failed_by), NOW)
    alone = [known(id="w9")]
    (vain,) = hopeless(live, "misc", alone)
    assert (vain.id, vain.status) == ("t1", TaskStatus.FAILED)
    assert hopeless(live, "misc", [*alone, known(id="w7")]) == []
    assert hopeless(live, "blender", alone) == []


@pytest.mark.parametrize("job", JobStatus)
def test_what_is_handed_back_waits_as_its_job_does(job):
    pauses = job in (JobStatus.PAUSE_REQUESTED, JobStatus.PAUSED)
    assert returned_to_pool(job) is (TaskStatus.PAUSED if pauses else TaskStatus.QUEUED)
