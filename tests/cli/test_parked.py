"""`flamenco jobs`, `job` and `workers` tell what is parked, and try it again."""

import pytest

from tests.cli.test_jobs import flamenco as _flamenco
from tests.web.conftest import JOB, call, edge_at
from tests.web.test_parked import until_parked
from tests.web.test_unreadable_rows import spoil
from tests.web.test_worker_calls import caller

flamenco = _flamenco


@pytest.fixture
async def parked(tmp_path):
    """Ids of a job and a worker that a Manager that starts anew can't read."""
    async with edge_at(tmp_path) as edge:
        job = (await call(edge, "POST", "jobs", JOB))["id"]
        anna = (await caller(edge)).id
        spoil(edge, "UPDATE jobs SET settings = '{'")
        spoil(edge, "UPDATE workers SET specs = '{'")
    return job, anna


@pytest.fixture
async def edge(tmp_path, parked):
    job, anna = parked
    async with edge_at(tmp_path) as edge:
        await until_parked(edge, f"jobs/{job}")
        await until_parked(edge, f"worker-mgt/workers/{anna}")
        yield edge


async def test_a_parked_job_is_told_refused_and_tried_again(flamenco, edge, parked):
    job = parked[0]
    assert (await flamenco("jobs"))[1].splitlines()[1].split("\t")[2] == "parked"
    _, shown, _ = await flamenco("job", "show", job)
    (line,) = [line for line in shown.splitlines() if line.startswith("Parked:")]
    assert f"table jobs, row {job}, column settings can't be read" in line
    status, _, refused = await flamenco("job", "priority", "80", job)
    assert status == 1
    assert "is parked: table jobs" in refused
    spoil(edge, "UPDATE jobs SET settings = '{}'")
    assert await flamenco("job", "try-again", job) == (0, f"{job} begins anew\n", "")
    assert (await flamenco("job", "priority", "80", job))[0] == 0
    assert (await flamenco("job", "try-again", job))[0] == 1


async def test_a_parked_worker_is_told_and_tried_again(flamenco, edge, parked):
    anna = parked[1]
    assert (await flamenco("workers"))[1].splitlines()[1].split("\t")[2] == "parked"
    spoil(edge, "UPDATE workers SET specs = '{}'")
    assert await flamenco("workers", "try-again", "anna") == (0, f"{anna} begins anew\n", "")
    assert (await flamenco("workers"))[1].splitlines()[1].split("\t")[2] == "offline"
