"""Parked objects stay parked, and free what they held, whatever their rows look like."""

import sqlite3
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from flamenco.logs import TaskLogs
from flamenco.model.jobs import Command, Job, Task
from flamenco.model.lists import JobFilter, Order, Paging, WorkerFilter
from flamenco.model.parking import Parked, ParkedKind
from flamenco.model.statuses import TaskStatus
from flamenco.model.workers import Worker
from flamenco.store import (
    DeleteJob,
    DeleteParked,
    DeleteTasks,
    HandBackLeases,
    InsertJob,
    InsertTasks,
    MarkWorkerDeleted,
    PutParked,
    PutWorker,
    RequestDeletion,
    StoredLease,
    listed_jobs,
    listed_workers,
    open_reader,
    open_store,
    worker_key,
)

NOW = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def job(name: str) -> Job:
    steps = {"steps_completed": 5, "steps_total": 20}
    return Job(id=name, name=f"job {name}", type="echo", created=NOW, updated=NOW, **steps)


def task(job_id: str, number: int, **fields) -> Task:
    known = {"id": f"{job_id}-{number}", "name": f"task {number}", "type": "misc", "idx": number}
    return Task(**known, job_id=job_id, created=NOW, updated=NOW, **fields)


def held(job_id: str, number: int, worker_id: str) -> Task:
    lease = {"status": TaskStatus.ACTIVE, "lease": 3, "worker_id": worker_id, "started": NOW}
    return task(job_id, number, steps_completed=2, **lease)


WORKERS = [
    Worker(id=key, name=name, secret_hash="x", platform="linux", created=NOW, updated=NOW)
    for key, name in (("w1", "anna"), ("w2", "bert"))
]
TASKS = (held("j1", 1, "w1"), held("j1", 2, "w2"), task("j1", 3), held("j2", 1, "w1"))


@asynccontextmanager
async def farm(tmp_path):
    """A store with two jobs that are under way, a reader, and its file."""
    path = tmp_path / "farm.sqlite"
    async with open_store(path, TaskLogs(tmp_path)) as store, open_reader(path) as reader:
        commands = ((Command("echo", {}),),) * len(TASKS)
        jobs = [InsertJob(job("j1")), InsertJob(job("j2"))]
        workers = [PutWorker(worker) for worker in WORKERS]
        await store.commit([*jobs, InsertTasks(TASKS, commands), *workers])
        yield store, reader, path


def spoil(path, statement: str) -> None:
    """Change a cell behind the store's back."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(statement).rowcount
        connection.commit()


async def test_what_is_parked_is_told_by_kind_until_it_is_tried_again_or_deleted(tmp_path):
    async with farm(tmp_path) as (store, reader, _):
        await store.commit(
            [
                PutParked(ParkedKind.JOB, "j1", "it crashed", NOW),
                PutParked(ParkedKind.JOB, "j2", "it crashed", NOW),
                PutParked(ParkedKind.WORKER, "j1", "another thing", NOW),
                PutParked(ParkedKind.JOB, "j1", "it crashed again", LATER),
            ]
        )
        assert await reader.parked(ParkedKind.JOB) == {
            "j2": Parked("it crashed", NOW),
            "j1": Parked("it crashed again", LATER),
        }
        await store.commit([DeleteParked(ParkedKind.JOB, "j1"), DeleteJob("j2")])
        assert await reader.parked(ParkedKind.JOB) == {}
        assert [*await reader.parked(ParkedKind.WORKER)] == ["j1"]


async def test_a_list_tells_what_of_its_kind_is_parked(tmp_path):
    async with farm(tmp_path) as (store, reader, _):
        await store.commit(
            [
                PutParked(ParkedKind.WORKER, "w1", "it crashed", NOW),
                PutParked(ParkedKind.JOB, "w2", "another thing", NOW),
                PutParked(ParkedKind.JOB, "j1", "it crashed", NOW),
                PutParked(ParkedKind.WORKER, "j2", "another thing", NOW),
            ]
        )
        paging = Paging(order=Order("name"))
        for listing, parked in (
            (listed_workers(WorkerFilter()), "w1"),
            (listed_jobs(JobFilter()), "j1"),
        ):
            page = await reader.page(listing, paging)
            shown = {item.id: page.parked.get(item.id) for item in page.items}
            assert [each for each in shown if shown[each]] == [parked]


async def test_the_leases_of_a_parked_job_are_handed_back_and_no_others(tmp_path):
    async with farm(tmp_path) as (store, reader, _):
        back = HandBackLeases("j1", "the job is parked", LATER)
        await store.commit([back])
        assert back.leases == (
            StoredLease("j1", "j1-1", 3, "w1"),
            StoredLease("j1", "j1-2", 3, "w2"),
        )
        first, second, third = await reader.tasks("j1")
        waits = {"status": TaskStatus.QUEUED, "steps_completed": 0, "activity": back.reason}
        freed = [attrs.evolve(each, **waits, updated=LATER) for each in TASKS[:2]]
        assert [first, second, third] == [*freed, TASKS[2]]
        assert [(await reader.job(each)).steps_completed for each in ("j1", "j2")] == [1, 5]
        (attempt,) = await reader.attempts("j1-2")
        assert (attempt.worker_name, attempt.ending, attempt.started) == ("bert", "returned", NOW)
        assert (attempt.reason, attempt.ended) == ("the job is parked", LATER)
        other = (StoredLease("j2", "j2-1", 3, "w1"),)
        assert (await store.load(worker_key("w1"))).leases == other


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE tasks SET depends_on = '{', priority = 'high', name = NULL WHERE job_id = 'j1'",
        "UPDATE tasks SET started = 'a while ago', updated = x'ff' WHERE job_id = 'j1'",
        "UPDATE tasks SET name = CAST(x'ff' AS TEXT), idx = 'first' WHERE job_id = 'j1'",
        "UPDATE jobs SET settings = '{', status = 'banana', created = NULL WHERE id = 'j1'",
        "UPDATE workers SET name = x'ff', task_types = '[' WHERE id = 'w2'",
    ],
)
async def test_a_job_with_unreadable_rows_is_handed_back_and_erased_all_the_same(tmp_path, damage):
    async with farm(tmp_path) as (store, reader, path):
        spoil(path, damage)
        back = HandBackLeases("j1", "the job is parked", LATER)
        await store.commit([back, RequestDeletion("j1", LATER, files=True)])
        assert [lease.worker_id for lease in back.leases] == ["w1", "w2"]
        assert [attempt.started in (NOW, LATER) for attempt in await reader.attempts("j1-1")] == [
            True
        ]
        assert await reader.jobs_being_deleted() == ["j1"]
        assert await reader.task_count("j1") == 3
        await store.commit([DeleteTasks("j1", 2), DeleteTasks("j1", 2), DeleteJob("j1")])
        assert await reader.jobs_being_deleted() == []
        assert await reader.tasks("j2") == [TASKS[3]]


async def test_a_lease_that_cannot_be_told_is_closed_without_an_attempt(tmp_path):
    async with farm(tmp_path) as (store, reader, path):
        spoil(path, "UPDATE tasks SET lease = 'third' WHERE id = 'j1-1'")
        assert [each.job_id for each in (await store.load(worker_key("w1"))).leases] == ["j2"]
        back = HandBackLeases("j1", "the job is parked", LATER)
        await store.commit([back])
        assert [lease.task_id for lease in back.leases] == ["j1-2"]
        assert await reader.attempts("j1-1") == []
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("SELECT DISTINCT status FROM tasks WHERE job_id = 'j1'")
            assert rows.fetchall() == [("queued",)]


async def test_a_worker_whose_row_cannot_be_read_is_deleted_all_the_same(tmp_path):
    async with farm(tmp_path) as (store, reader, path):
        spoil(path, "UPDATE workers SET specs = '{' WHERE id = 'w1'")
        await store.commit([PutParked(ParkedKind.WORKER, "w1", "unreadable", NOW)])
        await store.commit([MarkWorkerDeleted("w1", LATER)])
        assert await reader.ids(listed_workers(WorkerFilter())) == ["w2"]
        assert await reader.parked(ParkedKind.WORKER) == {}
