"""When a job is likely to be done is told from its finished frames, and only from them."""

from datetime import UTC, datetime, timedelta
from statistics import mean, pvariance

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flamenco.model.eta import LONGEST, USUAL_VARIATION, Pace, eta
from flamenco.model.jobs import Job, Task
from flamenco.model.livejob import LiveJob
from flamenco.model.statuses import JobStatus, TaskStatus

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
T = TaskStatus
TIMES = st.floats(0.1, 10_000)


def after(times: list[float], *, left: int = 10, workers: int = 2) -> Pace:
    """The pace of a job whose frames took so long, the last of which has just finished."""
    pace = Pace(left=left, workers=workers)
    for seconds in times:
        pace = pace.measure(seconds, 1, NOW)
    return pace


def seconds(pace: Pace, now: datetime = NOW) -> tuple[float, float, float]:
    found = eta(pace, now)
    assert found is not None
    return tuple((each - NOW).total_seconds() for each in attrs.astuple(found))


@pytest.mark.parametrize(
    "lacks", [after([]), after([10.0], left=0), after([10.0], workers=0)], ids=str
)
def test_without_a_finished_frame_or_a_worker_there_is_no_estimate(lacks):
    assert eta(lacks, NOW) is None


def test_a_frame_that_was_finished_before_the_clock_was_put_back_counts_as_finished_now():
    pace = after([10.0] * 5)
    assert seconds(attrs.evolve(pace, finished=LATER)) == seconds(pace)


@given(st.lists(TIMES, min_size=1, max_size=20))
def test_mean_and_variation_are_those_of_all_times_together(times):
    pace = after(times)
    assert pace.mean == pytest.approx(mean(times))
    assert pace.squares == pytest.approx(pvariance(times) * len(times), rel=1e-6, abs=1e-3)


@given(TIMES, st.integers(1, 50))
def test_frames_of_a_chunk_count_as_so_many_equal_ones(time, frames):
    chunk, single = Pace().measure(time * frames, frames, NOW), after([time] * frames)
    assert (chunk.measured, chunk.finished) == (frames, NOW)
    assert chunk.mean == pytest.approx(single.mean)


@given(st.lists(TIMES, min_size=1, max_size=9), st.integers(1, 10_000), st.integers(1, 100))
def test_the_middle_lies_between_the_ends_and_nothing_lies_in_the_past(times, left, workers):
    for now in (NOW, LATER):
        found = eta(after(times, left=left, workers=workers), now)
        assert found is None or now <= found.earliest <= found.likely <= found.latest


@given(st.lists(TIMES, min_size=1, max_size=9), st.integers(2, 1000), st.integers(1, 50))
def test_more_frames_take_longer_and_more_workers_take_less(times, left, workers):
    usual = seconds(after(times, left=left, workers=workers))[1]
    assert seconds(after(times, left=left + 1, workers=workers))[1] >= usual
    more = seconds(after(times, left=left, workers=workers + 1))[1]
    assert more <= usual * (1 + 1e-9)


def test_one_worker_with_equal_frames_is_done_when_all_of_them_are():
    earliest, likely, latest = seconds(after([10.0] * 1000, left=6, workers=1))
    assert likely == pytest.approx(60.0)
    assert 59.0 < earliest < likely < latest < 61.0


def test_a_single_finished_frame_says_little():
    earliest, likely, latest = seconds(after([10.0], left=1, workers=1))
    assert (likely, likely - earliest) == pytest.approx((10.0, latest - likely))
    assert latest - likely > USUAL_VARIATION * 10.0


def test_a_frame_that_takes_longer_than_the_others_moves_the_estimate_on():
    pace = after([10.0] * 100, left=1, workers=1)
    assert seconds(pace, NOW + timedelta(seconds=5))[1] == pytest.approx(10.0)
    assert seconds(pace, LATER)[1] == 3600.0


def test_what_takes_ten_years_has_no_estimate():
    assert eta(after([LONGEST.total_seconds()], left=9), NOW) is None
    assert eta(after([1e11], left=2**62), NOW) is None


# What a job measures

JOB = Job(id="j", name="j", type="t", status=JobStatus.ACTIVE, created=NOW, updated=NOW)


def task(idx: int, frames: str, status: T = T.QUEUED) -> Task:
    return Task(
        id=f"t{idx}",
        job_id="j",
        idx=idx,
        name="task",
        type="blender",
        status=status,
        frames=frames,
        steps_total=1,
        started=NOW,
        created=NOW,
        updated=NOW,
    )


def completed(*tasks: Task) -> Pace:
    """The pace of a job whose first task is completed a minute later."""
    live = LiveJob.of(JOB, tasks)
    live.move_task(attrs.evolve(live.tasks["t1"], status=T.COMPLETED), NOW + timedelta(minutes=1))
    return live.job.pace


def test_the_frames_of_a_completed_task_took_equally_long():
    pace = completed(task(1, "1-4", T.ACTIVE), task(2, "5-8", T.ACTIVE), task(3, "9-12"))
    assert (pace.measured, pace.mean) == (4, 15.0)
    assert (pace.left, pace.workers) == (8, 1)


def test_a_task_that_makes_no_frames_of_a_job_that_has_some_does_not_count():
    assert completed(task(1, "", T.ACTIVE), task(2, "1")).measured == 0


def test_tasks_count_where_they_make_a_frame_together_and_where_there_are_none():
    tiles = completed(task(1, "1", T.ACTIVE), task(2, "1"), task(3, "1"))
    assert (tiles.measured, tiles.mean, tiles.left) == (1, 60.0, 2)
    others = completed(task(1, "", T.ACTIVE), task(2, ""))
    assert (others.measured, others.mean, others.left) == (1, 60.0, 1)


def test_a_task_that_a_person_completes_was_not_measured():
    live = LiveJob.of(JOB, [task(1, "1", T.ACTIVE), task(2, "2")])
    live.hold("t1")
    live.move_task(attrs.evolve(live.tasks["t1"], status=T.COMPLETED), LATER)
    assert live.job.pace.measured == 0


def test_failed_and_canceled_frames_are_not_left():
    live = LiveJob.of(JOB, [task(n, str(n)) for n in range(1, 5)])
    live.move_task(attrs.evolve(live.tasks["t1"], status=T.CANCELED), NOW)
    assert live.job.pace.left == 3


# Its beginning and end


def test_a_job_begins_with_its_first_task_ends_when_it_is_finished_and_begins_anew():
    live = LiveJob.of(attrs.evolve(JOB, status=JobStatus.QUEUED), [task(1, "1")])
    assert (live.job.started, live.job.ended) == (None, None)
    live.move_task(attrs.evolve(live.tasks["t1"], status=T.ACTIVE), NOW)
    assert (live.job.started, live.job.ended) == (NOW, None)
    live.move_task(attrs.evolve(live.tasks["t1"], status=T.COMPLETED), LATER)
    assert (live.job.started, live.job.ended) == (NOW, LATER)
    live.move_job(JobStatus.REQUEUEING, "again", LATER)
    assert (live.job.started, live.job.ended) == (None, None)
