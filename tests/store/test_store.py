"""The store keeps what was committed, whole groups or nothing, and refuses what it can't read."""

import shutil
import sqlite3
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import attrs
import pytest
import trio

from flamenco.logs import TaskLogs
from flamenco.model.eta import Pace
from flamenco.model.jobs import Command, FrameCounts, Job, Task
from flamenco.model.lists import JobFilter
from flamenco.model.statuses import JobStatus, TaskStatus, WorkerStatus
from flamenco.model.workers import StatusRequest, Worker, WorkerTag
from flamenco.store import (
    AppendLog,
    DeleteTag,
    InsertJob,
    InsertTasks,
    NewerDatabase,
    PutJob,
    PutTag,
    PutTask,
    PutWorker,
    StoredLease,
    StoreError,
    UnreadableRow,
    WorkerSnapshot,
    ahead,
    job_key,
    listed_jobs,
    open_reader,
    open_store,
    snapshots,
    worker_key,
)
from tests.patience import PATIENCE

NOW = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
JOB = Job(
    id="j1",
    name="Schlößchen",
    type="echo",
    settings={"frames": "1-3", "fps": 24.0, "nested": {"a": [1, None]}},
    metadata={"project": "Ünïcode"},
    frames=FrameCounts(total=3, are_tasks=True),
    pace=Pace(left=3),
    created=NOW,
    updated=NOW,
)
TASKS = tuple(
    Task(
        id=f"t{number}",
        job_id="j1",
        idx=number,
        name=f"render-{number}",
        type="blender",
        depends_on=("t1",) if number > 1 else (),
        failed_by=("w1",),
        created=NOW,
        updated=NOW,
    )
    for number in (1, 2, 3)
)
COMMANDS = tuple((Command("echo", {"message": f"hi {n}"}, n),) for n in (1, 2, 3))
WORKER = Worker(
    id="w1",
    name="anna",
    secret_hash="x",
    platform="linux",
    task_types=("blender", "misc"),
    status=WorkerStatus.AWAKE,
    request=StatusRequest(WorkerStatus.ASLEEP, lazy=True),
    can_restart=True,
    created=NOW,
    updated=NOW,
)


async def test_what_was_committed_is_read_back_by_another_manager(tmp_path):
    path = tmp_path / "farm.sqlite"
    async with open_store(path, TaskLogs(path.parent)) as store:
        await store.commit([InsertJob(JOB), InsertTasks(TASKS, COMMANDS), PutWorker(WORKER)])
        await store.commit(
            [
                PutJob(attrs.evolve(JOB, status=JobStatus.ACTIVE)),
                PutTask(attrs.evolve(TASKS[1], status=TaskStatus.ACTIVE, lease=7, worker_id="w1")),
            ]
        )
    async with open_store(path, TaskLogs(path.parent)) as store, open_reader(path) as reader:
        snapshot = await store.load(job_key("j1"))
        counted = FrameCounts(total=3, active=1, are_tasks=True)
        now = {"frames": counted, "pace": Pace(left=3, workers=1)}
        assert snapshot.job == attrs.evolve(JOB, status=JobStatus.ACTIVE, **now)
        second = attrs.evolve(TASKS[1], status=TaskStatus.ACTIVE, lease=7, worker_id="w1")
        assert tuple(snapshot.tasks.values()) == (TASKS[0], second, TASKS[2])
        held = (StoredLease("j1", "t2", 7, "w1"),)
        assert await store.load(worker_key("w1")) == WorkerSnapshot(WORKER, held)
        assert await store.load(job_key("nobody")) is None
        assert await reader.commands("t2") == COMMANDS[1]
        assert await reader.unfinished_jobs() == ["j1"]


@pytest.mark.parametrize("gone", [(), (1,), (2, 5), (7,), (1, 2, 3, 4, 5, 6, 7)])
async def test_a_job_is_read_in_pieces_and_whole(tmp_path, monkeypatch, gone):
    monkeypatch.setattr(snapshots, "TASKS_AT_ONCE", 3)
    async with open_store(tmp_path / "x.sqlite", TaskLogs(tmp_path)) as store:
        job = attrs.evolve(JOB, delete_requested_at=NOW)
        every = [attrs.evolve(TASKS[0], id=f"t{8 - n}", idx=n, depends_on=()) for n in range(1, 8)]
        left = [task for task in every if task.idx not in gone]
        await store.commit([InsertJob(job), InsertTasks(tuple(left), ((),) * len(left))])
        assert [*(await store.load(job_key(job.id))).tasks.values()] == left


async def test_what_workers_offer_leaves_out_those_that_were_deleted_or_never_came(tmp_path):
    path = tmp_path / "farm.sqlite"
    async with open_store(path, TaskLogs(path.parent)) as store, open_reader(path) as reader:
        assert await reader.offered_types() == frozenset()
        seen = attrs.evolve(WORKER, last_seen=NOW)
        workers = [
            attrs.evolve(seen, id="w1", task_types=("blender", "misc")),
            attrs.evolve(seen, id="w2", task_types=("blender", "ffmpeg")),
            attrs.evolve(seen, id="w3", task_types=()),
            attrs.evolve(seen, id="w4", task_types=("gone",), deleted_at=NOW),
            attrs.evolve(seen, id="w5", task_types=("never",), last_seen=None),
        ]
        await store.commit([PutWorker(worker) for worker in workers])
        assert await reader.offered_types() == {"blender", "misc", "ffmpeg"}


async def test_a_group_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "farm.sqlite"
    async with open_store(path, TaskLogs(path.parent)) as store, open_reader(path) as reader:
        orphan = attrs.evolve(TASKS[0], id="t9", job_id="nobody")
        with pytest.raises(sqlite3.IntegrityError):
            await store.commit(
                [
                    PutWorker(WORKER),
                    InsertJob(attrs.evolve(JOB, id="j2")),
                    InsertTasks((orphan,), ((),)),
                ]
            )
        assert await reader.ids(listed_jobs(JobFilter())) == []
        assert await reader.workers() == []


async def test_a_full_disk_refuses_the_group_and_keeps_what_was_there(tmp_path):
    path = tmp_path / "farm.sqlite"
    async with open_store(path, TaskLogs(path.parent)) as store:
        await store.commit([InsertJob(JOB), InsertTasks(TASKS, COMMANDS)])
        await store.limit_pages(await store.pages())
        big = attrs.evolve(JOB, activity="x" * 1_000_000)
        with pytest.raises(StoreError, match="full"):
            await store.commit([PutJob(big)])
        await store.limit_pages(1_000_000)
        assert (await store.load(job_key("j1"))).job == JOB
        await store.commit([PutJob(big)])


async def test_a_database_of_a_newer_flamenco_is_refused_untouched(tmp_path):
    path = tmp_path / "farm.sqlite"
    async with open_store(path, TaskLogs(path.parent)):
        pass
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(NewerDatabase, match="newer version"):
        async with open_store(path, TaskLogs(path.parent)):
            pass


async def test_a_file_that_is_no_database_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "farm.sqlite"
    path.write_text("not a database, but a text that is long enough to be taken for one" * 20)
    with pytest.raises(StoreError, match="cannot open the database"):
        async with open_store(path, TaskLogs(path.parent)):
            pass


async def test_a_second_manager_on_the_same_database_is_refused(tmp_path):
    path = tmp_path / "farm.sqlite"
    async with open_store(path, TaskLogs(path.parent)) as store:
        with pytest.raises(StoreError, match="another Manager"):
            async with open_store(path, TaskLogs(path.parent)):
                pass
        await store.commit([PutWorker(WORKER)])
    async with open_store(path, TaskLogs(path.parent)) as store:
        assert (await store.load(worker_key("w1"))).worker == WORKER


@asynccontextmanager
async def log_of_the_manager(folder):
    """A store with a log in which only the Manager has written, and the place of its file."""
    logs = TaskLogs(folder)
    async with open_store(folder / "farm.sqlite", logs) as store:
        await store.commit([InsertJob(JOB), InsertTasks(TASKS, COMMANDS)])
        await store.commit([AppendLog("j1", "t1", 0, b"assigned\n", own=True)])
        yield store, folder / logs.relative("j1", "t1")


@pytest.mark.parametrize("is_there", [True, False])
async def test_an_empty_database_beside_logs_of_jobs_is_refused(tmp_path, is_there):
    path, logs = tmp_path / "farm.sqlite", TaskLogs(tmp_path / "local")
    logs.root.mkdir()
    async with open_store(path, logs) as store:
        await store.commit([InsertJob(JOB), InsertTasks(TASKS, COMMANDS)])
        await store.commit([AppendLog("j1", "t1", 0, b"rendering\n", own=False)])
    kept = path.read_bytes()
    path.unlink()
    if is_there:
        path.touch()
    for _ in range(2):
        with pytest.raises(StoreError, match=r"farm.sqlite is empty or new, but .*local has logs"):
            async with open_store(path, logs):
                pytest.fail("opened")
    path.write_bytes(kept)
    async with open_store(path, logs) as store:
        assert (await store.load(job_key("j1"))).job == JOB


async def test_two_managers_never_share_a_database_by_two_names(tmp_path):
    path, link, twin = (tmp_path / name for name in ("farm.sqlite", "a/link", "b/twin"))
    async with open_store(path, TaskLogs(tmp_path)):
        link.parent.mkdir()
        link.symlink_to(path)
        with pytest.raises(StoreError, match="in use by another Manager"):
            async with open_store(link, TaskLogs(tmp_path)):
                pytest.fail("opened")
        twin.parent.mkdir()
        twin.hardlink_to(path)
        with pytest.raises(StoreError, match="in use by another Manager"):
            async with open_store(twin, TaskLogs(tmp_path)):
                pytest.fail("opened")
    twin.unlink()
    async with open_store(link, TaskLogs(tmp_path)) as store:
        await store.commit([PutWorker(WORKER)])


async def test_where_no_inode_can_be_locked_the_file_beside_it_is_the_lock(tmp_path, monkeypatch):
    monkeypatch.setattr("flamenco.store.lock.sys", SimpleNamespace(platform="win32"))
    path, link = tmp_path / "farm.sqlite", tmp_path / "link"
    link.symlink_to(path)
    async with open_store(path, TaskLogs(tmp_path)):
        for name in (path, link):
            with pytest.raises(StoreError, match="in use by another Manager"):
                async with open_store(name, TaskLogs(tmp_path)):
                    pytest.fail("opened")


@pytest.mark.parametrize("content", [b"", b"x", bytes(8192), b"\xffgarbage" * 1000])
async def test_damaged_files_beside_the_database_are_made_anew(tmp_path, content, caplog):
    path = tmp_path / "farm.sqlite"
    async with open_store(path, TaskLogs(tmp_path)) as store:
        await store.commit([PutWorker(WORKER)])
    for suffix in (".lock", "-shm"):
        await trio.Path(f"{path}{suffix}").write_bytes(content)
    async with open_store(path, TaskLogs(tmp_path)) as store:
        assert await store.load(worker_key("w1")) is not None
        await store.commit([InsertJob(JOB)])
        with pytest.raises(StoreError, match="in use by another Manager"):
            async with open_store(path, TaskLogs(tmp_path)):
                pytest.fail("opened")
    is_damaged = len(content) > 1
    assert (".lock is damaged, and made anew" in caplog.text) == is_damaged


@pytest.mark.parametrize("has_log", [True, False])
async def test_a_write_ahead_log_that_is_deleted_after_a_crash_takes_the_newest_changes_with_it(
    tmp_path, has_log
):
    path, crashed = tmp_path / "farm.sqlite", tmp_path / "crashed"
    crashed.mkdir()
    async with open_store(path, TaskLogs(tmp_path)) as store:
        await store.commit([InsertJob(JOB)])
    async with open_store(path, TaskLogs(tmp_path)) as store:
        await store.commit([PutWorker(WORKER)])
        for suffix in ("", "-wal") if has_log else ("",):
            shutil.copy(f"{path}{suffix}", crashed)
    async with open_store(crashed / "farm.sqlite", TaskLogs(tmp_path)) as store:
        assert await store.load(job_key("j1")) is not None
        assert (await store.load(worker_key("w1")) is not None) is has_log
        await store.commit([PutWorker(WORKER)])


async def test_a_database_of_flamenco_3_is_refused_untouched_with_the_way_to_change_over(tmp_path):
    path = tmp_path / "farm.sqlite"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY)")
    with pytest.raises(StoreError, match=r"of a Manager of Flamenco 3.*flamenco import FOLDER"):
        async with open_store(path, TaskLogs(tmp_path)):
            pytest.fail("opened")
    with closing(sqlite3.connect(path)) as database:
        tables = database.execute("SELECT name FROM sqlite_schema").fetchall()
    assert tables == [("goose_db_version",)]


async def test_a_hard_link_of_the_database_is_told_and_is_no_obstacle(tmp_path, caplog):
    path = tmp_path / "farm.sqlite"
    async with open_store(path, TaskLogs(tmp_path)) as store:
        await store.commit([PutWorker(WORKER)])
    (tmp_path / "snapshot").hardlink_to(path)
    async with open_store(path, TaskLogs(tmp_path)) as store:
        assert await store.load(worker_key("w1")) is not None
    assert "farm.sqlite has a second name, a hard link: that is no copy of it" in caplog.text


@pytest.mark.parametrize("suffix", ["", "-wal"])
async def test_nothing_is_stored_in_a_file_that_was_deleted_moved_or_replaced(tmp_path, suffix):
    path = tmp_path / "farm.sqlite"
    file, aside = Path(f"{path}{suffix}"), tmp_path / "aside"
    async with open_store(path, TaskLogs(tmp_path)) as store:
        await store.commit([InsertJob(JOB)])
        shutil.move(file, aside)
        with pytest.raises(StoreError, match="was deleted, moved or replaced while the Manager"):
            await store.commit([PutWorker(WORKER)])
        shutil.copy(aside, file)
        with pytest.raises(StoreError, match="put it back"):
            await store.commit([PutWorker(WORKER)])
        assert await store.load(worker_key("w1")) is None
        aside.replace(file)
        await store.commit([PutWorker(WORKER)])
    async with open_store(path, TaskLogs(tmp_path)) as store:
        assert await store.load(worker_key("w1")) is not None


async def test_a_commit_looks_for_a_database_through_the_link_by_which_it_is_named(tmp_path):
    path = tmp_path / "link"
    path.symlink_to(tmp_path / "farm.sqlite")
    async with open_store(path, TaskLogs(tmp_path)) as store:
        await store.commit([InsertJob(JOB)])
        path.unlink()
        with pytest.raises(StoreError, match="link was deleted, moved or replaced"):
            await store.commit([PutWorker(WORKER)])


async def test_a_log_that_was_shown_before_the_worker_spoke_goes_on_after_it(tmp_path):
    async with log_of_the_manager(tmp_path) as (store, path):
        assert not path.exists()
        await store.begin_log_file("j1", "t1")
        assert path.read_text() == "assigned\n"
        await store.commit([AppendLog("j1", "t1", 9, b"rendering\n", own=False)])
        await store.begin_log_file("j1", "t1")
        assert path.read_text() == "assigned\nrendering\n"


async def test_lines_that_were_stored_outlive_a_log_that_cannot_be_written(tmp_path):
    async with log_of_the_manager(tmp_path) as (store, path):
        path.parent.parent.write_text("no folder")
        await store.commit([AppendLog("j1", "t1", 9, b"rendering\n", own=False)])
        await store.commit([AppendLog("j1", "t1", 19, b"completed\n", own=True)])
        path.parent.parent.unlink()
        await store.commit([AppendLog("j1", "t1", 60, b"queued\n", own=True)])
        assert path.read_text().split("\n") == [
            "assigned",
            "",
            "[51 bytes of this log are lost, from byte 9 on]".ljust(49, "."),
            "queued",
            "",
        ]


async def test_a_log_that_is_shown_again_and_again_is_whole_at_any_time(tmp_path):
    async with log_of_the_manager(tmp_path) as (store, path):
        await store.begin_log_file("j1", "t1")
        sizes = set()
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def show() -> None:
                for _ in range(500):
                    await store.begin_log_file("j1", "t1")
                nursery.cancel_scope.cancel()

            while True:
                sizes.update(path.stat().st_size for _ in range(20))
                await trio.lowlevel.checkpoint()
        assert sizes == {len(b"assigned\n")}


async def test_commits_reach_the_database_itself_when_its_log_has_grown(tmp_path, monkeypatch):
    monkeypatch.setattr(ahead, "PAGES", 1)
    path, copy = tmp_path / "farm.sqlite", tmp_path / "without-its-log.sqlite"
    async with open_store(path, TaskLogs(path.parent)) as store:
        await store.commit([InsertJob(JOB), PutWorker(WORKER)])
        await store.commit([InsertTasks(TASKS, COMMANDS)])
        await store.ahead.checkpoint_when_grown()
        shutil.copy(path, copy)
        with trio.move_on_after(0.1) as grows_no_more:
            await store.ahead.checkpoint_when_grown()
    assert grows_no_more.cancelled_caught
    async with open_reader(copy) as reader:
        assert await reader.tasks("j1") == list(TASKS)


async def test_few_large_rows_are_as_good_a_reason_for_a_checkpoint_as_many_small_ones(tmp_path):
    path, copy = tmp_path / "farm.sqlite", tmp_path / "without-its-log.sqlite"
    large = attrs.evolve(JOB, metadata={"note": "x" * 2**20})
    async with open_store(path, TaskLogs(path.parent)) as store, trio.open_nursery() as nursery:
        nursery.start_soon(store.ahead.checkpoint_when_grown)
        for number in range(12):
            await store.commit([InsertJob(attrs.evolve(large, id=f"j{number}"))])
        nursery.cancel_scope.deadline = trio.current_time() + PATIENCE
    assert not nursery.cancel_scope.cancelled_caught
    shutil.copy(path, copy)
    async with open_reader(copy) as reader:
        assert await reader.job("j1") == attrs.evolve(large, id="j1")


async def test_the_log_is_as_long_as_what_no_checkpoint_brought_over(tmp_path):
    path = tmp_path / "farm.sqlite"
    async with open_store(path, TaskLogs(path.parent)) as store:
        store.ahead._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert store.ahead.pages() == 0
        await store.commit([InsertJob(attrs.evolve(JOB, metadata={"note": "x" * 100 * 4096}))])
        about = await trio.Path(f"{path}-wal").stat()
        assert store.ahead.pages() == (about.st_size - 32) // (4096 + 24) > 100
        store.ahead._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        assert store.ahead.pages() == 0


async def test_a_checkpoint_that_cannot_be_made_is_told_and_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(ahead, "PAGES", 1)
    path = tmp_path / "farm.sqlite"
    async with open_store(path, TaskLogs(path.parent)) as store, open_reader(path) as reader:
        await store.commit([InsertJob(JOB)])
        store.ahead._connection.set_progress_handler(lambda: 1, 1)
        with pytest.raises(StoreError, match="cannot write"):
            await store.ahead.checkpoint_when_grown()
        assert await reader.job("j1") == JOB


async def test_a_tag_that_is_deleted_is_gone_from_jobs_that_are_not_live_and_no_other_is(tmp_path):
    path = tmp_path / "farm.sqlite"
    tags = [WorkerTag(id=each, name=each) for each in ("gpu", "fast")]
    jobs = [attrs.evolve(JOB, id=f"job-{each.id}", worker_tag=each.id) for each in tags]
    async with open_store(path, TaskLogs(tmp_path)) as store, open_reader(path) as reader:
        await store.commit([*map(PutTag, tags), *map(InsertJob, jobs)])
        await store.commit([DeleteTag("gpu")])
        assert await reader.tags() == tags[1:]
        assert [(await reader.job(each.id)).worker_tag for each in jobs] == [None, "fast"]


@pytest.mark.parametrize("number", [1, 49, 50, 51, 200])
async def test_tasks_of_any_number_are_stored_with_their_commands(tmp_path, number):
    path = tmp_path / "farm.sqlite"
    tasks = tuple(attrs.evolve(TASKS[0], id=f"t{place:03}", idx=place) for place in range(number))
    commands = tuple((Command("echo", {"message": task.id}, 1),) for task in tasks)
    async with open_store(path, TaskLogs(path.parent)) as store, open_reader(path) as reader:
        await store.commit([InsertJob(JOB), InsertTasks(tasks, commands)])
        assert await reader.tasks("j1") == list(tasks)
        assert [await reader.commands(task.id) for task in tasks] == list(commands)


async def test_a_task_that_waits_for_one_that_is_not_there_cannot_be_read(tmp_path):
    lost = attrs.evolve(TASKS[1], depends_on=("t1", "nowhere"))
    async with open_store(tmp_path / "farm.sqlite", TaskLogs(tmp_path)) as store:
        await store.commit([InsertJob(JOB), InsertTasks((TASKS[0], lost), COMMANDS[:2])])
        with pytest.raises(UnreadableRow, match=r"tasks, row t2, column depends_on .*nowhere"):
            await store.load(job_key("j1"))
