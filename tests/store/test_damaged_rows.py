"""A cell that holds what nobody writes there is told, and keeps nothing else from being read."""

import re
import sqlite3
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import product

import attrs
import pytest

from flamenco.logs import TaskLogs
from flamenco.model.framelist import FramesPart
from flamenco.model.jobs import Attempt, Block, Command, Job, Task
from flamenco.model.lists import JobFilter, Order, Paging, TaskFilter, WorkerFilter
from flamenco.model.parking import ParkedKind
from flamenco.model.pictures import Picture, PicturesPart
from flamenco.model.statuses import JobStatus, TaskStatus, WorkerStatus
from flamenco.model.workers import StatusRequest, Worker, WorkerTag
from flamenco.store import (
    AppendLog,
    InsertAttempt,
    InsertJob,
    InsertTasks,
    PutBlock,
    PutPicture,
    PutTag,
    PutWorker,
    ReadCommands,
    UnreadableRow,
    job_key,
    listed_jobs,
    listed_tasks,
    listed_workers,
    open_reader,
    open_store,
    worker_key,
)
from flamenco.store.lists import JOB_KEYS, TASK_KEYS, WORKER_KEYS
from flamenco.store.tables import ATTEMPTS, BLOCKS, JOBS, TAGS, TASKS, WORKERS

NOW = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
TIMES = {"created": NOW, "updated": NOW}
DONE = {"status": JobStatus.COMPLETED, "settings": {"frames": "1-2"}}
MADE = {
    "jobs": [Job(id=f"j{n}", name=f"job {n}", type="echo", **TIMES, **DONE) for n in (1, 2, 3)],
    "tasks": [
        Task(id=f"t{n}", job_id="j2", idx=n, name=f"task {n}", type="misc", **TIMES)
        for n in (1, 2, 3)
    ],
    "workers": [
        Worker(
            id=f"w{n}",
            name=f"worker {n}",
            secret_hash="salt$hash",
            platform="linux",
            task_types=("misc",),
            last_seen=NOW,
            request=StatusRequest(WorkerStatus.ASLEEP, lazy=True),
            **TIMES,
        )
        for n in (1, 2, 3)
    ],
    "tags": [WorkerTag(id=f"g{n}", name=f"tag {n}", description="of three") for n in (1, 2, 3)],
    "attempts": [
        Attempt(
            task_id="t2",
            lease=n,
            job_id="j2",
            worker_id="w1",
            worker_name="worker 1",
            started=NOW,
            ended=NOW,
            ending="failed",
            reason="broken",
        )
        for n in (1, 2, 3)
    ],
    "job_blocks": [Block(f"w{n}", "misc", "broken", NOW) for n in (1, 2, 3)],
}
TABLES = {table.name: table for table in (JOBS, TASKS, WORKERS, TAGS, ATTEMPTS, BLOCKS)}
SECOND = {"jobs": "j2", "tasks": "t2", "workers": "w2", "tags": "g2", "attempts": "t2 2"}
SECOND["job_blocks"] = "w2 misc"
WHERE = {
    "attempts": "task_id = 't2' AND lease = 2",
    "job_blocks": "worker_id = 'w2'",
}
LISTS = {
    "jobs": listed_jobs(JobFilter()),
    "tasks": listed_tasks("j2", TaskFilter()),
    "workers": listed_workers(WorkerFilter()),
}
BAD_CELLS = ["NULL", "x'ff'", "CAST(x'ff' AS TEXT)", "'banana'", "'{'", "1.5", "9e999", "-5", "''"]
BAD_CELLS.append(f"'{'[' * 2000}{']' * 2000}'")  # deeper than anything that reads JSON goes


@asynccontextmanager
async def farm(tmp_path):
    """Three of each kind of row, a reader of them, and a connection that spoils them."""
    path = tmp_path / "farm.sqlite"
    async with open_store(path, TaskLogs(tmp_path)) as store, open_reader(path) as reader:
        await store.commit(
            [
                *map(InsertJob, MADE["jobs"]),
                InsertTasks(tuple(MADE["tasks"]), ((Command("echo", {}),),) * 3),
                *map(PutWorker, MADE["workers"]),
                *map(PutTag, MADE["tags"]),
                *map(InsertAttempt, MADE["attempts"]),
                *(PutBlock("j2", block) for block in MADE["job_blocks"]),
            ]
        )
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            yield store, reader, connection


def spoil(connection, table: str, cell: str, which: str = "id LIKE '_2'") -> None:
    """Put into a cell what nobody writes there, by default in the second row."""
    assert connection.execute(f"UPDATE {table} SET {cell} WHERE {which}").rowcount == 1  # noqa: S608


@contextmanager
def spoilt(connection, table: str, column: str, cell: str, which: str):
    """A cell holds for a while what nobody writes there."""
    sound = connection.execute(f"SELECT {column} FROM {table} WHERE {which}").fetchall()  # noqa: S608
    spoil(connection, table, f"{column} = {cell}", which)
    yield
    mended = f"UPDATE {table} SET {column} = ? WHERE {which}"  # noqa: S608
    assert connection.execute(mended, sound[0]).rowcount == 1


async def listed(reader, table: str):
    """A whole list as people see it, and what is wrong with some of it."""
    if table in LISTS:
        page = await reader.page(LISTS[table], Paging(order=Order("name")))
        return page.items, {key: parked.reason for key, parked in page.parked.items()}
    rows = {
        "tags": reader.tags,
        "attempts": lambda: reader.attempts("t2"),
        "job_blocks": lambda: reader.blocks("j2"),
    }
    found = await rows[table]()
    return found, {key: str(error) for key, error in found.unreadable.items()}


@pytest.mark.parametrize("table", TABLES)
async def test_whatever_a_cell_holds_the_list_is_whole_and_its_row_is_named(tmp_path, table):
    which = WHERE.get(table, "id LIKE '_2'")
    places = {"id", "job_id", "archived_at", "deleted_at", *TABLES[table].key}
    async with farm(tmp_path) as (store, reader, connection):
        for column, cell in product(set(TABLES[table].columns) - places, BAD_CELLS):
            with spoilt(connection, table, column, cell, which):
                items, wrong = await listed(reader, table)
                assert len(items) == 3
                assert len([item for item in items if item in MADE[table]]) >= 2
                if wrong:
                    ((key, said),) = wrong.items()
                    assert key == SECOND[table]
                    assert said.startswith(f"table {table}, row {key}, column {column} can't be")
                await snapshots_tell_the_same(store, table, wrong)


async def snapshots_tell_the_same(store, table: str, wrong) -> None:
    """A row that a list shows as unreadable is not a snapshot, and the error says the same."""
    key = {"jobs": job_key("j2"), "tasks": job_key("j2"), "workers": worker_key("w2")}.get(table)
    if key is None:
        return
    if not wrong:
        await store.load(key)
        return
    with pytest.raises(UnreadableRow) as raised:
        await store.load(key)
    assert [str(raised.value)] == [*wrong.values()]


@pytest.mark.parametrize(
    ("table", "cell", "said"),
    [
        ("jobs", "settings = '{'", "column settings can't be read: no JSON"),
        ("jobs", "status = 'banana'", "column status can't be read: Invalid enum value 'banana'"),
        ("jobs", "priority = 'high'", "column priority can't be read: Expected `int`, got `str`"),
        ("jobs", "created = 'yesterday'", "column created can't be read: Invalid RFC3339"),
        ("tasks", "depends_on = '{}'", "column depends_on can't be read: Expected `array`"),
        ("tasks", "status = NULL", "column status can't be read"),
        ("workers", "specs = '[]'", "column specs can't be read: Expected `object`, got `array`"),
        ("workers", "schedule = '{'", "column schedule can't be read"),
    ],
)
async def test_a_stand_in_has_what_can_be_read_of_its_row(tmp_path, table, cell, said):
    column = cell.partition(" ")[0]
    async with farm(tmp_path) as (_, reader, connection):
        spoil(connection, table, cell)
        items, wrong = await listed(reader, table)
        assert re.search(said, wrong[SECOND[table]])
        (stand_in,) = [item for item in items if item.id == SECOND[table]]
        for field in attrs.fields_dict(type(stand_in)):
            if field not in (column, "activity"):
                assert getattr(stand_in, field) == getattr(MADE[table][1], field)


async def test_what_is_shown_of_a_status_that_cannot_be_read_needs_a_person(tmp_path):
    async with farm(tmp_path) as (_, reader, connection):
        for table in ("jobs", "tasks", "workers"):
            spoil(connection, table, "status = 'banana'")
        assert (await reader.shown_job("j2")).item.status is JobStatus.FAILED
        assert (await reader.shown_task("t2")).item.status is TaskStatus.FAILED
        assert (await reader.shown_worker("w2")).item.status is WorkerStatus.ERROR
        assert await reader.job_counts() == {JobStatus.COMPLETED: 2, JobStatus.FAILED: 1}
        assert await reader.worker_counts() == {WorkerStatus.OFFLINE: 2, WorkerStatus.ERROR: 1}
        failed = listed_jobs(JobFilter(status=(JobStatus.FAILED,)))
        done = listed_jobs(JobFilter(status=(JobStatus.COMPLETED,)))
        assert (await reader.ids(failed), await reader.ids(done)) == (["j2"], ["j1", "j3"])
        assert await reader.unfinished_jobs() == ["j2"]


@pytest.mark.parametrize(
    ("table", "key"),
    [
        *(("jobs", key) for key in JOB_KEYS),
        *(("tasks", key) for key in TASK_KEYS if key != "worker"),  # which lies in another table
        *(("workers", key) for key in WORKER_KEYS),
    ],
)
async def test_pages_go_past_rows_whose_sort_key_cannot_be_read(tmp_path, table, key):
    column = {"index_in_job": "idx", "owner": "metadata"}.get(key, key)
    ids = [item.id for item in MADE[table]]
    cells = ["NULL", "x'ff'", "CAST(x'ff' AS TEXT)", "'banana'", "1.5"]
    async with farm(tmp_path) as (_, reader, connection):
        for cell, back, last in product(cells, ("", "-"), (1, 2, 3)):
            for each in ids[:last]:
                spoil(connection, table, f"{column} = {cell}", f"id = '{each}'")
            assert sorted(await one_by_one(reader, LISTS[table], back + key)) == ids


async def one_by_one(reader, listing, sort: str) -> list[str]:
    """The ids of a list that is read in pages of one."""
    found, mark = [], None
    while len(found) < 4:
        page = await reader.page(listing, Paging(order=Order.of(sort), limit=1, after=mark))
        found += [item.id for item in page.items]
        mark = page.next
        if mark is None:
            break
    return found


async def test_what_works_by_itself_leaves_out_what_cannot_be_read(tmp_path):
    async with farm(tmp_path) as (_, reader, connection):
        connection.execute("UPDATE jobs SET settings = '{' WHERE id = 'j2'")
        connection.execute("UPDATE workers SET task_types = '[' WHERE id = 'w2'")
        later = NOW + timedelta(days=1)
        old = await reader.jobs_untouched_since(later, archived=False)
        assert [job.id for job in await reader.jobs_among(old)] == ["j1", "j3"]
        assert await reader.jobs_to_delete(later) == ["j1", "j2", "j3"]
        assert [worker.id for worker in await reader.workers()] == ["w1", "w3"]
        assert await reader.worker_ids() == ["w1", "w2", "w3"]
        assert await reader.offered_types() == {"misc"}
        assert await reader.ids(listed_workers(WorkerFilter(type=("misc",)))) == ["w1", "w3"]
        assert await reader.secret_hash("w2") == "salt$hash"
        connection.execute("UPDATE jobs SET status = 'under-construction'")
        half_made = await reader.half_made_jobs()
        assert [job.id for job in half_made] == ["j1", "j2", "j3"]


async def test_one_thing_that_is_asked_for_says_what_cannot_be_read(tmp_path):
    async with farm(tmp_path) as (_, reader, connection):
        for table, column in (("jobs", "metadata"), ("tasks", "failed_by"), ("workers", "tags")):
            spoil(connection, table, f"{column} = '[1'")
        connection.execute("UPDATE commands SET commands = '[' WHERE task_id = 't2'")
        for question in (
            reader.job("j2"),
            reader.task("t2"),
            reader.worker("w2"),
            reader.commands("t2"),
        ):
            with pytest.raises(UnreadableRow, match=r"^table .*, row .*, column .* can't be read"):
                await question
        assert "row t2, column failed_by" in (await reader.shown_task("t2")).parked.reason
        assert (await reader.shown_job("j1")).parked is None
        assert await reader.shown_job("nobody") is None
        assert await reader.job("j1") == MADE["jobs"][0]


async def test_commands_that_cannot_be_read_are_told_and_fail_no_commit(tmp_path):
    async with farm(tmp_path) as (store, reader, connection):
        connection.execute("UPDATE commands SET commands = NULL WHERE task_id = 't2'")
        bad, good = ReadCommands("t2"), ReadCommands("t1")
        await store.commit([PutTag(WorkerTag(id="g4", name="new")), bad, good])
        assert "table commands, row t2, column commands can't be read" in str(bad.unreadable)
        assert (bad.commands, good.commands) == ((), (Command("echo", {}),))
        assert "new" in [tag.name for tag in await reader.tags()]


async def test_the_beginning_of_a_log_that_is_no_bytes_is_shown_as_it_is(tmp_path):
    async with farm(tmp_path) as (store, reader, connection):
        await store.commit([AppendLog("j2", "t2", 0, b"assigned\n", own=True)])
        connection.execute("UPDATE log_heads SET content = 'a text'")
        assert await reader.log_head("t2") == b"a text"
        connection.execute("UPDATE log_heads SET content = NULL")
        assert await reader.log_head("t2") == b""


BAD_IDS = ["x'ff'", "CAST(x'ff' AS TEXT)", "''", "'a/b'"]


@pytest.mark.parametrize("cell", BAD_IDS)
async def test_an_id_that_cannot_be_read_hides_no_other(tmp_path, cell):
    async with farm(tmp_path) as (store, reader, connection):
        connection.execute("UPDATE jobs SET status = 'queued'")
        connection.execute("UPDATE tasks SET status = 'active', worker_id = 'w1', lease = 1")
        spoil(connection, "tasks", f"id = {cell}")
        spoil(connection, "workers", f"id = {cell}")
        spoil(connection, "jobs", f"id = {cell}", "id = 'j1'")
        assert await reader.unfinished_jobs() == ["j2", "j3"]
        assert await reader.ids(LISTS["jobs"]) == ["j2", "j3"]
        assert await reader.worker_ids() == ["w1", "w3"]
        held = (await store.load(worker_key("w1"))).leases
        assert {"t1", "t3"} <= {lease.task_id for lease in held}


@pytest.mark.parametrize("cell", BAD_IDS)
async def test_what_is_parked_is_told_whatever_else_lies_in_its_table(tmp_path, cell):
    async with farm(tmp_path) as (_, reader, connection):
        rows = f"('job', {cell}, 'broken', ''), ('job', 'j2', {cell}, {cell})"
        connection.execute(f"INSERT INTO parked (kind, id, reason, since) VALUES {rows}")  # noqa: S608
        assert list(await reader.parked(ParkedKind.JOB)) == ["j2"]
        page = await reader.page(LISTS["jobs"], Paging(order=Order("name")))
        assert len(page.items) == 3


async def test_what_is_counted_of_all_survives_what_is_no_text(tmp_path):
    async with farm(tmp_path) as (_, reader, connection):
        spoil(connection, "workers", "task_types = CAST(x'5B22FF225D' AS TEXT)")
        assert await reader.offered_types() == {"misc"}
        spoil(connection, "workers", "status = CAST(x'ff' AS TEXT)")
        assert (await reader.worker_counts())[WorkerStatus.ERROR] == 1


FRAME_CELLS = [
    *(f"{column} = X'FF'" for column in ("status", "frames", "warnings", "lease", "steps_total")),
    "status = 'odd'",
    "frames = '1-'",
    "warnings = '{'",
    "lease = 'odd'",
]


@pytest.mark.parametrize("cell", FRAME_CELLS)
async def test_the_frames_of_other_tasks_are_listed_beside_a_damaged_one(tmp_path, cell):
    async with farm(tmp_path) as (_, reader, connection):
        for number in (1, 2, 3):
            spoil(connection, "tasks", f"frames = '{number}'", f"id = 't{number}'")
        spoil(connection, "tasks", cell)
        found = await reader.frames("j2", FramesPart(), lambda found: found.frames)
        assert {1, 3} <= {frame.number for frame in found} <= {1, 2, 3}
        assert [frame.state for frame in found if frame.number != 2] == ["queued", "queued"]


@pytest.mark.parametrize("cell", ["name = X'FF'", "width = 'odd'", "frame = 'odd'", "seconds = ''"])
async def test_pictures_are_listed_beside_a_damaged_one(tmp_path, cell):
    async with farm(tmp_path) as (store, reader, connection):
        for number in (1, 2, 3):
            spoil(connection, "tasks", f"frames = '{number}'", f"id = 't{number}'")
        picture = Picture(
            job_id="j2", task_id="t1", lease=1, frame=1, output="", name="a" * 24, made=NOW
        )
        others = [attrs.evolve(picture, task_id=f"t{n}", frame=n) for n in (2, 3)]
        await store.commit([*map(PutPicture, [picture, *others])])
        spoil(connection, "pictures", cell, "frame = 2")
        found = await reader.frames("j2", FramesPart(), lambda found: found.frames)
        assert [frame.number for frame in found] == [1, 2, 3]
        assert all(frame.pictures for frame in found if frame.number != 2)
        part, seen = PicturesPart(limit=1), set()
        while part is not None:
            ((found,), place) = await reader.listed_pictures("j2", part, list)
            seen |= {each.task_id for each in found}
            part = PicturesPart(limit=1, after=place) if place else None
        assert seen == {"t1", "t2", "t3"}
