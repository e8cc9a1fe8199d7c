"""The list of a job's frames has each once, in the state in which it is counted."""

from collections import Counter
from itertools import groupby

import attrs
from hypothesis import given
from hypothesis import strategies as st

from flamenco.model.framelist import (
    FramesPart,
    FrameTask,
    ListedPicture,
    all_pieces,
    listed_frames,
)
from flamenco.model.frames import frame_numbers
from flamenco.model.framestates import LETTERS, frame_states
from flamenco.model.statuses import FrameState, TaskStatus
from flamenco.model.tally import changes
from tests.model.test_tally import T, counts, jobs, task

F = FrameState


def makers(tasks):
    fields = FrameTask._fields
    return [FrameTask(**{name: getattr(each, name) for name in fields}) for each in tasks]


def listed(*tasks, pictures=(), **part):
    return listed_frames(makers(tasks), pictures, FramesPart(**part))


def states(*tasks):
    return {each.number: each.state for each in listed(*tasks).frames}


def test_each_frame_of_a_chunk_has_its_own_state():
    chunk = task(1, "-2-1", T.ACTIVE, steps=2)
    assert states(chunk) == {-2: F.DONE, -1: F.DONE, 0: F.ACTIVE, 1: F.QUEUED}


def test_a_frame_that_several_tasks_make_names_the_last_in_its_state():
    tiles = [task(1, "7", T.COMPLETED), task(2, "7", T.FAILED), task(3, "7", T.FAILED)]
    (frame,) = listed(*tiles, task(4, "7")).frames
    assert (frame.state, frame.task.id) == (F.FAILED, "t3")
    (done,) = listed(task(1, "7", T.COMPLETED), task(2, "7", T.COMPLETED)).frames
    assert (done.state, done.task.id) == (F.DONE, "t2")


def test_what_was_made_is_listed_though_no_command_told_of_it():
    pictures = [ListedPicture(frame=number, task_id="t1") for number in (9, 4)]
    found = listed(task(1, "", T.ACTIVE), task(2, "5"), pictures=pictures).frames
    assert [(each.number, each.state) for each in found] == [
        (4, F.DONE),
        (5, F.QUEUED),
        (9, F.DONE),
    ]
    assert listed(task(2, "5"), pictures=pictures).frames[0].number == 5  # its task is gone


def test_each_output_has_the_picture_of_its_newest_attempt():
    pictures = [
        ListedPicture(frame=1, task_id="t1", output=output, lease=lease)
        for output, lease in (("R", 1), ("L", 3), ("R", 2), ("L", 1))
    ]
    (frame,) = listed(task(1, "1", T.ACTIVE), pictures=pictures).frames
    assert [(each.output, each.lease) for each in frame.pictures] == [("L", 3), ("R", 2)]


def test_what_stands_for_a_frame_is_its_own_image_and_not_what_a_node_adds():
    names = ("right", "Depth/z", "left", "A/glow")
    pictures = [ListedPicture(frame=1, task_id="t1", output=each) for each in names]
    (frame,) = listed(task(1, "1", T.ACTIVE), pictures=pictures).frames
    assert [each.output for each in frame.pictures] == ["left", "right", "A/glow", "Depth/z"]


def pictured(*lists, of):
    """The pictures of a frame that these tasks make, as (task, lease)."""
    pictures = [ListedPicture(frame=1, task_id=each, lease=lease) for each, lease in lists]
    (frame,) = listed(*of, pictures=pictures).frames
    return [(each.task_id, each.lease) for each in frame.pictures]


def test_attempts_at_other_tasks_do_not_count_for_a_picture():
    tried, merged = task(1, "1", T.COMPLETED), task(2, "1", T.COMPLETED)
    made = [("t1", 5), ("t2", 1), ("t2", 2), ("t1", 6)]
    assert pictured(*made, of=[tried, merged]) == [("t2", 2)]
    again = task(1, "1", T.FAILED)
    assert pictured(*made, of=[again, merged]) == [("t1", 6)]


def test_a_task_without_a_picture_shows_that_of_the_last_that_has_one():
    tasks = [task(1, "1", T.COMPLETED), task(2, "1", T.COMPLETED), task(3, "1", T.ACTIVE)]
    assert pictured(("t1", 4), ("t2", 1), of=tasks) == [("t2", 1)]
    loose = [task(1, "", T.ACTIVE), task(2, "", T.ACTIVE)]
    assert pictured(("t2", 1), ("t1", 4), ("gone", 9), of=loose) == [("t2", 1)]


@given(jobs())
def test_the_list_is_what_is_counted(tasks):
    found = Counter(states(*tasks).values())
    counted = counts(*tasks)
    if counted.are_tasks:
        assert not found
    else:
        shown = (found.total(), found[F.DONE], found[F.FAILED], found[F.ACTIVE])
        assert shown == (counted.total, counted.done, counted.failed, counted.active)


@given(jobs(), st.sets(st.integers(-15, 15)), st.integers(1, 7))
def test_pages_one_after_the_other_are_the_whole_list(tasks, made, limit):
    pictures = [ListedPicture(frame=each, task_id="t1") for each in made]
    whole = listed(*tasks, pictures=pictures)
    found, after = [], None
    while True:
        page = listed(*tasks, pictures=pictures, after=after, limit=limit)
        assert len(page.frames) <= limit
        found += page.frames
        if page.next is None:
            break
        after = page.next
    assert found == whole.frames
    assert whole.next is None


@given(jobs(), st.sets(st.integers(-15, 15)), st.integers(-15, 15), st.integers(-15, 15))
def test_the_frames_between_two_numbers_are_those_of_the_whole_list(tasks, made, after, last):
    pictures = [ListedPicture(frame=each, task_id="t1") for each in made]
    whole = listed(*tasks, pictures=pictures).frames
    part = listed(*tasks, pictures=pictures, after=after, last=last).frames
    assert part == [each for each in whole if after < each.number <= last]


@given(jobs(), st.sets(st.integers(-15, 15)))
def test_the_states_in_few_bytes_are_those_of_the_list(tasks, made):
    pictures = [ListedPicture(frame=each, task_id="t1") for each in made]
    whole = listed(*tasks, pictures=pictures).frames
    found = frame_states(all_pieces(makers(tasks), pictures))
    numbers = list(frame_numbers(found.frames)) if found.frames else []
    assert numbers == [each.number for each in whole]
    assert list(found.states) == [LETTERS[each.state] for each in whole]
    chunks = [len(list(each)) for _, each in groupby(whole, lambda frame: frame.task.id)]
    assert list(found.chunks) == ([] if set(chunks) <= {1} else chunks)


def test_a_warning_of_its_task_is_told_beside_the_state_of_a_frame():
    warned = attrs.evolve(task(1, "1-2", T.COMPLETED), warnings=("a texture is missing",))
    found = frame_states(all_pieces(makers([warned, task(2, "3")]), ()))
    assert found == ("1-3", "DDq", [2, 1])


STATUSES = st.sampled_from(TaskStatus)


@given(
    st.sampled_from(["1", "1-6", "-3--1,4,8-9"]),
    STATUSES,
    st.integers(0, 7),
    STATUSES,
    st.integers(0, 7),
)
def test_what_is_told_to_have_changed_leads_from_one_list_to_the_next(
    frames, before, earlier, after, later
):
    one, other = task(1, frames, before, steps=earlier), task(1, frames, after, steps=later)
    told = [
        (number, state)
        for first, last, state in changes(one, other)
        for number in range(first, last + 1)
    ]
    was = states(one)
    assert was | dict(told) == states(other)
    assert all(was[number] is not state for number, state in told)
