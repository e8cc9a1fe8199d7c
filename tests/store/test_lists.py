"""Lists come filtered, in order and in pages, each at the cost of what it shows."""

import threading
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise, product

import attrs
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database
from trio.testing import wait_all_tasks_blocked

from flamenco.logs import TaskLogs
from flamenco.model.jobs import OWNER, Attempt, Job, Task
from flamenco.model.lists import JobFilter, Mark, Order, Paging, TaskFilter, WorkerFilter
from flamenco.model.statuses import JobStatus, TaskStatus, WorkerStatus
from flamenco.model.workers import Worker
from flamenco.store import (
    InsertAttempt,
    InsertJob,
    InsertTasks,
    PutWorker,
    listed_jobs,
    listed_tasks,
    listed_workers,
    open_reader,
    open_store,
)
from flamenco.store.lists import JOB_KEYS, TASK_KEYS, WORKER_KEYS
from flamenco.store.migrations import MIGRATIONS
from tests.patience import PATIENCE

START = datetime(2026, 3, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def job(number: int, **fields) -> Job:
    times = {"created": at(number), "updated": at(-number / 2)}
    return Job(**{"id": f"j{number}", "name": f"Job {number % 3}", "type": "t", **times, **fields})


def task(number: int, job_id: str = "j1", **fields) -> Task:
    times = {"created": START, "updated": at(number % 4)}
    known = {"id": f"{job_id}-{number}", "job_id": job_id, "idx": number, "type": "blender"}
    return Task(**{**known, "name": f"render-{number}", **times, **fields})


def worker(number: int, **fields) -> Worker:
    times = {"created": START, "updated": START}
    known = {"id": f"w{number}", "name": f"worker-{number}", "secret_hash": "", "platform": "linux"}
    return Worker(**{**known, **times, **fields})


@pytest.fixture
async def reader(tmp_path):
    """A reader, and what puts things where it reads."""
    path = tmp_path / "flamenco.sqlite"
    async with open_store(path, TaskLogs(tmp_path)) as store, open_reader(path) as reader:
        yield reader, store.commit


class LongList:
    """One that is read until it is told that this is ``enough``."""

    def __init__(self):
        self.enough = threading.Event()

    def ids(self, connection):
        assert self.enough.wait(PATIENCE)
        return []


async def test_a_list_that_takes_long_holds_up_no_other(reader):
    reader, commit = reader
    await commit([InsertJob(job(1))])
    long = LongList()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(reader.ids, long)
        await wait_all_tasks_blocked()
        try:
            with trio.fail_after(PATIENCE):
                assert await reader.ids(listed_jobs(JobFilter())) == ["j1"]
        finally:
            long.enough.set()


async def ids(reader, listing, sort: str, limit: int | None = None) -> list[list[str]]:
    """The ids on each page."""
    pages, mark = [], None
    while True:
        paging = Paging(order=Order.of(sort), limit=limit, after=mark)
        page = await reader.page(listing, paging)
        pages.append([each.id for each in page.items])
        mark = page.next
        if mark is None:
            return pages


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, "j1 j2 j3 j4"),
        ({"archived": True}, "j5"),
        ({"id": "j"}, "j1 j2 j3 j4"),
        ({"id": "j3"}, "j3"),
        ({"id": "J"}, ""),
        ({"status": (JobStatus.ACTIVE,)}, "j2"),
        ({"status": (JobStatus.ACTIVE, JobStatus.FAILED)}, "j2 j3"),
        ({"status": (JobStatus.UNDER_CONSTRUCTION,)}, ""),
        ({"type": ("video", "other")}, "j3"),
        ({"name": "OB 1"}, "j1 j4"),
        ({"name": "100%"}, ""),
        ({"tag": "gpu"}, "j4"),
        ({"owner": ("ADA", "bob")}, "j1 j3"),
        ({"worker": "w1"}, "j1 j2"),
        ({"worker": "w9"}, ""),
        ({"created_after": at(2)}, "j3 j4"),
        ({"created_before": at(2)}, "j1"),
        ({"updated_after": at(-1.5), "updated_before": at(-0.5)}, "j2"),
        ({"updated_after": at(-1.25).astimezone(timezone(timedelta(hours=2)))}, "j1 j2"),
        ({"name": "job", "status": (JobStatus.QUEUED,), "created_after": at(3)}, "j4"),
    ],
)
async def test_jobs_are_found_by(reader, fields, found):
    reader, commit = reader
    lease = Attempt(
        task_id="j2-1",
        lease=1,
        job_id="j2",
        worker_id="w1",
        worker_name="anna",
        started=START,
        ended=START,
        ending="failed",
        reason="",
    )
    jobs = [
        job(1, metadata={OWNER: "ada"}),
        job(2, status=JobStatus.ACTIVE),
        job(3, status=JobStatus.FAILED, type="video", metadata={OWNER: "Bob"}),
        job(4, worker_tag="gpu"),
        job(5, archived_at=START),
        job(6, status=JobStatus.UNDER_CONSTRUCTION),
    ]
    held = task(1, status=TaskStatus.ACTIVE, worker_id="w1")
    await commit([*map(InsertJob, jobs), InsertTasks((held, task(1, "j2")), ((), ()))])
    await commit([InsertAttempt(lease)])
    listing = listed_jobs(JobFilter(**fields))
    assert await ids(reader, listing, "created") == [found.split()]
    assert sorted(await reader.ids(listing)) == found.split()


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, "j1-1 j1-2 j1-3"),
        ({"status": (TaskStatus.FAILED, TaskStatus.ACTIVE)}, "j1-2"),
        ({"type": ("ffmpeg",)}, "j1-3"),
        ({"name": "Render-2"}, "j1-2"),
        ({"worker": "w1"}, "j1-2"),
        ({"text": "ER-3"}, "j1-3"),
        ({"text": "ANNA"}, "j1-2"),
        ({"text": "gone"}, ""),
        ({"updated_after": at(2)}, "j1-3"),
    ],
)
async def test_tasks_of_a_job_are_found_by(reader, fields, found):
    reader, commit = reader
    workers = worker(1, name="anna"), worker(2, name="gone", deleted_at=START)
    await commit([PutWorker(each) for each in workers])
    tasks = (
        task(1),
        task(2, status=TaskStatus.FAILED, worker_id="w1"),
        task(3, type="ffmpeg", worker_id="w2"),
        task(1, "j2"),
    )
    await commit([InsertJob(job(1)), InsertJob(job(2)), InsertTasks(tasks, ((),) * 4)])
    assert await ids(reader, listed_tasks("j1", TaskFilter(**fields)), "index_in_job") == [
        found.split()
    ]


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, "w1 w2 w3"),
        ({"status": (WorkerStatus.AWAKE,)}, "w2"),
        ({"type": ("ffmpeg", "misc")}, "w1 w2"),
        ({"name": "ER-3"}, "w3"),
        ({"tag": "gpu"}, "w3"),
        ({"seen_before": at(10)}, "w2"),
    ],
)
async def test_workers_are_found_by(reader, fields, found):
    reader, commit = reader
    workers = [
        worker(1, task_types=("ffmpeg", "blender")),
        worker(2, task_types=("misc",), status=WorkerStatus.AWAKE, last_seen=at(1)),
        worker(3, tags=("cpu", "gpu"), last_seen=at(20)),
        worker(4, deleted_at=START),
    ]
    await commit([PutWorker(each) for each in workers])
    assert await ids(reader, listed_workers(WorkerFilter(**fields)), "name") == [found.split()]


async def test_a_page_says_what_comes_next_and_if_asked_how_many_there_are(reader):
    reader, commit = reader
    await commit([InsertJob(job(number)) for number in range(5)])
    paging = Paging(order=Order("created"), limit=2)
    page = await reader.page(listed_jobs(JobFilter()), paging)
    assert (len(page.items), page.total) == (2, None)
    following = attrs.evolve(paging, after=page.next, count=True)
    page = await reader.page(listed_jobs(JobFilter()), following)
    assert ([each.id for each in page.items], page.total) == (["j2", "j3"], 5)
    whole = Paging(order=Order("created"), count=True)
    page = await reader.page(listed_jobs(JobFilter(name="job 1")), whole)
    assert (len(page.items), page.next, page.total) == (2, None, 2)


@pytest.mark.parametrize(("way", "order"), [("", [1, 3, 0, 2]), ("-", [2, 0, 3, 1])])
@pytest.mark.parametrize("limit", [1, 4])
async def test_capitals_make_no_difference_to_the_order_of_names(reader, limit, way, order):
    reader, commit = reader
    named = list(enumerate(["b", "A", "C", "a"]))
    tasks = [task(number, name=name) for number, name in named]
    workers = [PutWorker(worker(number, name=name)) for number, name in named]
    await commit([InsertJob(job(1)), InsertTasks(tuple(tasks), ((),) * 4), *workers])
    for listing, begin in (
        (listed_tasks("j1", TaskFilter()), "j1-"),
        (listed_workers(WorkerFilter()), "w"),
    ):
        pages = await ids(reader, listing, f"{way}name", limit)
        assert [each for page in pages for each in page] == [f"{begin}{number}" for number in order]


@pytest.mark.parametrize("limit", [1, 4])
async def test_tasks_come_by_the_names_of_their_workers_those_of_nobody_first(reader, limit):
    reader, commit = reader
    workers = worker(1, name="b"), worker(2, name="A"), worker(3, name="z", deleted_at=START)
    held = [task(number, worker_id=each) for number, each in enumerate(["w1", "w2", None, "w3"])]
    await commit([InsertJob(job(1)), InsertTasks(tuple(held), ((),) * 4), *map(PutWorker, workers)])
    pages = await ids(reader, listed_tasks("j1", TaskFilter()), "worker", limit)
    assert [each for page in pages for each in page] == ["j1-2", "j1-3", "j1-1", "j1-0"]


async def test_rows_may_be_skipped_to_look_into_the_middle_of_a_list(reader):
    reader, commit = reader
    tasks = tuple(task(number) for number in range(5))
    await commit([InsertJob(job(1)), InsertTasks(tasks, ((),) * 5)])
    paging = Paging(order=Order("index_in_job", descending=True), limit=2, skip=3)
    page = await reader.page(listed_tasks("j1", TaskFilter()), paging)
    assert ([each.id for each in page.items], page.next) == (["j1-1", "j1-0"], None)


ROWS = st.lists(
    st.tuples(st.sampled_from(JobStatus), st.sampled_from("aAbB"), st.integers(0, 3)), max_size=12
)


@settings(max_examples=30, deadline=None)
@given(rows=ROWS, sort=st.sampled_from([*JOB_KEYS]), back=st.booleans(), limit=st.integers(1, 5))
async def test_pages_one_after_the_other_are_the_whole_list(
    tmp_path_factory, rows, sort, back, limit
):
    folder = tmp_path_factory.mktemp("lists")
    jobs = [
        job(number, status=status, name=name, priority=rank, created=at(rank), updated=at(-rank))
        for number, (status, name, rank) in enumerate(rows)
    ]
    path = folder / "flamenco.sqlite"
    async with open_store(path, TaskLogs(folder)) as store, open_reader(path) as reader:
        await store.commit([InsertJob(each) for each in jobs])
        pages = await ids(reader, listed_jobs(JobFilter()), f"{'-' * back}{sort}", limit)
    shown = [each for each in jobs if each.status is not JobStatus.UNDER_CONSTRUCTION]

    def place(each: Job) -> tuple[object, str]:
        value = getattr(each, sort)
        return value.lower() if isinstance(value, str) else value, each.id

    assert [each for page in pages for each in page] == [
        each.id for each in sorted(shown, key=place, reverse=back)
    ]
    assert all(len(page) == limit for page in pages[:-1])


# How SQLite goes about it


@pytest.fixture(scope="module")
def connection():
    """A database with the schema and nothing else."""
    db = Database(memory=True)
    for migration in MIGRATIONS:
        migration(db)
    yield db.conn
    db.conn.close()


def plan(connection, listing, sort: str, paged: bool) -> list[str]:
    value = "paused" if sort.endswith("status") else "x"
    after = Mark(value, "x") if paged else None
    sql, values = listing.query(Paging(order=Order.of(sort), limit=50, after=after))
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]


LISTINGS = [
    *product([listed_jobs(JobFilter()), listed_jobs(JobFilter(archived=True))], JOB_KEYS),
    *product([listed_jobs(JobFilter(status=(JobStatus.ACTIVE, JobStatus.QUEUED)))], JOB_KEYS),
    *product([listed_jobs(JobFilter(name="x", worker="w", tag="t"))], JOB_KEYS),
    *product([listed_workers(WorkerFilter()), listed_workers(WorkerFilter(name="x"))], WORKER_KEYS),
    *product([listed_tasks("j", TaskFilter())], ["index_in_job"]),
]


@pytest.mark.parametrize("paged", [False, True], ids=["first", "later"])
@pytest.mark.parametrize("way", ["", "-"], ids=["up", "down"])
@pytest.mark.parametrize(("listing", "key"), LISTINGS)
def test_no_page_is_sorted_and_nothing_is_read_but_by_an_index(
    connection, listing, key, way, paged
):
    table = listing.table.name
    steps = plan(connection, listing, way + key, paged)
    read = [step for step in steps if table in step.split()]
    few = ["jobs_of_unknown_status"]  # rows that can't be read
    few += ["workers_by_last_seen (<expr>=?"] if paged else []  # last seen at the same moment
    sorting = [step for step in steps if step in read or "TEMP B-TREE FOR ORDER" in step]
    sorted_rows = [rows for rows, step in pairwise(sorting) if step not in read]
    assert all(any(each in rows for each in few) for rows in sorted_rows)
    assert read
    assert all("USING" in step and "INDEX" in step for step in read)
    if paged or table != "workers":
        assert all(step.startswith("SEARCH") for step in read)


@pytest.mark.parametrize("paged", [False, True], ids=["first", "later"])
@pytest.mark.parametrize("sort", ["status", "-status"])
def test_a_page_by_status_reads_no_rows_of_statuses_before_or_after_it(connection, sort, paged):
    steps = plan(connection, listed_jobs(JobFilter()), sort, paged)
    read = [step for step in steps if "jobs" in step.split()]
    assert len(read) > 1
    for step in read:
        assert "jobs_by_status (<expr>=? AND status=?" in step or "jobs_of_unknown_status" in step


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda reader: reader.unfinished_jobs(), "jobs_unfinished"),
        (lambda reader: reader.jobs_being_deleted(), "jobs_being_deleted"),
        (lambda reader: reader.jobs_untouched_since(START, archived=False), "jobs_by_updated"),
        (lambda reader: reader.jobs_untouched_since(START, archived=True), "jobs_by_updated"),
    ],
)
async def test_the_housekeeping_finds_by_an_index_what_it_has_to_do(reader, connection, ask, index):
    reading, _ = reader
    asked: list[str] = []
    for db in reading._free:
        db.conn.set_trace_callback(asked.append)
    await ask(reading)
    steps = connection.execute(f"EXPLAIN QUERY PLAN {asked[0]}").fetchall()
    assert f"INDEX {index}" in steps[0][3]


@pytest.mark.parametrize("key", sorted(set(TASK_KEYS) - {"index_in_job"}))
def test_other_orders_of_tasks_sort_the_tasks_of_one_job(connection, key):
    steps = plan(connection, listed_tasks("j", TaskFilter()), key, paged=False)
    assert steps[0].startswith("SEARCH tasks USING INDEX tasks_of_job (job_id=?)")
