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
from flamenco.model.tally import DECIDING, STATE_OF, states

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


def each(*tasks: Task) -> list[FrameState]:
    """The state of each frame that these tasks make, in order."""
    ranges = {task.id: [*frame_numbers(task.frames)] if task.frames else [] for task in tasks}
    makers = Counter(number for numbers in ranges.values() for number in numbers)
    shared = max(makers.values(), default=0) > 1
    found: dict[int, FrameState] = {}
    for task in tasks:
        numbers = ranges[task.id]
        own = [state for state, count in states(task, len(numbers)) for _ in range(count)]
        for number, state in zip(numbers, own, strict=True):
            now = STATE_OF[task.status] if shared else state
            found[number] = min(now, found.get(number, now), key=DECIDING.index)
    return [found[number] for number in sorted(found)]


def test_frames_of_a_chunk_are_done_one_after_the_other():
    chunk = task(1, "1-4", T.ACTIVE, steps=2)
    assert each(chunk) == [F.DONE, F.DONE, F.ACTIVE, F.QUEUED]
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
    assert each(task(1, "8,9", status, steps=1)) == expected


def test_steps_of_other_commands_are_no_frames():
    assert each(task(1, "1-2", T.ACTIVE, steps=1, total=3)) == [F.ACTIVE, F.QUEUED]
    assert each(task(1, "1-2", T.ACTIVE, steps=1, total=1)) == [F.ACTIVE, F.QUEUED]


def test_a_job_without_frames_counts_its_tasks():
    tasks = [task(1, "", T.COMPLETED), task(2, "", T.ACTIVE), task(3, "", T.FAILED), task(4, "")]
    assert counts(*tasks) == FrameCounts(total=4, done=1, failed=1, active=1, are_tasks=True)
    assert str(counts(*tasks)) == "1 of 4 tasks"


def test_the_video_is_no_frame():
    assert counts(task(1, "1-2", T.COMPLETED), task(2, "")) == FrameCounts(total=2, done=2)


@pytest.mark.parametrize(
    ("tiles", "expected"),
    [
        ([T.COMPLETED, T.ACTIVE, T.QUEUED], FrameCounts(total=1, active=1)),
        ([T.COMPLETED, T.COMPLETED, T.QUEUED], FrameCounts(total=1)),
        ([T.COMPLETED, T.FAILED, T.CANCELED], FrameCounts(total=1, failed=1)),
        ([T.COMPLETED, T.COMPLETED, T.COMPLETED], FrameCounts(total=1, done=1)),
    ],
)
def test_the_tiles_of_an_image_are_one_frame(tiles, expected):
    tasks = [task(place, "40", status) for place, status in enumerate(tiles, 1)]
    assert counts(*tasks) == expected


def test_views_that_tasks_make_apart_are_one_frame_each():
    left, right = task(1, "1-3", T.COMPLETED), task(2, "2-4", T.ACTIVE)
    assert each(left, right) == [F.DONE, F.ACTIVE, F.ACTIVE, F.ACTIVE]
    assert counts(left, right) == FrameCounts(total=4, done=1, active=3)


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
    found = Counter(each(*live.tasks.values()))
    if found:
        assert live.job.frames == FrameCounts(
            total=found.total(), done=found[F.DONE], failed=found[F.FAILED], active=found[F.ACTIVE]
        )


@given(jobs(), st.integers(0, 6))
def test_a_job_that_grows_counts_as_one_that_is_read(tasks, pieces):
    live = LiveJob(JOB)
    live.grow(tasks[:pieces])
    live.grow(tasks[pieces:])
    live.complete()
    assert live.job.frames == LiveJob.of(JOB, tasks).job.frames


@pytest.mark.parametrize(
    ("counted", "said"),
    [
        (FrameCounts(), "0 of 0 frames"),
        (FrameCounts(total=4, done=2), "2 of 4 frames"),
        (FrameCounts(total=1, done=1), "1 of 1 frame"),
        (FrameCounts(total=3, are_tasks=True), "0 of 3 tasks"),
        (FrameCounts(total=1, are_tasks=True), "0 of 1 task"),
    ],
)
def test_the_numbers_are_said_in_words(counted, said):
    assert str(counted) == said
