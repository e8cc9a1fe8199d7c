"""Real processes render on while one of three jobs is poisoned, in each of ten ways."""

import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

import attrs
import httpx
import pytest

from flamenco.logs import job_folder
from tests.e2e.running import get, running_manager, running_worker, submit, wait_for

pytestmark = pytest.mark.slow


@attrs.frozen
class Poison:
    """A way to poison a job, and what becomes of it."""

    statement: str
    """SQL in which :job is the id of the job."""
    told: str
    """Words in its reason; empty if it is rendered all the same."""


POISONS = {
    "settings that are no JSON": Poison(
        "UPDATE jobs SET settings = '{' WHERE id = :job", "table jobs, row {job}, column settings"
    ),
    "a status that there is not": Poison(
        "UPDATE jobs SET status = 'banana' WHERE id = :job", "column status can't be read"
    ),
    "a text in place of a number": Poison(
        "UPDATE jobs SET priority = 'high' WHERE id = :job", "column priority can't be read"
    ),
    "a time that is none": Poison(
        "UPDATE jobs SET created = 'yesterday' WHERE id = :job", "column created can't be read"
    ),
    "a task with a status that there is not": Poison(
        "UPDATE tasks SET status = 'banana' WHERE job_id = :job AND idx = 2",
        "column status can't be read",
    ),
    "a task whose name is no text": Poison(
        "UPDATE tasks SET name = x'ff' WHERE job_id = :job AND idx = 1",
        "column name can't be read",
    ),
    "a task whose dependencies are no list": Poison(
        "UPDATE tasks SET depends_on = '{}' WHERE job_id = :job AND idx = 1",
        "column depends_on can't be read",
    ),
    "commands that are no JSON": Poison(
        "UPDATE commands SET commands = '[' WHERE task_id IN "
        "(SELECT id FROM tasks WHERE job_id = :job)",
        "table commands",
    ),
    "a blocklist without a time": Poison(
        "INSERT INTO job_blocks (job_id, worker_id, task_type) VALUES (:job, 'w', 'misc')",
        "table job_blocks",
    ),
    "a folder of logs that is a file": Poison("", ""),
}


def poison(storage: Path, job: str, way: Poison) -> None:
    """Spoil a job behind the Manager's back."""
    if not way.statement:
        folder = storage / "local" / job_folder(job)
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.write_text("no folder")
        return
    path = storage / "flamenco-manager.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute(way.statement, {"job": job}).rowcount


def test_the_farm_renders_on_while_one_of_three_jobs_is_poisoned_in_each_of_ten_ways(tmp_path):
    farm = tmp_path / "farm"
    settings = {"frames": "1", "render_output_path": str(tmp_path / "######"), "fps": 24.0}
    with running_manager(farm) as url:
        jobs = {
            way: [submit(url, name=way, type="test-frames", settings=settings) for _ in range(3)]
            for way in POISONS
        }
    for way, (bad, *_) in jobs.items():
        poison(farm, bad, POISONS[way])
    with ExitStack() as running:
        url = running.enter_context(running_manager(farm))
        for name in ("anna", "bert"):
            running.enter_context(running_worker(url, tmp_path / name, name))

        def shown() -> dict[str, dict]:
            return {job["id"]: job for job in get(f"{url}api/v3/jobs").json()["jobs"]}

        good = [job for _, *sound in jobs.values() for job in sound]
        others = [jobs[way][0] for way, each in POISONS.items() if not each.told]

        def rendered() -> bool:
            found = shown()
            return all(found[job]["status"] == "completed" for job in [*good, *others])

        wait_for(rendered)
        poisoned = {jobs[way][0]: each.told for way, each in POISONS.items() if each.told}

        def reasons() -> dict[str, str] | None:
            parked = {job: shown()[job].get("parked", {}) for job in poisoned}
            known = {job: why["reason"] for job, why in parked.items() if "since" in why}
            return known if len(known) == len(poisoned) else None

        for job, reason in wait_for(reasons).items():
            assert poisoned[job].format(job=job) in reason
            httpx.delete(f"{url}api/v3/jobs/{job}").raise_for_status()
        wait_for(lambda: set(shown()) == {*good, *others})
        assert "starts anew" not in (farm / "manager.log").read_text()
