from datetime import UTC, datetime

import attrs
import pytest

from flamenco.model.jobs import Job
from flamenco.model.specs import Requirements, Specs
from flamenco.model.statuses import FINISHED_JOBS, JobStatus
from flamenco.model.warnings import (
    MOST,
    Written,
    gathered,
    of_results,
    overwriting,
    standing,
    unmet,
    unoffered,
)


def test_each_type_that_no_worker_offers_is_told_once():
    offers = {"blender", "misc", "ffmpeg"}
    told = unoffered(["misc", "x", "ffmpeg", "y", "x", "approval"], offers)
    assert told == (
        "no worker offers tasks of type 'x': they wait until one does",
        "no worker offers tasks of type 'y': they wait until one does",
    )


def test_an_empty_farm_offers_nothing():
    assert len(unoffered(["misc"], set())) == 1


def test_equipment_that_no_worker_has_is_told_as_the_best_of_them_lacks_it():
    needs = Requirements(gpu_kind="optix", memory_mib=65536)
    small, large = Specs(memory_mib=1024), Specs(memory_mib=65536)
    told = "no worker has what tasks of type 'blender' need: an OptiX GPU"
    assert unmet("blender", needs, [small, large]) == (told,)
    assert unmet("blender", Requirements(memory_mib=2048), [small, large]) == ()
    assert unmet("blender", needs, []) == ()  # that nobody offers them is told already


@pytest.mark.parametrize(
    ("frames", "others", "same"),
    [
        ("1-10", "10-20", True),
        ("1-10", "11-20", False),
        ("1-9x2", "2-8x2", False),
        ("1-9x2", "2-8x3", True),
        ("30, 1-3", "4-29, 31", False),
        ("", "1", True),
    ],
)
def test_jobs_that_write_the_same_frames_to_one_place_are_told(frames, others, same):
    told = overwriting(frames, [Written("shot", others)])
    assert told == (("job 'shot', which is not finished, writes the same files",) if same else ())


NOW = datetime(2026, 3, 1, tzinfo=UTC)
JOB = Job(id="j", name="a job", type="t", created=NOW, updated=NOW)


def test_a_warning_holds_until_some_worker_offers_the_type():
    job = attrs.evolve(JOB, warnings=unoffered(["misc", "x"], set()))
    assert standing(job, {"blender"}) == job.warnings
    assert standing(job, {"misc"}) == job.warnings[1:]
    assert standing(job, {"misc", "x"}) == ()


@pytest.mark.parametrize("status", sorted(FINISHED_JOBS))
def test_a_finished_job_waits_for_nobody(status):
    job = attrs.evolve(JOB, status=status, warnings=unoffered(["misc"], set()))
    assert standing(job, set()) == ()


def test_what_tasks_warned_of_stands_on_a_finished_job_too():
    told = gathered(attrs.evolve(JOB, warnings=unoffered(["misc"], set())), ["missing a", "b"])
    job = attrs.evolve(JOB, status=JobStatus.COMPLETED, warnings=told)
    assert standing(job, set()) == of_results(job) == ("missing a", "b")
    assert gathered(job, ["b", "c"]) == (*told, "c")
    assert len(gathered(job, map(str, range(1000)))) == MOST
