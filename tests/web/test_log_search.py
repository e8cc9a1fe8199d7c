"""Searching the logs of a job over HTTP."""

import pytest

from tests.web.conftest import JOB, call


@pytest.fixture
async def job(edge):
    """A job with the logs of two tasks."""
    job_id = (await call(edge, "POST", "jobs", JOB))["id"]
    folder = edge.farm.services.logs.folder(job_id)
    folder.mkdir(parents=True, exist_ok=True)
    for name in "ab":
        (folder / f"task-{name}.txt").write_text("fine\nError: no camera\nError: no light\n")
    return job_id


async def test_lines_are_found_a_page_at_a_time(edge, job):
    found, after = [], ""
    while after is not None:
        answer = await call(edge, "GET", f"jobs/{job}/logs/search?q=error&limit=3&after={after}")
        assert len(answer["lines"]) <= 3
        found += [(each["task_id"], each["offset"], each["text"]) for each in answer["lines"]]
        after = answer.get("next")
    lines = [(5, "Error: no camera"), (22, "Error: no light")]
    assert found == [(name, *line) for name in "ab" for line in lines]


@pytest.mark.parametrize("query", ["", "q=", f"q={'x' * 201}", "q=x&after=y", "q=x&limit=0"])
async def test_what_can_be_no_search_is_refused(edge, job, query):
    await call(edge, "GET", f"jobs/{job}/logs/search?{query}", status=400)
