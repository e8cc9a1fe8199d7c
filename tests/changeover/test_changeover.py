"""A farm of Flamenco 3 changes over to this Manager, and its Workers render on."""

import io
import json
import subprocess
import sys
from contextlib import redirect_stdout
from datetime import UTC, datetime, time

import attrs
import pytest
import trio

from flamenco.changeover import bring, find
from flamenco.changeover.old import ChangeoverError
from flamenco.changeover.values import moment
from flamenco.cli.app import run
from flamenco.config.manager import load_manager_config
from flamenco.logs import TaskLogs
from flamenco.model.statuses import JobStatus, TaskStatus, WorkerStatus
from flamenco.store import StoreError, open_reader, open_store
from tests.changeover import old_farm
from tests.changeover.old_farm import ANNA, BERT, GONE, JOBS, NEVER, SECRET, TAG, task_id
from tests.patience import until
from tests.web.conftest import call, edge_at
from tests.web.flamenco3 import Flamenco3Worker


@pytest.fixture
def old(tmp_path):
    written = old_farm.write(tmp_path / "old")
    yield written
    written.db.close()


@pytest.fixture
def storage(tmp_path):
    return tmp_path / "new"


def farm_of(old, warnings=None):
    return find(old.folder, ([] if warnings is None else warnings).append)


async def everything(storage) -> dict[str, list[str]]:
    """The whole content of the new database, as text."""
    async with (
        open_store(storage / "flamenco-manager.sqlite", TaskLogs(storage / "local")),
        open_reader(storage / "flamenco-manager.sqlite") as reader,
    ):
        jobs = [await reader.job(each) for each in JOBS.values()]
        return {
            "jobs": [str(job) for job in jobs],
            "tasks": [str(each) for job in jobs for each in await reader.tasks(job.id)],
            "blocks": [str(each) for job in jobs for each in await reader.blocks(job.id)],
            "workers": [str(each) for each in await reader.workers()],
            "tags": [str(each) for each in await reader.tags()],
            "newest": [str(await reader.last_rendered_job())],
        }


async def test_workers_tags_and_schedules_are_brought_over(old, storage):
    await bring(farm_of(old), storage)
    async with edge_at(storage):
        pass  # the database opens as one of ours
    async with open_reader(storage / "flamenco-manager.sqlite") as reader:
        assert [(each.id, each.name) for each in await reader.tags()] == [(TAG, "gpu")]
        workers = {each.id: each for each in await reader.workers()}
        assert set(workers) == {ANNA, BERT, NEVER}
        anna, bert, never = workers[ANNA], workers[BERT], workers[NEVER]
        assert (anna.name, anna.tags, anna.can_restart) == ("anna", (TAG,), True)
        assert anna.task_types == ("blender", "ffmpeg", "file-management", "misc")
        assert anna.last_seen == datetime(2026, 7, 1, 8, 0, 0, 500_000, UTC)
        assert bert.schedule.is_active
        assert (bert.schedule.days_of_week, bert.schedule.start) == (("mo", "tu"), time(9))
        assert bert.schedule.end is None
        assert (never.status, never.last_seen) == (WorkerStatus.OFFLINE, None)
        assert await reader.worker(GONE) is None


async def test_jobs_are_brought_over_with_all_that_is_known_of_them(old, storage):
    report = await bring(farm_of(old), storage)
    assert report.statuses == {"active": 1, "completed": 1, "failed": 1, "paused": 1}
    async with open_reader(storage / "flamenco-manager.sqlite") as reader:
        done, going, failed, paused = [await reader.job(each) for each in JOBS.values()]
        assert (done.status, done.priority, done.name) == (JobStatus.COMPLETED, 70, "done")
        assert (done.settings, done.metadata) == (
            {"message": "hi"},
            {"project": "film", "count": "3"},
        )
        assert (done.steps_completed, done.steps_total) == (2, 2)
        assert done.shaman_checkout_id == "film/done"
        assert done.created == datetime(2026, 11, 29, 8, 52, 32, 846_385, UTC)
        assert (going.status, going.worker_tag) == (JobStatus.ACTIVE, TAG)
        first, second = await reader.tasks(going.id)
        assert (first.status, first.worker_id, first.lease) == (TaskStatus.ACTIVE, ANNA, 1)
        assert second.depends_on == (first.id,)
        (command,) = await reader.commands(first.id)
        assert (command.name, command.parameters) == ("echo", {"message": "going 1"})
        hard, rest = await reader.tasks(failed.id)
        assert (hard.failed_by, rest.status) == ((BERT,), TaskStatus.CANCELED)
        (block,) = await reader.blocks(failed.id)
        assert (block.worker_id, block.task_type) == (BERT, "misc")
        assert paused.status is JobStatus.PAUSED
        assert await reader.last_rendered_job() == done.id


@pytest.mark.parametrize("enabled", [True, False])
async def test_only_folders_that_shaman_made_become_its_checkouts(old, storage, enabled):
    jobs = old.folder / "render" / "jobs"
    for name in ("film/done", "film/own"):
        (jobs / name).mkdir(parents=True)
        (jobs / name / "scene.blend").symlink_to("../../../file-store/stored/aa/1.blob")
    (jobs / "film" / "own" / "notes.txt").touch()
    named = ("film/done", "film/own", "film", "film/", "../render", "/", ".", "gone", "n" * 999)
    old.db.execute("UPDATE jobs SET storage_shaman_checkout_id = 'film/own' WHERE name = 'going'")
    farm = farm_of(old)
    shaman = attrs.evolve(farm.config.shaman, enabled=enabled)
    farm = attrs.evolve(farm, config=attrs.evolve(farm.config, shaman=shaman))
    assert [each for each in named if farm.is_checkout(each)] == ["film/done"] * enabled
    await bring(farm, storage)
    async with open_reader(storage / "flamenco-manager.sqlite") as reader:
        assert await reader.is_checkout("film/done") is enabled
        assert not await reader.is_checkout("film/own")


async def test_logs_pictures_configuration_and_job_types_are_brought_over(old, storage):
    warnings = []
    farm = farm_of(old, warnings)
    assert [warning.split(": ")[1] for warning in warnings] == ["websetup", "task_timeout"]
    await bring(farm, storage)
    config = load_manager_config(storage / "flamenco-manager.yaml")
    assert config.manager_name == "Old Farm"
    assert config.shared_storage_path == str(old.folder / "render")
    text = (storage / "flamenco-manager.yaml").read_text()
    assert text.startswith("# ours\n")
    assert "websetup: true" in text
    assert (storage / "scripts" / "lib" / "names.js").read_text() == "exports.a = 1;"
    async with edge_at(storage, config) as edge:
        answer = await edge.http.get(f"/api/v3/tasks/{task_id('done', 1)}/logtail")
        assert answer.text == "first line\nlast line\n"
        picture = await call(edge, "GET", f"jobs/{JOBS['done']}/last-rendered")
        shown = await edge.http.get(f"{picture['base']}/{picture['suffixes'][0]}")
        assert shown.content == b"picture"
        assert (await call(edge, "GET", "jobs/type/our-type"))["label"] == "Ours"


async def test_its_workers_sign_on_with_what_they_have_and_work_on(old, storage):
    await bring(farm_of(old), storage)
    async with edge_at(storage) as edge, trio.open_nursery() as nursery:
        stranger = (ANNA, "another secret")
        body = {"name": "anna", "supported_task_types": ["misc"], "software_version": "3.9"}
        await call(edge, "POST", "worker/sign-on", body, 403, stranger)
        # what it could not send while no Manager ran
        late = {"taskStatus": "completed", "activity": "Completed", "log": "done\n"}
        path = f"worker/task/{task_id('going', 1)}"
        await call(edge, "POST", path, late, 204, (ANNA, SECRET))
        anna = Flamenco3Worker(edge.url, "anna", secret=SECRET, worker_id=ANNA)
        nursery.start_soon(anna.run)

        async def completed() -> bool:
            return (await call(edge, "GET", f"jobs/{JOBS['going']}"))["status"] == "completed"

        await until(completed)
        assert anna.worker_id == ANNA
        again = {"status": "requeueing", "reason": "again"}
        await call(edge, "POST", f"jobs/{JOBS['paused']}/setstatus", again, 204)

        async def resumed() -> bool:
            return (await call(edge, "GET", f"jobs/{JOBS['paused']}"))["status"] == "completed"

        await until(resumed)
        nursery.cancel_scope.cancel()


async def test_the_old_folder_stays_as_it_was(old, storage):
    old.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = old_farm.fingerprint(old.folder)
    await bring(farm_of(old), storage, dry=True)
    await bring(farm_of(old), storage)
    assert old_farm.fingerprint(old.folder) == before


async def test_a_second_time_changes_nothing_and_brings_what_is_new(old, storage):
    await bring(farm_of(old), storage)
    first, files = await everything(storage), old_farm.fingerprint(storage / "local")
    report = await bring(farm_of(old), storage)
    assert report.brought["jobs"] == 0
    assert report.there == {
        "jobs": 4,
        "workers": 4,
        "tags": 1,
        "configuration": 1,
        "job type files": 2,
    }
    assert await everything(storage) == first
    assert old_farm.fingerprint(storage / "local") == files
    old.worker("00000009-0000-4000-8000-000000000000", "late")
    assert (await bring(farm_of(old), storage)).brought["workers"] == 1


async def test_a_dry_run_reports_the_same_and_writes_nothing(old, storage):
    dry = await bring(farm_of(old), storage, dry=True)
    assert not storage.exists()
    assert (await bring(farm_of(old), storage)) == dry


async def test_a_database_of_an_older_version_is_brought_over_too(old, storage):
    """Of 3.3: without steps and places of tasks, and with the first name of tags."""
    for statement in (
        "ALTER TABLE tasks DROP COLUMN index_in_job",
        "ALTER TABLE tasks DROP COLUMN steps_completed",
        "ALTER TABLE tasks DROP COLUMN steps_total",
        "ALTER TABLE jobs DROP COLUMN steps_completed",
        "ALTER TABLE jobs DROP COLUMN steps_total",
        "ALTER TABLE worker_tags RENAME TO worker_clusters",
        "ALTER TABLE worker_tag_membership RENAME TO worker_cluster_membership",
        "ALTER TABLE worker_cluster_membership RENAME COLUMN worker_tag_id TO worker_cluster_id",
        "ALTER TABLE jobs RENAME COLUMN worker_tag_id TO worker_cluster_id",
        "ALTER TABLE workers DROP COLUMN can_restart",
        "DROP TABLE job_blocks",
    ):
        old.db.execute(statement)
    await bring(farm_of(old), storage)
    async with open_reader(storage / "flamenco-manager.sqlite") as reader:
        assert (await reader.worker(ANNA)).tags == (TAG,)
        assert (await reader.job(JOBS["going"])).worker_tag == TAG
        done = await reader.job(JOBS["done"])
        assert (done.steps_completed, done.steps_total) == (2, 2)
        tasks = await reader.tasks(JOBS["going"])
        assert [(each.idx, each.name) for each in tasks] == [(1, "going-2"), (2, "going-1")]


async def test_what_makes_no_sense_is_noted_and_the_rest_brought_over(old, storage):
    old.db.execute("UPDATE jobs SET status = 'strange' WHERE name = 'paused'")
    old.db.execute("UPDATE tasks SET commands = '[' WHERE name = 'failed-2'")
    old.db.execute("UPDATE jobs SET settings = '3', priority = 200 WHERE name = 'done'")
    report = await bring(farm_of(old), storage)
    notes = " ".join(report.notes)
    assert "status 'strange' is not known, it becomes failed" in notes
    assert "its commands can't be read" in notes
    assert "its settings can't be read" in notes
    assert "priority 200 becomes 100" in notes
    assert report.brought["jobs"] == 4


@pytest.mark.parametrize("steps", [-3, 2**40, "many"])
async def test_numbers_of_steps_that_are_none_become_0(old, storage, steps):
    commands = json.dumps([{"name": "echo", "total_step_count": steps}])
    old.db.execute(
        "UPDATE tasks SET commands = ?, steps_completed = ? WHERE name = 'going-2'",
        (commands, steps),
    )
    report = await bring(farm_of(old), storage)
    assert sum("expected a number of steps" in note for note in report.notes) == 2
    async with open_reader(storage / "flamenco-manager.sqlite") as reader:
        _, second = await reader.tasks(JOBS["going"])
        assert (second.steps_completed, second.steps_total) == (0, 1)
        assert [each.total_step_count for each in await reader.commands(second.id)] == [0]


HOLDING = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("SELECT count(*) FROM workers").fetchall()
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def running(old):
    """A program that has the old database open, as its Manager does."""
    command = [sys.executable, "-c", HOLDING, str(old.folder / "db" / "farm.sqlite")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as manager:
        manager.stdout.readline()
        yield manager
        manager.stdin.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell")
async def test_an_old_manager_that_runs_is_told_and_nothing_is_brought(old, storage, running):
    report = await bring(farm_of(old), storage, dry=True)
    assert any("is in use" in note for note in report.notes)
    with pytest.raises(ChangeoverError, match="stop the Manager of Flamenco 3, then try"):
        await bring(farm_of(old), storage)
    assert not storage.exists()
    running.communicate()
    await bring(farm_of(old), storage)


async def test_a_task_of_a_worker_that_is_no_more_goes_back_to_the_queue(old, storage):
    old.db.execute("UPDATE workers SET deleted_at = created_at WHERE name = 'anna'")
    await bring(farm_of(old), storage)
    async with open_reader(storage / "flamenco-manager.sqlite") as reader:
        first, _ = await reader.tasks(JOBS["going"])
        assert (first.status, first.lease) == (TaskStatus.QUEUED, 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-29 08:52:32.846385633 +0000 UTC", datetime(2026, 11, 29, 8, 52, 32, 846385, UTC)),
        ("2026-07-01 10:00:00 +0200 CEST m=+0.1", datetime(2026, 7, 1, 8, 0, 0, 0, UTC)),
        ("2026-07-01T10:00:00.5Z", datetime(2026, 7, 1, 10, 0, 0, 500_000, UTC)),
        ("2026-07-01 10:00:00", datetime(2026, 7, 1, 10, 0, 0, 0, UTC)),
        ("0001-01-01 00:00:00 +0000 UTC", None),
        ("2026-13-01 10:00:00 +0000 UTC", None),
        ("", None),
        (None, None),
    ],
)
def test_times_are_read_as_go_prints_them(text, expected):
    assert moment(text) == expected


async def test_a_manager_that_is_pointed_at_such_a_database_names_the_command(old):
    with pytest.raises(StoreError, match="bring it over with `flamenco import FOLDER --storage"):
        async with open_store(old.folder / "db" / "farm.sqlite", TaskLogs(old.folder)):
            pass


async def test_what_is_no_folder_of_flamenco_3_is_told(old, storage, tmp_path):
    with pytest.raises(ChangeoverError, match="there is no such database"):
        find(tmp_path, [].append)
    with pytest.raises(ChangeoverError, match="expected another folder than the old one"):
        await bring(farm_of(old), old.folder)
    old.db.execute("DROP TABLE goose_db_version")
    with pytest.raises(ChangeoverError, match="is no database of Flamenco 3's Manager"):
        await bring(farm_of(old), storage)


def test_the_command_prints_a_report_and_what_to_do_next(old, storage):
    said = io.StringIO()
    with redirect_stdout(said):
        assert run(["import", str(old.folder), "--storage", str(storage), "--dry-run"]) == 0
        assert not storage.exists()
        assert run(["import", str(old.folder), "--storage", str(storage)]) == 0
    lines = said.getvalue().splitlines()
    jobs = "jobs           4 (1 active, 1 completed, 1 failed, 1 paused)"
    assert lines.count(jobs) == 2
    assert "Nothing was written." in lines
    assert lines[-1] == f"Start the Manager with: flamenco manager --storage {storage}"


def test_a_manager_reads_the_configuration_in_its_storage(storage, capfd):
    storage.mkdir()
    (storage / "flamenco-manager.yaml").write_text("_meta: {version: 3}\nlisten: nowhere\n")
    assert run(["manager", "--storage", str(storage)]) == 1
    assert f"{storage}/flamenco-manager.yaml, line 2: listen" in capfd.readouterr().err
