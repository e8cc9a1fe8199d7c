"""The steps of a job: tasks that are alike, in groups."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flamenco.model.statuses import TaskStatus
from flamenco.model.steps import MOST_STEPS, Counted, name_of_step, steps_of

RENDER, VIDEO = ("blender", "render-#"), ("ffmpeg", "preview-video")


@pytest.mark.parametrize(
    ("task", "step"),
    [
        ("render-1-10", "render-#"),
        ("render-7", "render-#"),
        ("render--5--1", "render-#"),
        ("render-1,3,5-9", "render-#"),
        ("tile 2 of frame 17", "tile # of frame #"),
        ("preview-video", "preview-video"),
        ("", ""),
    ],
)
def test_tasks_whose_names_differ_in_numbers_only_are_one_step(task, step):
    assert name_of_step(task) == step


def test_steps_come_in_the_order_of_their_tasks_each_counted_by_status():
    found = steps_of(
        [
            Counted(VIDEO, TaskStatus.QUEUED, 1, 241),
            Counted(RENDER, TaskStatus.FAILED, 2, 17),
            Counted(RENDER, TaskStatus.COMPLETED, 238, 1),
        ],
        [(RENDER, VIDEO)],
    )
    assert [(step.type, step.name, step.counts) for step in found.steps] == [
        (*RENDER, {TaskStatus.COMPLETED: 238, TaskStatus.FAILED: 2}),
        (*VIDEO, {TaskStatus.QUEUED: 1}),
    ]
    assert found.links == [(0, 1)]


def test_a_chain_of_tasks_that_are_alike_needs_nothing_but_itself():
    assert steps_of([Counted(RENDER, TaskStatus.QUEUED, 9, 1)], [(RENDER, RENDER)]).links == []


KINDS = st.tuples(st.sampled_from("abc"), st.text("xyz", max_size=3))


@given(st.lists(KINDS, unique=True), st.lists(st.tuples(KINDS, KINDS)))
def test_no_task_is_lost_and_no_link_leads_nowhere(kinds, links):
    found = steps_of(
        [Counted(kind, TaskStatus.QUEUED, 1, place) for place, kind in enumerate(kinds)], links
    )
    assert sum(sum(step.counts.values()) for step in found.steps) == len(kinds)
    assert len(found.steps) <= MOST_STEPS
    places = range(len(found.steps))
    assert all(before in places and after in places for before, after in found.links)


def test_too_many_names_become_one_step_a_type_and_too_many_types_one_of_the_rest():
    names = [(f"type {number % 3}", chr(number + 100)) for number in range(MOST_STEPS + 1)]
    found = steps_of([Counted(key, TaskStatus.QUEUED, 1, 0) for key in names], [])
    assert [(step.type, step.name) for step in found.steps] == [
        (f"type {number}", "") for number in range(3)
    ]
    types = [(f"type {number}", "") for number in range(MOST_STEPS + 5)]
    found = steps_of([Counted(key, TaskStatus.QUEUED, 1, 0) for key in types], [])
    assert len(found.steps) == MOST_STEPS
    assert (found.steps[-1].type, found.steps[-1].counts[TaskStatus.QUEUED]) == ("", 6)
