"""A job's frames are counted as they are listed, whichever tasks make them."""

from collections import Counter
from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flamenco.model.frames import frame_numbers, written
from flamenco.model.jobs import FrameCounts, Job, Task
from flamenco.model.livejob import LiveJob
from flamenco.model.statuses import FrameState, JobStatus, TaskStatus
from flamenco.model.tally import each_frame

NOW = datetime(2026, 1, 1, tzinfo=UTC)
F, T = FrameState, TaskStatus
JOB = Job(id="j", name="j", type="t", status=JobStatus.ACTIVE, created=NOW, updated=NOW)


def task(idx: int, frames: str, status: T = T.QUEUED, steps: int = 0, total: int = 0) -> Task:
    number = sum(1 for _ in frame_numbers(frames)) if frames else 1
    return Task(
        id=f"t{idx}",
        job_id="j",
        idx=idx,
        name=f"render-{frames}",
        type="blender",
        status=status,
        frames=frames,
        steps_completed=steps,
        steps_total=total or number,
        created=NOW,
        updated=NOW,
    )


def counts(*tasks: Task) -> FrameCounts:
    return LiveJob.of(JOB, tasks).job.frames


def listed(*tasks: Task) -> list[tuple[int, FrameState, str]]:
    frames, is_last = each_frame(tasks, -(10**7), 10**6)
    assert is_last
    return [(frame.number, frame.state, frame.task.id) for frame in frames]


def states(*tasks: Task) -> list[FrameState]:
    return [state for _, state, _ in listed(*tasks)]


def test_frames_of_a_chunk_are_done_one_after_the_other():
    chunk = task(1, "1-4", T.ACTIVE, steps=2)
    assert states(chunk) == [F.DONE, F.DONE, F.ACTIVE, F.QUEUED]
    assert counts(chunk) == FrameCounts(total=4, done=2, active=1)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (T.QUEUED, [F.DONE, F.QUEUED]),
        (T.SOFT_FAILED, [F.DONE, F.QUEUED]),
        (T.PAUSED, [F.DONE, F.QUEUED]),
        (T.ACTIVE, [F.DONE, F.ACTIVE]),
        (T.COMPLETED, [F.DONE, F.DONE]),
        (T.FAILED, [F.DONE, F.FAILED]),
        (T.CANCELED, [F.DONE, F.CANCELED]),
    ],
)
def test_what_was_saved_of_a_chunk_stays_done(status, expected):
    assert states(task(1, "8,9", status, steps=1)) == expected


def test_steps_of_other_commands_are_no_frames():
    assert states(task(1, "1-2", T.ACTIVE, steps=1, total=3)) == [F.ACTIVE, F.QUEUED]
    assert states(task(1, "1-2", T.ACTIVE, steps=1, total=1)) == [F.ACTIVE, F.QUEUED]


def test_a_job_without_frames_counts_its_tasks():
    tasks = [task(1, "", T.COMPLETED), task(2, "", T.ACTIVE), task(3, "", T.FAILED), task(4, "")]
    assert counts(*tasks) == FrameCounts(total=4, done=1, failed=1, active=1, are_tasks=True)
    assert str(counts(*tasks)) == "1 of 4 tasks"


def test_the_video_is_no_frame():
    assert counts(task(1, "1-2", T.COMPLETED), task(2, "")) == FrameCounts(total=2, done=2)


@pytest.mark.parametrize(
    ("tiles", "state", "deciding"),
    [
        ([T.COMPLETED, T.ACTIVE, T.QUEUED], F.ACTIVE, "t2"),
        ([T.COMPLETED, T.COMPLETED, T.QUEUED], F.QUEUED, "t3"),
        ([T.COMPLETED, T.FAILED, T.CANCELED], F.FAILED, "t2"),
        ([T.COMPLETED, T.COMPLETED, T.COMPLETED], F.DONE, "t3"),
    ],
)
def test_the_tiles_of_an_image_are_one_frame(tiles, state, deciding):
    tasks = [task(place, "40", status) for place, status in enumerate(tiles, 1)]
    assert listed(*tasks) == [(40, state, deciding)]
    assert counts(*tasks).total == 1


def test_views_that_tasks_make_apart_are_one_frame_each():
    left, right = task(1, "1-3", T.COMPLETED), task(2, "2-4", T.ACTIVE)
    assert states(left, right) == [F.DONE, F.ACTIVE, F.ACTIVE, F.ACTIVE]
    assert counts(left, right) == FrameCounts(total=4, done=1, active=3)


def test_a_page_begins_after_a_frame_and_ends_with_the_limit():
    tasks = [task(1, "5-7"), task(2, "1-3"), task(3, "10")]
    found, is_last = each_frame(tasks, 2, 3)
    assert ([frame.number for frame in found], is_last) == ([3, 5, 6], False)
    found, is_last = each_frame(tasks, 6, 2)
    assert ([frame.number for frame in found], is_last) == ([7, 10], True)
    found, is_last = each_frame([task(1, "1")], -5, 1)
    assert ([frame.number for frame in found], is_last) == ([1], True)


def test_a_page_of_a_long_chunk_is_made_without_the_rest():
    long = attrs.evolve(task(1, "1"), frames="1-1048574", steps_total=1048574)
    found, is_last = each_frame([long], 1_000_000, 2)
    assert ([frame.number for frame in found], is_last) == ([1_000_001, 1_000_002], False)


def test_a_damaged_range_stops_nothing():
    assert counts(attrs.evolve(task(1, "1"), frames="1-"), task(2, "2")).total == 1


RUNS = st.tuples(st.integers(-12, 12), st.integers(0, 4)).map(lambda run: (run[0], sum(run)))


@st.composite
def jobs(draw: st.DrawFn) -> list[Task]:
    """Tasks whose frames may be the same, and which are somewhere on their way."""
    made = []
    for place in range(1, draw(st.integers(1, 6)) + 1):
        runs = draw(st.lists(RUNS, max_size=2))
        frames = written(sorted({(n, n) for first, last in runs for n in range(first, last + 1)}))
        status, steps = draw(st.sampled_from(T)), draw(st.integers(0, 6))
        made.append(task(place, frames, status, steps, draw(st.integers(1, 8))))
    return made


@given(jobs(), st.data())
def test_the_numbers_are_those_of_the_list_whatever_happens(tasks, data):
    live = LiveJob.of(JOB, tasks)
    for _ in range(data.draw(st.integers(0, 8))):
        moved = live.tasks[data.draw(st.sampled_from(sorted(live.tasks)))]
        status, steps = data.draw(st.sampled_from(T)), data.draw(st.integers(0, 6))
        live.move_task(attrs.evolve(moved, status=status, steps_completed=steps), NOW)
    found = Counter(states(*live.tasks.values()))
    if found:
        assert live.job.frames == FrameCounts(
            total=found.total(), done=found[F.DONE], failed=found[F.FAILED], active=found[F.ACTIVE]
        )


@given(jobs(), st.integers(1, 5))
def test_pages_are_the_list_in_pieces(tasks, most):
    pages, after, is_last = [], -100, False
    while not is_last:
        found, is_last = each_frame(tasks, after, most)
        assert len(found) == most or is_last
        pages += found
        after = found[-1].number if found else after
    assert pages == each_frame(tasks, -100, 10**6)[0]
    assert [each.number for each in pages] == sorted(
        {number for each in tasks if each.frames for number in frame_numbers(each.frames)}
    )


@given(jobs(), st.integers(0, 6))
def test_a_job_that_grows_counts_as_one_that_is_read(tasks, pieces):
    live = LiveJob(JOB)
    live.grow(tasks[:pieces])
    live.grow(tasks[pieces:])
    live.complete()
    assert live.job.frames == LiveJob.of(JOB, tasks).job.frames
