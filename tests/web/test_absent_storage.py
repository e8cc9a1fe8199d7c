"""A storage that is not there is named, and nothing is made in its place."""

import trio

from tests.web.conftest import JOB, call, edge_at

SCRIPT = """
from flamenco.jobtypes.authoring import JobType

JOB_TYPE = JobType(label="Mine")


def compile_job(job, author):
    author.task("one", "misc")
"""
MINE = {**JOB, "type": "mine", "settings": {}}


async def test_one_that_is_moved_away_while_the_manager_runs(tmp_path):
    folder, aside = trio.Path(tmp_path / "farm"), tmp_path / "aside"
    await (folder / "scripts").mkdir(parents=True)
    await (folder / "scripts" / "mine.py").write_text(SCRIPT)
    async with edge_at(tmp_path / "farm") as edge:
        job = (await call(edge, "POST", "jobs", MINE))["id"]
        (task,) = (await call(edge, "GET", f"jobs/{job}/tasks"))["tasks"]
        await folder.rename(aside)
        refused = await call(edge, "POST", "jobs", MINE, 400)
        assert "unknown job type 'mine'; the folder /" in refused["message"]
        await call(edge, "POST", "jobs", JOB, 503)
        await call(edge, "GET", f"tasks/{task['id']}/log", None, 204)
        assert not await folder.exists()
        await trio.Path(aside).rename(folder)
        await call(edge, "POST", "jobs", MINE)


async def test_folders_that_are_missing_beside_a_database_are_told_at_the_start(tmp_path, caplog):
    async with edge_at(tmp_path) as edge:
        await call(edge, "POST", "jobs", JOB)
    assert "was not there" not in caplog.text
    await trio.Path(tmp_path / "local").rename(tmp_path / "aside")
    async with edge_at(tmp_path):
        pass
    said = [record.getMessage() for record in caplog.records if record.name.endswith("farm")]
    assert [text.partition(",")[0] for text in said] == [f"{tmp_path / 'local'} was not there"]
