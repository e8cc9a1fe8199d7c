"""Jobs and workers that are old enough are cleaned up, and nothing else."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flamenco.model.cleanup import due_jobs, due_workers
from flamenco.model.jobs import Job
from flamenco.model.statuses import FINISHED_JOBS, JobStatus, WorkerStatus
from flamenco.model.workers import Worker

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = 86_400.0


def job(age: float, status: JobStatus = JobStatus.COMPLETED, **more) -> Job:
    """A job that last changed so many seconds ago."""
    then = NOW - timedelta(seconds=age)
    return Job(id="j", name="j", type="t", status=status, created=then, updated=then, **more)


def worker(status: WorkerStatus, created: float, seen: float | None = None) -> Worker:
    """A worker that was made, and last seen, so many seconds ago."""
    made = NOW - timedelta(seconds=created)
    return Worker(
        id="w",
        name="w",
        secret_hash="",
        platform="linux",
        task_types=(),
        status=status,
        created=made,
        updated=made,
        last_seen=None if seen is None else NOW - timedelta(seconds=seen),
    )


class TestJobs:
    @pytest.mark.parametrize("status", JobStatus)
    def test_only_finished_ones_go(self, status):
        old = job(10 * DAY, status)
        finished = (old,) if status in FINISHED_JOBS else ()
        assert due_jobs([old], NOW, DAY, 0).archive == finished
        assert due_jobs([old], NOW, 0, DAY).delete == finished

    @pytest.mark.parametrize(("age", "goes"), [(DAY - 1, False), (DAY, True), (DAY + 1, True)])
    def test_they_go_when_their_time_is_over(self, age, goes):
        assert bool(due_jobs([job(age)], NOW, DAY, 0).archive) is goes
        assert bool(due_jobs([job(age)], NOW, 0, DAY).delete) is goes

    def test_nought_means_never(self):
        due = due_jobs([job(1000 * DAY)], NOW, 0, 0)
        assert (due.archive, due.delete) == ((), ())

    def test_those_to_keep_stay(self):
        due = due_jobs([job(9 * DAY, keep=True)], NOW, DAY, DAY)
        assert (due.archive, due.delete) == ((), ())

    def test_what_is_archived_or_being_deleted_is_not_again(self):
        archived = job(9 * DAY, archived_at=NOW)
        assert due_jobs([archived], NOW, DAY, 0).archive == ()
        assert due_jobs([archived], NOW, DAY, DAY).delete == (archived,)
        leaving = job(9 * DAY, delete_requested_at=NOW)
        assert due_jobs([leaving], NOW, 0, DAY).delete == ()

    @given(
        ages=st.lists(st.floats(0, 30 * DAY), max_size=5),
        archive=st.floats(0, 30 * DAY),
        delete=st.floats(0, 30 * DAY),
    )
    def test_none_is_archived_that_is_deleted(self, ages, archive, delete):
        jobs = [attrs.evolve(job(age), id=str(place)) for place, age in enumerate(ages)]
        due = due_jobs(jobs, NOW, archive, delete)
        assert not {each.id for each in due.archive} & {each.id for each in due.delete}


class TestWorkers:
    @pytest.mark.parametrize("status", WorkerStatus)
    def test_only_those_go_that_are_gone(self, status):
        old = worker(status, 9 * DAY, 8 * DAY)
        gone = status in (WorkerStatus.OFFLINE, WorkerStatus.ERROR)
        assert due_workers([old], NOW, DAY) == ([old] if gone else [])

    def test_the_time_counts_from_when_it_was_last_seen(self):
        assert due_workers([worker(WorkerStatus.OFFLINE, 9 * DAY, DAY / 2)], NOW, DAY) == []
        assert due_workers([worker(WorkerStatus.OFFLINE, 9 * DAY, DAY)], NOW, DAY)

    def test_one_that_never_came_goes_after_its_making(self):
        assert due_workers([worker(WorkerStatus.OFFLINE, DAY / 2)], NOW, DAY) == []
        assert due_workers([worker(WorkerStatus.OFFLINE, DAY)], NOW, DAY)

    def test_nought_means_never(self):
        assert due_workers([worker(WorkerStatus.OFFLINE, 999 * DAY)], NOW, 0) == []
