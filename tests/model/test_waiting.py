"""Why something waits is said in one true sentence."""

from datetime import UTC, datetime

import attrs
import pytest

from flamenco.model.board import Candidate, Kind, Presence, Profile
from flamenco.model.jobs import APPROVAL
from flamenco.model.specs import Requirements, Specs
from flamenco.model.statuses import JobStatus, TaskStatus
from flamenco.model.waiting import why_job_waits, why_task_waits, why_waiting
from tests.model.test_livejob import job_with

KIND = Kind("blender")
J, T = JobStatus, TaskStatus


def worker(name: str, *types: str, specs: Specs | None = None) -> Candidate:
    return Candidate(name, name, Profile(frozenset(types), specs=specs or Specs()))


ANNA, BERT, CARL = (worker(name, "blender") for name in ("anna", "bert", "carl"))


@pytest.mark.parametrize(
    ("workers", "sentence"),
    [
        ([], "There is no worker yet."),
        ([(ANNA, Presence.IDLE), (BERT, Presence.BUSY)], "A worker is about to start it."),
        ([(ANNA, Presence.BUSY)], "anna could run it; it is busy."),
        ([(ANNA, Presence.AWAY)], "anna could run it; it is not connected."),
        (
            [(ANNA, Presence.BUSY), (BERT, Presence.BUSY)],
            "2 workers could run it; both are busy.",
        ),
        (
            [(ANNA, Presence.ASLEEP), (BERT, Presence.ASLEEP), (CARL, Presence.ASLEEP)],
            "3 workers could run it; all are asleep.",
        ),
        (
            [(ANNA, Presence.BUSY), (BERT, Presence.BUSY), (CARL, Presence.AWAY)],
            "3 workers could run it: 2 busy, 1 not connected.",
        ),
        ([(ANNA, Presence.ASKING), (BERT, Presence.BUSY)], "A worker is about to start it."),
        (
            [(ANNA, Presence.LEAVING), (BERT, Presence.LEAVING), (CARL, Presence.ASLEEP)],
            "3 workers could run it: 2 about to change status, 1 asleep.",
        ),
        (
            [(ANNA, Presence.BUSY), (worker("dora", "misc"), Presence.IDLE)],
            "anna could run it; it is busy. 1 other lacks the task type blender.",
        ),
        (
            [(ANNA, Presence.BUSY), *((worker(name, "misc"), Presence.IDLE) for name in "de")],
            "anna could run it; it is busy. 2 others lack the task type blender.",
        ),
        (
            [(worker("dora", "misc"), Presence.IDLE)],
            "No worker has what it needs; dora lacks the task type blender.",
        ),
    ],
)
def test_a_task_that_could_start_waits_for_those_who_could_run_it(workers, sentence):
    assert why_waiting(KIND, None, workers) == sentence


def test_what_the_nearest_worker_lacks_is_named():
    kind = Kind("blender", tag="t1", requirements=Requirements(memory_mib=32_000))
    small = worker("dora", "misc", specs=Specs(memory_mib=8_000))
    large = worker("emil", "blender", specs=Specs(memory_mib=64_000))
    everybody = [(small, Presence.IDLE), (large, Presence.IDLE)]
    said = why_waiting(kind, "lighting", everybody)
    assert said == "No worker has what it needs; emil lacks tag lighting."
    assert "memory" in why_waiting(kind, "lighting", everybody[:1])


def test_workers_that_are_left_out_are_not_waited_for():
    workers = [(ANNA, Presence.IDLE), (BERT, Presence.BUSY)]
    one, both = (
        attrs.evolve(KIND, excluded=frozenset(ids)) for ids in ({"anna"}, {"anna", "bert"})
    )
    said = why_waiting(one, None, workers)
    assert said == "bert could run it; it is busy. 1 other failed it or is blocklisted."
    said = why_waiting(both, None, workers)
    assert said == "2 workers could run it, but failed it or are blocklisted."


@pytest.mark.parametrize(
    ("excluded", "gone", "sentence"),
    [
        ("", "anna", "bert could run it; it is busy. 1 more worker has been away for too long"),
        ("", "anna bert", "2 workers could run it, but have been away for too long to be waited"),
        ("anna", "anna", "bert could run it; it is busy."),
        ("anna", "bert", "2 workers could run it, but failed it or are blocklisted, or have been"),
    ],
)
def test_workers_that_are_gone_are_not_waited_for(excluded, gone, sentence):
    workers = [(ANNA, Presence.AWAY), (BERT, Presence.BUSY)]
    kind = attrs.evolve(KIND, excluded=frozenset(excluded.split()))
    assert why_waiting(kind, None, workers, gone.split()).startswith(sentence)


@pytest.mark.parametrize("status", JobStatus)
def test_a_job_says_why_nothing_of_it_starts_unless_it_is_queued_or_active(status):
    said = why_job_waits(job_with(status, T.QUEUED))
    if status in (J.QUEUED, J.ACTIVE):
        assert said is None
    elif status in (J.PAUSED, J.PAUSE_REQUESTED):
        assert said == "The job is paused."
    else:
        assert said == f"The job is {status.value}."


def test_a_job_that_is_being_deleted_says_so_whatever_its_status():
    live = job_with(J.ACTIVE, T.QUEUED)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    live.job = attrs.evolve(live.job, delete_requested_at=now)
    assert why_job_waits(live) == "The job is being deleted."
    assert why_task_waits(live, live.tasks["t1"]) == "The job is being deleted."


def test_a_task_names_what_it_waits_for():
    live = job_with(J.ACTIVE, T.ACTIVE, T.QUEUED, chain=True)
    assert why_task_waits(live, live.tasks["t2"]) == "It waits for task 1 (active)."


@pytest.mark.parametrize("status", [T.ACTIVE, T.COMPLETED, T.FAILED, T.CANCELED, T.PAUSED])
def test_a_task_that_does_not_wait_says_so(status):
    live = job_with(J.ACTIVE, status)
    said = why_task_waits(live, live.tasks["t1"])
    assert said == f"The task is {status.value}, it does not wait."


@pytest.mark.parametrize("status", [T.QUEUED, T.SOFT_FAILED])
def test_a_task_that_could_start_leaves_it_to_the_scheduler_to_say_why(status):
    live = job_with(J.ACTIVE, status)
    assert why_task_waits(live, live.tasks["t1"]) is None
    approval = attrs.evolve(live.tasks["t1"], type=APPROVAL)
    assert why_task_waits(live, approval) == "It waits for somebody to approve it."


def test_many_tasks_are_counted_and_those_that_cannot_come_are_told():
    live = job_with(J.ACTIVE, *[T.ACTIVE, T.QUEUED, T.FAILED, T.CANCELED, T.QUEUED])
    last = attrs.evolve(live.tasks["t5"], depends_on=("t1", "t2", "t3", "t4"))
    again = type(live).of(live.job, [*list(live.tasks.values())[:4], last])
    said = why_task_waits(again, last)
    assert said == "It waits for 4 tasks, 2 of which failed or were canceled."
