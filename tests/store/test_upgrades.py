"""A database of an older Flamenco is upgraded after a copy is made; damage is found."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlite_utils import Database

from flamenco.logs import TaskLogs
from flamenco.model.jobs import Command, FrameCounts
from flamenco.model.statuses import JobStatus, TaskStatus, WorkerStatus
from flamenco.store import (
    DamagedDatabase,
    StoreError,
    check_integrity,
    job_key,
    open_reader,
    open_store,
    worker_key,
)
from flamenco.store.migrations import MIGRATIONS

THEN = "2026-01-02T03:04:05+00:00"

FIRST_SCHEMA = {
    "jobs": {
        "id": "j1",
        "name": "Schlößchen",
        "type": "simple-blender-render",
        "priority": 50,
        "status": "active",
        "activity": "",
        "settings": '{"frames": "1-2"}',
        "metadata": "{}",
        "steps_completed": 1,
        "steps_total": 2,
        "created": THEN,
        "updated": THEN,
    },
    "tasks": {
        "id": "t1",
        "job_id": "j1",
        "idx": 1,
        "name": "render-1",
        "type": "blender",
        "priority": 50,
        "depends_on": "[]",
        "status": "active",
        "activity": "",
        "steps_completed": 0,
        "steps_total": 1,
        "worker_id": "w1",
        "lease": 3,
        "last_seq": 2,
        "log_size": 0,
        "failed_by": '["w2"]',
        "created": THEN,
        "updated": THEN,
        "last_touched": THEN,
        "commands": '[{"name": "blender-render", "parameters": {"args": ["-f", "1..2"]}}]',
    },
    "workers": {
        "id": "w1",
        "name": "anna",
        "secret_hash": "x",
        "address": "127.0.0.1",
        "platform": "linux",
        "software": "1",
        "task_types": '["blender"]',
        "tags": "[]",
        "status": "awake",
        "can_restart": 0,
        "created": THEN,
        "updated": THEN,
    },
}
"""A row of each table as the first release wrote it."""

HEADER_BYTES = 100
"""In front of the first page."""


def older(path: Path, version: int, rows: dict[str, dict] | None = None) -> None:
    """A database as a Flamenco wrote it that knew so many migrations."""
    with closing(sqlite3.connect(path)) as connection:
        db = Database(connection)
        for migration in MIGRATIONS[:version]:
            migration(db)
        for table, row in (rows or {}).items():
            db.table(table).insert(row)
        db.execute(f"PRAGMA user_version = {version}")
        connection.commit()


def version_of(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


async def test_a_database_of_the_first_schema_goes_on_where_it_was(tmp_path):
    path = tmp_path / "farm.sqlite"
    older(path, 1, FIRST_SCHEMA)
    async with open_store(path, TaskLogs(tmp_path)) as store, open_reader(path) as reader:
        live = await store.load(job_key("j1"))
        assert (live.job.name, live.job.status) == ("Schlößchen", JobStatus.ACTIVE)
        task = live.tasks["t1"]
        assert (task.status, task.lease, task.failed_by) == (TaskStatus.ACTIVE, 3, ("w2",))
        assert task.started == task.last_touched
        rendering = Command("blender-render", {"args": ["-f", "1..2"]})
        assert await reader.commands("t1") == (rendering,)
        assert task.frames == "1,2"
        anna = await store.load(worker_key("w1"))
        assert anna.worker.status is WorkerStatus.AWAKE
        assert [lease.number for lease in anna.leases] == [3]
    await check_integrity(path)


async def test_the_frames_of_older_jobs_are_counted_beside_rows_that_cannot_be_read(tmp_path):
    path = tmp_path / "farm.sqlite"
    older(path, 1, FIRST_SCHEMA)
    job, task = FIRST_SCHEMA["jobs"], FIRST_SCHEMA["tasks"]
    done = {"job_id": "done", "status": "completed", "steps_completed": 1, "steps_total": 1}
    broken = {"job_id": "done", "commands": "[{", "status": b"\xff", "steps_total": "many"}
    with closing(sqlite3.connect(path)) as connection:
        db = Database(connection)
        db.table("jobs").insert_all([{**job, "id": each} for each in ("done", "echo")])
        db.table("tasks").insert_all([{**task, **done, "id": "d1"}, {**task, **broken, "id": "d2"}])
        db.table("tasks").insert({**task, "id": "e1", "job_id": "echo", "commands": "[]"})
        connection.commit()
    async with open_store(path, TaskLogs(tmp_path)), open_reader(path) as reader:
        counts = {each: (await reader.job(each)).frames for each in ("j1", "done", "echo")}
    assert counts == {
        "j1": FrameCounts(total=2, active=1),
        "done": FrameCounts(total=2, done=2),
        "echo": FrameCounts(total=1, active=1, are_tasks=True),
    }


async def test_the_approvals_that_wait_in_older_jobs_are_counted(tmp_path):
    path = tmp_path / "farm.sqlite"
    older(path, 1, FIRST_SCHEMA)
    job, task = FIRST_SCHEMA["jobs"], FIRST_SCHEMA["tasks"] | {"type": "approval"}
    waiting = {"asked": "queued", "again": "soft-failed", "given": "completed"}
    with closing(sqlite3.connect(path)) as connection:
        db = Database(connection)
        db.table("jobs").insert({**job, "id": "paused", "status": "paused"})
        for name, status in waiting.items():
            db.table("tasks").insert({**task, "id": name, "status": status})
        db.table("tasks").insert({**task, "id": "t2", "status": "queued", "depends_on": '["t1"]'})
        later = {"id": "t3", "status": "queued", "depends_on": '["given"]'}
        db.table("tasks").insert(task | later)
        db.table("tasks").insert({**task, "id": "p1", "job_id": "paused", "status": "queued"})
        connection.commit()
    async with open_store(path, TaskLogs(tmp_path)), open_reader(path) as reader:
        assert (await reader.job("j1")).approvals == 3
        assert (await reader.job("paused")).approvals == 0


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
async def test_each_older_schema_is_copied_and_then_upgraded(tmp_path, version):
    path, copy = tmp_path / "farm.sqlite", tmp_path / f"farm.sqlite.schema-{version}"
    older(path, version)
    for name in (copy, Path(f"{copy}.begun")):
        name.write_text("a copy that a power cut has left half-written, or an older one")
    async with open_store(path, TaskLogs(tmp_path)):
        pass
    assert (version_of(copy), version_of(path)) == (version, len(MIGRATIONS))


async def test_a_database_that_needs_no_upgrade_is_not_copied(tmp_path):
    for _ in range(2):
        async with open_store(tmp_path / "farm.sqlite", TaskLogs(tmp_path)):
            pass
    assert not [*tmp_path.glob("*.schema-*")]


async def test_an_upgrade_that_breaks_off_leaves_the_database_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "farm.sqlite"
    older(path, 1, FIRST_SCHEMA)

    def broken(db: Database) -> None:
        db.execute("DELETE FROM jobs WHERE no_such_column")

    with monkeypatch.context() as patched:
        patched.setattr("flamenco.store.database.MIGRATIONS", (*MIGRATIONS, broken))
        with pytest.raises(StoreError, match="no_such_column"):
            async with open_store(path, TaskLogs(tmp_path)):
                pass
    assert version_of(path) == 1
    async with open_store(path, TaskLogs(tmp_path)) as store:
        assert (await store.load(job_key("j1"))).tasks["t1"].lease == 3


@pytest.mark.parametrize("table", ["jobs", "sqlite_schema"])
async def test_a_damaged_page_is_found_at_the_start(tmp_path, table):
    path = tmp_path / "farm.sqlite"
    older(path, 1, FIRST_SCHEMA)
    overwrite(path, table, b"\xff" * 100)
    with pytest.raises(DamagedDatabase, match=r"^.* is damaged: .*; restore a copy of it$"):
        async with open_store(path, TaskLogs(tmp_path)):
            pass


async def test_damage_that_only_a_full_check_sees_is_found_by_it(tmp_path):
    path = tmp_path / "farm.sqlite"
    older(path, len(MIGRATIONS), {"jobs": {**FIRST_SCHEMA["jobs"]}})
    await check_integrity(path)
    overwrite(path, "idx_jobs_status", b"passiv", instead_of=b"active")
    async with open_store(path, TaskLogs(tmp_path)):
        with pytest.raises(DamagedDatabase, match="idx_jobs_status"):
            await check_integrity(path)


async def test_a_row_that_refers_to_nothing_is_damage(tmp_path):
    path = tmp_path / "farm.sqlite"
    older(path, len(MIGRATIONS), {"log_heads": {"task_id": "nobody", "content": b""}})
    with pytest.raises(DamagedDatabase, match="log_heads"):
        await check_integrity(path)


def overwrite(path: Path, table: str, content: bytes, instead_of: bytes = b"") -> None:
    """Damage the first page of a table or an index."""
    with closing(sqlite3.connect(path)) as connection:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        query = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        (root,) = connection.execute(query, (table,)).fetchone() or (1,)
    data = path.read_bytes()
    start = data.index(instead_of, (root - 1) * size or HEADER_BYTES)
    assert start < root * size
    path.write_bytes(data[:start] + content + data[start + len(content) :])


@pytest.mark.skipif(os.name == "nt", reason="there are no modes")
@pytest.mark.parametrize("is_there", [True, False])
async def test_only_the_managers_user_can_read_the_database(tmp_path, is_there):
    path = tmp_path / "farm.sqlite"
    before = os.umask(0)
    try:
        if is_there:
            older(path, 1)
            path.chmod(0o644)
        async with open_store(path, TaskLogs(tmp_path / "local")):
            modes = {each.name: each.stat().st_mode & 0o077 for each in tmp_path.glob("farm*")}
    finally:
        os.umask(before)
    assert {"farm.sqlite", "farm.sqlite-wal", "farm.sqlite-shm"} <= set(modes)
    assert set(modes) >= {"farm.sqlite.schema-1"} or not is_there
    secret = {name: mode for name, mode in modes.items() if ".lock" not in name}  # those are empty
    assert secret == dict.fromkeys(secret, 0)


async def test_a_job_whose_first_task_is_at_work_began_with_it(tmp_path):
    path = tmp_path / "farm.sqlite"
    older(path, 1, FIRST_SCHEMA)
    async with open_store(path, TaskLogs(tmp_path)) as store:
        live = await store.load(job_key("j1"))
        assert live.job.started == live.tasks["t1"].started
        assert live.job.started is not None
