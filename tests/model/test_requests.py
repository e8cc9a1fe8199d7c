"""A job, its tasks and its lanes stay consistent after any requests in any order."""

from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from flamenco.model.jobs import APPROVAL, Job, Task
from flamenco.model.livejob import LiveJob
from flamenco.model.statuses import (
    FINISHED_JOBS,
    JOB_REQUESTS,
    RUNNABLE_JOBS,
    RUNNABLE_TASKS,
    TASK_REQUESTS,
    JobStatus,
    TaskStatus,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PASSED_THROUGH = {JobStatus.REQUEUEING, JobStatus.CANCEL_REQUESTED}
OVER = {TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELED}

places = st.integers(0, 5)


class Requests(RuleBasedStateMachine):
    """A job of six tasks under requests, leases and their ends."""

    @initialize(
        needs=st.lists(st.integers(0, 5), min_size=6, max_size=6),
        approval=places,
        percentage=st.sampled_from((10, 34, 100)),
        status=st.sampled_from((JobStatus.QUEUED, JobStatus.PAUSED)),
    )
    def submit(self, needs: list[int], approval: int, percentage: int, status: JobStatus) -> None:
        job = Job(id="j", name="job", type="test", status=status, created=NOW, updated=NOW)
        tasks = [
            Task(
                id=f"t{place}",
                job_id="j",
                idx=place + 1,
                name=f"task {place}",
                type=APPROVAL if place == approval else "misc",
                depends_on=(f"t{needed}",) if needed < place else (),
                created=NOW,
                updated=NOW,
            )
            for place, needed in enumerate(needs)
        ]
        self.live = LiveJob.of(job, tasks)
        self.live.failure_percentage = percentage
        self.held: set[str] = set()

    def _go(self, task_id: str, status: TaskStatus) -> None:
        self.live.move_task(attrs.evolve(self.live.tasks[task_id], status=status), NOW)
        self._withdraw()

    def _withdraw(self) -> None:
        """The work of the job's actor: leases of tasks that no longer run are over."""
        for task_id in sorted(self.held):
            if self.live.tasks[task_id].status is not TaskStatus.ACTIVE:
                self.held.discard(task_id)
                self.live.release(task_id, NOW)

    @rule(status=st.sampled_from(sorted(JOB_REQUESTS)))
    def ask_job(self, status: JobStatus) -> None:
        if self.live.job.status in JOB_REQUESTS[status]:
            self.live.move_job(status, "asked", NOW)
            self._withdraw()

    @rule(place=places, status=st.sampled_from(sorted(TASK_REQUESTS)))
    def ask_task(self, place: int, status: TaskStatus) -> None:
        task_id = f"t{place}"
        if self.live.tasks[task_id].status in TASK_REQUESTS[status]:
            self._go(task_id, status)

    @precondition(lambda self: bool(self.live.lanes))
    @rule()
    def lease(self) -> None:
        task = self.live.some_ready()
        assert task is not None
        self.live.hold(task.id)
        self.held.add(task.id)
        self._go(task.id, TaskStatus.ACTIVE)

    @precondition(lambda self: bool(self.held))
    @rule(
        data=st.data(),
        status=st.sampled_from(
            (TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.SOFT_FAILED, TaskStatus.QUEUED)
        ),
    )
    def end_lease(self, data: st.DataObject, status: TaskStatus) -> None:
        task_id = data.draw(st.sampled_from(sorted(self.held)))
        paused = self.live.job.status in (JobStatus.PAUSED, JobStatus.PAUSE_REQUESTED)
        if paused and status in RUNNABLE_TASKS:
            status = TaskStatus.PAUSED
        self.held.discard(task_id)
        self.live.release(task_id, NOW)
        self._go(task_id, status)

    @invariant()
    def the_counts_are_right(self) -> None:
        found = [task.status for task in self.live.tasks.values()]
        assert {each: found.count(each) for each in found} == {
            each: count for each, count in self.live.counts.items() if count
        }

    @invariant()
    def no_job_stays_in_passing(self) -> None:
        assert self.live.job.status not in PASSED_THROUGH

    @invariant()
    def a_completed_job_is_complete(self) -> None:
        complete = all(t.status is TaskStatus.COMPLETED for t in self.live.tasks.values())
        assert (self.live.job.status is JobStatus.COMPLETED) is complete

    @invariant()
    def nothing_runs_in_a_job_that_ended(self) -> None:
        if self.live.job.status in FINISHED_JOBS:
            assert not self.held
            assert not self.live.counts[TaskStatus.ACTIVE]

    @invariant()
    def a_job_that_goes_on_has_something_to_wait_for(self) -> None:
        if self.live.job.status in RUNNABLE_JOBS:
            assert self.held or self.live.lanes or self.live.approvals

    @invariant()
    def a_job_knows_how_many_of_its_tasks_wait_for_a_yes_or_no(self) -> None:
        assert self.live.job.approvals == len(self.live.approvals)

    @invariant()
    def a_pausing_job_has_something_that_runs(self) -> None:
        if self.live.job.status is JobStatus.PAUSE_REQUESTED:
            assert self.held

    @invariant()
    def ready_is_what_can_start(self) -> None:
        for place, task in enumerate(self.live.tasks.values()):
            can_start = (
                self.live.job.status in RUNNABLE_JOBS
                and task.status in RUNNABLE_TASKS
                and task.id not in self.held
                and all(
                    self.live.tasks[needed].status is TaskStatus.COMPLETED
                    for needed in task.depends_on
                )
            )
            waits = place in self.live.lanes._lane_of or task.id in self.live.approvals
            assert waits is can_start, task

    @invariant()
    def every_task_that_is_not_over_can_be_asked_something(self) -> None:
        for task in self.live.tasks.values():
            if task.status not in OVER:
                assert any(task.status in allowed for allowed in TASK_REQUESTS.values())


TestRequests = Requests.TestCase
TestRequests.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


MAY_BE_ASKED = {
    JobStatus: {
        "pause-requested": "active queued",
        "cancel-requested": "active failed pause-requested paused queued",
        "requeueing": "canceled completed failed paused",
    },
    TaskStatus: {
        "canceled": "active paused queued soft-failed",
        "queued": "canceled completed failed soft-failed",
        "completed": "active canceled failed paused queued soft-failed",
        "failed": "active paused queued soft-failed",
    },
}


@pytest.mark.parametrize(
    ("kind", "requests"), [(JobStatus, JOB_REQUESTS), (TaskStatus, TASK_REQUESTS)]
)
def test_these_statuses_may_be_asked_of_jobs_and_tasks_in_those(kind, requests):
    allowed = {asked.value: " ".join(sorted(requests[asked])) for asked in requests}
    assert allowed == MAY_BE_ASKED[kind]
