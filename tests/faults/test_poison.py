"""One of three jobs is poisoned, in one of ten ways: real Workers render the others."""

import sqlite3
from contextlib import closing

import pytest

from tests.faults.farm import open_farm, task
from tests.patience import until

pytestmark = pytest.mark.slow

FRAMES = 2

IN_ITS_JOB = "UPDATE jobs SET {} WHERE id = :job"
IN_A_TASK = "UPDATE tasks SET {} WHERE job_id = :job"
IN_ITS_COMMANDS = (
    "UPDATE commands SET commands = {} WHERE task_id IN (SELECT id FROM tasks WHERE job_id = :job)"
)
REFUSED = """
CREATE TRIGGER refused BEFORE UPDATE ON tasks WHEN new.job_id = '{job}' AND new.status = 'active'
BEGIN SELECT RAISE(ABORT, 'never'); END
"""

WAYS = {
    "settings that are no JSON": (IN_ITS_JOB.format("settings = '{'"), "settings"),
    "metadata of the wrong kind": (IN_ITS_JOB.format("metadata = '[1]'"), "metadata"),
    "a priority that is no number": (IN_ITS_JOB.format("priority = 'high'"), "priority"),
    "a time that is none": (IN_ITS_JOB.format("updated = 'yesterday'"), "updated"),
    "a name that is no text": (IN_ITS_JOB.format("name = x'ff'"), "name"),
    "an unknown status of a task": (IN_A_TASK.format("status = 'odd'"), "status"),
    "dependencies that are no JSON": (IN_A_TASK.format("depends_on = '['"), "depends_on"),
    "failures of the wrong kind": (IN_A_TASK.format("failed_by = '7'"), "failed_by"),
    "commands that are no JSON": (IN_ITS_COMMANDS.format("'['"), "commands"),
    "changes that the database refuses": (REFUSED, "never"),
}
"""How a job is poisoned, and a word of the reason that people are told."""


def poison(database, way: str, job: str) -> None:
    """Do this to a job while no Manager runs."""
    with closing(sqlite3.connect(database)) as connection, connection:
        if way is REFUSED:
            connection.execute(way.format(job=job))
        else:
            assert connection.execute(way, {"job": job}).rowcount


async def submit(farm, name: str) -> str:
    """Submit a job that draws a few frames."""
    output = str(farm.folder / "frames" / f"{name.replace(' ', '-')}-{{}}.png")
    size = {"frames": FRAMES, "width": 32, "height": 18}
    frames = [
        task(f"frame-{number}", ("test-frame", {"frame": number, "output": path, **size}, 1))
        for number in range(1, FRAMES + 1)
        for path in [output.format(number)]
    ]
    return await farm.submit(*frames, name=name)


async def test_one_of_three_jobs_is_poisoned_in_ten_ways_and_the_others_are_rendered(tmp_path):
    async with open_farm(tmp_path) as farm:
        for name in ("anna", "bert"):
            await farm.worker(name)
        bad = {await submit(farm, f"bad-{way}"): way for way in WAYS}
        await farm.manager.kill()
        for job, way in bad.items():
            poison(tmp_path / "farm" / "flamenco-manager.sqlite", WAYS[way][0], job)
        await farm.start_manager()
        good = [await submit(farm, f"good-{number}") for number in range(2 * len(WAYS))]
        for job in good:
            assert await farm.finished(job) == "completed"
        for job, way in bad.items():
            await is_parked(farm, job, WAYS[way][1])
        listed = {job["id"] for job in (await farm.get("jobs"))["jobs"]}
        assert listed == {*bad, *good}
        for job in bad:
            deleted = await farm.http.delete(f"{farm.url}api/v3/jobs/{job}")
            assert deleted.status_code == 204

        async def gone() -> bool:
            return len((await farm.get("jobs"))["jobs"]) == len(good)

        await until(gone)
        assert farm.manager.process.returncode is None
    drawn = {path.name for path in (tmp_path / "frames").glob("good-*.png")}
    assert len(drawn) == len(good) * FRAMES


async def is_parked(farm, job: str, word: str) -> None:
    """Wait until people are told why a job does nothing, and are refused what they ask of it."""

    async def parked() -> dict | None:
        return (await farm.get(f"jobs/{job}")).get("parked")

    assert word in (await until(parked))["reason"]
    priority = f"{farm.url}api/v3/jobs/{job}/setpriority"
    refused = await farm.http.post(priority, json={"priority": 1})
    assert refused.status_code == 409
    assert word in refused.json()["message"]
