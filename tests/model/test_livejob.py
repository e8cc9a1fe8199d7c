"""A job follows its tasks, and its tasks follow it, as the reference's tables say."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flamenco.model.jobs import APPROVAL, Job, Task
from flamenco.model.livejob import LiveJob
from flamenco.model.statuses import JobStatus, TaskStatus

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER, STILL_LATER = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
J, T = JobStatus, TaskStatus


def job_with(status: JobStatus, *tasks: TaskStatus, chain: bool = False) -> LiveJob:
    """A job whose tasks t1, t2, … have these statuses; in a chain, each needs the one before."""
    job = Job(id="j", name="job", type="test", status=status, created=NOW, updated=NOW)
    return LiveJob.of(
        job,
        [
            Task(
                id=f"t{number}",
                job_id="j",
                idx=number,
                name=f"task {number}",
                type="misc",
                status=task,
                depends_on=(f"t{number - 1}",) if chain and number > 1 else (),
                steps_total=2,
                created=NOW,
                updated=NOW,
            )
            for number, task in enumerate(tasks, 1)
        ],
    )


def move(live: LiveJob, task_id: str, status: TaskStatus):
    return live.move_task(attrs.evolve(live.tasks[task_id], status=status), NOW)


def statuses(live: LiveJob) -> list[TaskStatus]:
    return [task.status for task in live.tasks.values()]


@pytest.mark.parametrize(
    ("job", "tasks", "to", "expected"),
    [
        (J.QUEUED, [T.QUEUED, T.QUEUED], T.ACTIVE, J.ACTIVE),
        (J.QUEUED, [T.QUEUED, T.QUEUED], T.SOFT_FAILED, J.ACTIVE),
        (J.QUEUED, [T.QUEUED, T.QUEUED], T.COMPLETED, J.ACTIVE),
        (J.QUEUED, [T.QUEUED] * 20, T.FAILED, J.ACTIVE),
        (J.QUEUED, [T.QUEUED, T.QUEUED], T.CANCELED, J.QUEUED),
        (J.QUEUED, [T.FAILED, T.QUEUED], T.QUEUED, J.QUEUED),
        (J.ACTIVE, [T.COMPLETED, T.QUEUED], T.QUEUED, J.ACTIVE),
        (J.PAUSED, [T.QUEUED, T.QUEUED], T.COMPLETED, J.PAUSED),
        (J.PAUSED, [T.COMPLETED, T.PAUSED], T.QUEUED, J.PAUSED),
        (J.CANCEL_REQUESTED, [T.ACTIVE, T.QUEUED], T.FAILED, J.CANCEL_REQUESTED),
        (J.CANCELED, [T.CANCELED, T.CANCELED], T.FAILED, J.CANCELED),
        (J.ACTIVE, [T.ACTIVE, T.COMPLETED], T.COMPLETED, J.COMPLETED),
        (J.ACTIVE, [T.ACTIVE, T.QUEUED], T.COMPLETED, J.ACTIVE),
        (J.ACTIVE, [T.ACTIVE, T.COMPLETED], T.CANCELED, J.CANCELED),
        (J.ACTIVE, [T.ACTIVE, T.QUEUED], T.CANCELED, J.ACTIVE),
        (J.ACTIVE, [T.ACTIVE] + 19 * [T.QUEUED], T.FAILED, J.ACTIVE),
        (J.ACTIVE, [T.ACTIVE] + 9 * [T.QUEUED], T.FAILED, J.FAILED),
        (J.PAUSE_REQUESTED, [T.ACTIVE, T.PAUSED], T.COMPLETED, J.PAUSED),
        (J.PAUSE_REQUESTED, [T.ACTIVE, T.ACTIVE], T.COMPLETED, J.PAUSE_REQUESTED),
        (J.PAUSE_REQUESTED, [T.ACTIVE, T.PAUSED], T.PAUSED, J.PAUSED),
        (J.PAUSE_REQUESTED, [T.ACTIVE, T.COMPLETED], T.COMPLETED, J.COMPLETED),
        (J.CANCELED, [T.CANCELED, T.COMPLETED], T.COMPLETED, J.COMPLETED),
        (J.PAUSE_REQUESTED, [T.ACTIVE, T.PAUSED], T.CANCELED, J.PAUSED),
        (J.PAUSE_REQUESTED, [T.ACTIVE, T.COMPLETED], T.CANCELED, J.CANCELED),
        (J.FAILED, [T.ACTIVE, T.FAILED], T.FAILED, J.FAILED),
        (J.FAILED, [T.FAILED, T.CANCELED], T.QUEUED, J.QUEUED),
        (J.CANCELED, [T.CANCELED, T.CANCELED], T.QUEUED, J.QUEUED),
        (J.ACTIVE, [T.ACTIVE] + [T.COMPLETED] * 19, T.FAILED, J.FAILED),
        (J.ACTIVE, [T.ACTIVE, T.PAUSED], T.CANCELED, J.CANCELED),
    ],
)
def test_a_job_follows_its_first_task(job, tasks, to, expected):
    live = job_with(job, *tasks)
    move(live, "t1", to)
    assert live.job.status is expected


@pytest.mark.parametrize(
    ("before", "asked", "tasks", "expected_tasks", "expected"),
    [
        (
            J.ACTIVE,
            J.CANCEL_REQUESTED,
            [T.ACTIVE, T.QUEUED, T.SOFT_FAILED, T.COMPLETED, T.FAILED],
            [T.CANCELED, T.CANCELED, T.CANCELED, T.COMPLETED, T.FAILED],
            J.CANCELED,
        ),
        (
            J.ACTIVE,
            J.PAUSE_REQUESTED,
            [T.ACTIVE, T.QUEUED, T.SOFT_FAILED],
            [T.ACTIVE, T.PAUSED, T.PAUSED],
            J.PAUSE_REQUESTED,
        ),
        (J.QUEUED, J.PAUSE_REQUESTED, [T.QUEUED], [T.PAUSED], J.PAUSED),
        (J.PAUSED, J.REQUEUEING, [T.PAUSED, T.COMPLETED], [T.QUEUED, T.COMPLETED], J.QUEUED),
        (J.COMPLETED, J.REQUEUEING, [T.COMPLETED, T.COMPLETED], [T.QUEUED, T.QUEUED], J.QUEUED),
        (J.FAILED, J.REQUEUEING, [T.FAILED, T.CANCELED], [T.QUEUED, T.QUEUED], J.QUEUED),
        (
            J.FAILED,
            J.REQUEUEING,
            [T.ACTIVE, T.FAILED, T.SOFT_FAILED, T.PAUSED],
            [T.ACTIVE, T.QUEUED, T.QUEUED, T.QUEUED],
            J.QUEUED,
        ),
    ],
)
def test_tasks_follow_what_is_asked_of_their_job(before, asked, tasks, expected_tasks, expected):
    live = job_with(before, *tasks)
    live.move_job(asked, "a test", NOW)
    assert statuses(live) == expected_tasks
    assert live.job.status is expected


@pytest.mark.parametrize(
    ("asked", "tasks", "reason", "expected"),
    [
        (J.CANCEL_REQUESTED, [T.ACTIVE], "wrong camera", "canceled: wrong camera"),
        (J.CANCEL_REQUESTED, [T.ACTIVE], "", "canceled"),
        (J.CANCEL_REQUESTED, [T.ACTIVE], "paused: no", "canceled: paused: no"),
        (J.PAUSE_REQUESTED, [T.QUEUED], "lunch", "paused: lunch"),
        (J.PAUSE_REQUESTED, [T.ACTIVE], "lunch", "pause-requested: lunch"),
        (J.REQUEUEING, [T.FAILED], "mended", "queued: mended"),
    ],
)
def test_the_reason_that_somebody_gave_is_kept_on_the_way(asked, tasks, reason, expected):
    live = job_with(J.ACTIVE, *tasks)
    live.move_job(asked, reason, NOW)
    assert live.job.activity == expected


def test_the_reason_of_a_pause_is_kept_until_the_last_task_has_ended():
    live = job_with(J.ACTIVE, T.ACTIVE, T.QUEUED)
    live.move_job(J.PAUSE_REQUESTED, "lunch", NOW)
    move(live, "t1", T.COMPLETED)
    assert live.job.activity == "paused: lunch"


@pytest.mark.parametrize(
    ("activity", "expected"),
    [("cancel-requested: enough", "canceled: enough"), ("", "canceled"), ("odd", "canceled: odd")],
)
def test_a_job_that_was_left_on_its_way_keeps_the_reason_too(activity, expected):
    live = job_with(J.CANCEL_REQUESTED, T.CANCELED)
    live.job = attrs.evolve(live.job, activity=activity)
    live.repair(NOW)
    assert live.job.activity == expected


def test_requeueing_one_task_of_a_completed_job_requeues_all():
    live = job_with(J.COMPLETED, T.COMPLETED, T.COMPLETED)
    move(live, "t1", T.QUEUED)
    assert live.job.status is J.QUEUED
    assert statuses(live) == [T.QUEUED, T.QUEUED]


def test_requeueing_a_job_forgets_who_failed_what():
    live = job_with(J.FAILED, T.FAILED)
    live.tasks["t1"] = attrs.evolve(live.tasks["t1"], failed_by=("anna",))
    live.move_job(J.REQUEUEING, "a test", NOW)
    assert live.tasks["t1"].failed_by == ()


def test_who_looks_sees_when_a_job_and_its_tasks_changed():
    live = job_with(J.QUEUED, T.QUEUED, T.QUEUED)
    live.tasks["t1"] = attrs.evolve(live.tasks["t1"], failed_by=("anna",))
    live.move_task(attrs.evolve(live.tasks["t2"], status=T.ACTIVE), LATER)
    assert (live.job.status, live.job.updated) == (J.ACTIVE, LATER)
    live.move_job(J.REQUEUEING, "a test", STILL_LATER)
    assert live.tasks["t1"].updated == STILL_LATER


@pytest.mark.parametrize(("outcome", "expected"), [(T.COMPLETED, J.ACTIVE), (T.FAILED, J.FAILED)])
def test_only_an_approval_that_is_refused_fails_its_job(outcome, expected):
    live = job_with(J.ACTIVE, T.ACTIVE, *[T.QUEUED] * 19)
    live.move_task(attrs.evolve(live.tasks["t1"], type=APPROVAL, status=outcome), NOW)
    assert live.job.status is expected


def test_a_task_is_ready_when_all_it_depends_on_is_completed():
    live = job_with(J.ACTIVE, T.QUEUED, T.QUEUED, T.QUEUED, chain=True)
    assert [live.is_ready(each) for each in live.tasks] == [True, False, False]
    move(live, "t1", T.COMPLETED)
    assert [live.is_ready(each) for each in live.tasks] == [False, True, False]
    move(live, "t1", T.QUEUED)
    assert [live.is_ready(each) for each in live.tasks] == [True, False, False]


@pytest.mark.parametrize("status", sorted(set(JobStatus) - {J.QUEUED, J.ACTIVE}))
def test_no_task_is_ready_in_a_job_that_does_not_run(status):
    live = job_with(status, T.QUEUED)
    assert not live.is_ready("t1")


moves = st.tuples(st.integers(1, 4), st.sampled_from(TaskStatus))


@given(
    st.lists(st.sampled_from(TaskStatus), min_size=4, max_size=4),
    st.sampled_from(JobStatus),
    st.lists(st.one_of(moves, st.sampled_from(JobStatus)), max_size=12),
)
def test_counts_steps_and_dependencies_agree_with_the_tasks_after_any_changes(tasks, job, changes):
    live = job_with(job, *tasks, chain=True)
    live.job = attrs.evolve(live.job, steps_completed=0)
    for change in changes:
        if isinstance(change, JobStatus):
            live.move_job(change, "a test", NOW)
        else:
            move(live, f"t{change[0]}", change[1])
        fresh = LiveJob.of(live.job, live.tasks.values())
        assert +live.counts == +fresh.counts
        assert [live.is_ready(each) for each in live.tasks] == [
            fresh.is_ready(each) for each in live.tasks
        ]
        assert live.lanes.counts == fresh.lanes.counts
        assert live.job.steps_completed == sum(task.steps_completed for task in live.tasks.values())


def test_the_failures_of_a_worker_are_those_of_the_tasks_as_they_are():
    live = job_with(J.ACTIVE, T.ACTIVE, T.ACTIVE)
    for task_id in ("t1", "t2"):
        live.move_task(attrs.evolve(live.tasks[task_id], failed_by=("w1", "w2")), NOW)
    assert live.failures("w1", "misc") == 2
    assert live.failures("w1", "blender") == 0
    live.move_task(attrs.evolve(live.tasks["t1"], failed_by=("w2",)), NOW)
    assert live.failures("w1", "misc") == 1
    assert live.failures("w2", "misc") == 2
