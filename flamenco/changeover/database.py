"""The database of a Manager of Flamenco 3.3 to 3.9, read as this farm's model."""

import shutil
import sqlite3
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs

from flamenco.changeover import values
from flamenco.changeover.old import ChangeoverError
from flamenco.changeover.values import Note, moment
from flamenco.model.bounds import HIGHEST_PRIORITY, LOWEST_PRIORITY
from flamenco.model.jobs import Block, Command, Job, Task
from flamenco.model.livejob import LiveJob
from flamenco.model.planned import planned_frames
from flamenco.model.schedules import SleepSchedule, parse_schedule
from flamenco.model.statuses import JobStatus, TaskStatus, WorkerStatus
from flamenco.model.workers import StatusRequest, Worker, WorkerTag
from flamenco.store.database import FLAMENCO_3

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BLOCK_REASON = "blocklisted by the Manager of Flamenco 3"

_TAG_NAMES = {
    "worker_tags": "worker_clusters",
    "worker_tag_membership": "worker_cluster_membership",
}
"""Names of tables, and what they were called before Flamenco 3.3 had tags."""

_LOOKED_UP = {
    "tasks": "job_id",
    "task_dependencies": "task_id",
    "task_failures": "task_id",
    "job_blocks": "job_id",
}
"""Columns by which rows are found job by job; the copy gets an index of each."""

_ALIVE = 128
"""Offset of that byte."""

Row = Mapping[str, Any]


@attrs.frozen
class OldJob:
    """A job with all that is known of it."""

    job: Job
    tasks: tuple[Task, ...]
    commands: tuple[tuple[Command, ...], ...]
    """Commands of each task, in the order of the tasks."""
    blocks: tuple[Block, ...]


@attrs.define
class OldDatabase:
    """The content of the tables. Columns that an older version lacks are empty."""

    _connection: sqlite3.Connection
    _note: Note
    _workers: dict[int, Worker] = attrs.field(factory=dict)
    _tags: dict[int, str] = attrs.field(factory=dict)
    # by the ids of the old database

    def _rows(self, table: str, rest: str = "", *given: object) -> Iterator[Row]:
        try:
            found = self._connection.execute(f"SELECT * FROM {table} {rest}", given)  # noqa: S608
        except sqlite3.OperationalError:  # an older version has no such table
            return
        names = [each[0] for each in found.description]
        for row in found:
            yield defaultdict(lambda: None, zip(names, row, strict=True))

    def _renamed(self, table: str) -> Iterator[Row]:
        yield from self._rows(table)
        yield from self._rows(_TAG_NAMES[table])

    def tags(self) -> list[WorkerTag]:
        """The tags of workers."""
        found = []
        for row in self._renamed("worker_tags"):
            self._tags[row["id"]] = row["uuid"]
            name, description = row["name"] or "", row["description"] or ""
            found.append(WorkerTag(id=row["uuid"], name=name, description=description))
        return found

    def workers(self) -> list[Worker]:
        """All workers, those that were deleted too, since tasks name them."""
        tags = defaultdict(list)
        for row in self._renamed("worker_tag_membership"):
            tag = self._tags.get(row["worker_tag_id"] or row["worker_cluster_id"] or 0)
            if tag is not None:
                tags[row["worker_id"]].append(tag)
        schedules = {row["worker_id"]: self._schedule(row) for row in self._rows("sleep_schedules")}
        for row in self._rows("workers", "ORDER BY id"):
            worker = self._worker(row, sorted(tags[row["id"]]), schedules.get(row["id"]))
            self._workers[row["id"]] = worker
        return list(self._workers.values())

    def _worker(self, row: Row, tags: list[str], schedule: SleepSchedule | None) -> Worker:
        name, came = row["name"] or "", bool(row["status"])
        created = moment(row["created_at"]) or EPOCH
        updated = moment(row["updated_at"]) or created
        seen = moment(row["last_seen_at"]) or (updated if came else None)
        wanted = row["status_requested"]
        return Worker(
            id=row["uuid"],
            name=name,
            secret_hash=row["secret"] or "",
            address=row["address"] or "",
            platform=row["platform"] or "",
            software=row["software"] or "",
            task_types=values.words(row["supported_task_types"]),
            tags=tuple(tags),
            schedule=schedule,
            schedule_due=created if schedule and schedule.is_active else None,
            status=self._status(WorkerStatus, row["status"], WorkerStatus.OFFLINE, f"worker {name}")
            if came
            else WorkerStatus.OFFLINE,
            request=StatusRequest(WorkerStatus(wanted), bool(row["lazy_status_request"]))
            if wanted in set(WorkerStatus)
            else None,
            can_restart=bool(row["can_restart"]),
            created=created,
            updated=updated,
            last_seen=seen,
            deleted_at=moment(row["deleted_at"]),
        )

    def _schedule(self, row: Row) -> SleepSchedule | None:
        try:
            return parse_schedule(
                bool(row["is_active"]),
                row["days_of_week"] or "",
                (row["start_time"] or "")[:5],
                (row["end_time"] or "")[:5],
            )
        except ValueError as error:
            self._note(f"a sleep schedule is left out: {error}")
            return None

    def _status(self, kind: Any, value: object, otherwise: Any, what: str) -> Any:
        return values.status(kind, value, otherwise, what, self._note)

    def jobs(self) -> Iterator[OldJob]:
        """The jobs, oldest first, read one by one; tags and workers have to be read before."""
        for row in self._rows("jobs", "ORDER BY id"):
            yield self._job(row)

    def _job(self, row: Row) -> OldJob:
        name = row["name"] or row["uuid"]
        what = f"job {row['uuid']} ({name})"
        created = moment(row["created_at"]) or EPOCH
        rows = list(self._rows("tasks", "WHERE job_id = ? ORDER BY id", row["id"]))
        rows.sort(key=lambda each: each["index_in_job"] or 0)
        commands = tuple(values.commands(each["commands"], what, self._note) for each in rows)
        tasks = self._tasks(row, created, rows, commands)
        given = row["priority"] or 0
        priority = min(max(given, LOWEST_PRIORITY), HIGHEST_PRIORITY)
        if priority != given:
            self._note(f"{what}: priority {given} becomes {priority}")
        job = Job(
            id=row["uuid"],
            name=name,
            type=row["job_type"] or "",
            priority=priority,
            status=self._status(JobStatus, row["status"], JobStatus.FAILED, what),
            activity=row["activity"] or "",
            settings=values.section(row["settings"] or "{}", f"{what}: its settings", self._note),
            metadata=values.texts(
                values.section(row["metadata"] or "{}", f"{what}: its metadata", self._note)
            ),
            worker_tag=self._tags.get(row["worker_tag_id"] or row["worker_cluster_id"] or 0),
            shaman_checkout_id=row["storage_shaman_checkout_id"] or None,
            steps_completed=sum(task.steps_completed for task in tasks),
            steps_total=sum(task.steps_total for task in tasks),
            created=created,
            updated=moment(row["updated_at"]) or created,
            delete_requested_at=moment(row["delete_requested_at"]),
        )
        counted = LiveJob.of(job, tasks).job
        return OldJob(counted, tasks, commands, self._blocks(row["id"], job))

    def _tasks(
        self,
        job: Row,
        created: datetime,
        rows: list[Row],
        commands: tuple[tuple[Command, ...], ...],
    ) -> tuple[Task, ...]:
        ids = {row["id"]: row["uuid"] for row in rows}
        of_job = "WHERE task_id IN (SELECT id FROM tasks WHERE job_id = ?)"
        needs, failed = defaultdict(list), defaultdict(list)
        for each in self._rows("task_dependencies", of_job, job["id"]):
            if each["dependency_id"] in ids:
                needs[each["task_id"]].append(ids[each["dependency_id"]])
        for each in self._rows("task_failures", of_job, job["id"]):
            if worker := self._workers.get(each["worker_id"]):
                failed[each["task_id"]].append(worker.id)
        return tuple(
            self._task(job, created, place, row, needs[row["id"]], failed[row["id"]], made)
            for place, (row, made) in enumerate(zip(rows, commands, strict=True), 1)
        )

    def _task(
        self,
        job: Row,
        created: datetime,
        place: int,
        row: Row,
        needs: list[str],
        failed: list[str],
        commands: tuple[Command, ...],
    ) -> Task:
        worker = self._workers.get(row["worker_id"] or 0)
        status = self._status(TaskStatus, row["status"], TaskStatus.CANCELED, f"task {row['uuid']}")
        held = status is TaskStatus.ACTIVE and worker is not None and worker.deleted_at is None
        if status is TaskStatus.ACTIVE and not held:
            status = TaskStatus.QUEUED
        total = sum(max(1, each.total_step_count) for each in commands)
        steps = values.count(row["steps_completed"], f"task {row['uuid']}", self._note)
        done = total if status is TaskStatus.COMPLETED else min(steps, total)
        touched = moment(row["last_touched_at"])
        made = moment(row["created_at"]) or created
        return Task(
            id=row["uuid"],
            job_id=job["uuid"],
            idx=place,
            name=row["name"] or "",
            type=row["type"] or "",
            priority=row["priority"] or 0,
            depends_on=tuple(needs),
            status=status,
            activity=row["activity"] or "",
            steps_completed=done,
            steps_total=total,
            frames=planned_frames(commands),
            worker_id=worker.id if worker else None,
            lease=1 if held else 0,
            failed_by=tuple(dict.fromkeys(failed)),
            created=made,
            updated=moment(row["updated_at"]) or made,
            started=touched if held else None,
            last_touched=touched,
        )

    def _blocks(self, row_id: int, job: Job) -> tuple[Block, ...]:
        found = []
        for row in self._rows("job_blocks", "WHERE job_id = ?", row_id):
            worker = self._workers.get(row["worker_id"])
            if worker is not None:
                since = moment(row["created_at"]) or job.updated
                found.append(Block(worker.id, row["task_type"] or "", BLOCK_REASON, since))
        return tuple(found)

    def last_rendered(self) -> str | None:
        """The id of the job that was rendered into last."""
        query = (
            "SELECT jobs.uuid FROM last_rendereds JOIN jobs ON jobs.id = last_rendereds.job_id "
            "ORDER BY last_rendereds.updated_at DESC, last_rendereds.id DESC LIMIT 1"
        )
        try:
            row = self._connection.execute(query).fetchone()
        except sqlite3.OperationalError:
            return None
        return str(row[0]) if row else None


def is_open(path: Path) -> bool:
    """True if another program has the database open, as far as can be told; not on Windows.

    Who has a database with a write-ahead log open shares a lock on one byte of its index, for as
    long as it runs (SQLite's `os_unix.c`, "dead man's switch").
    """
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        with Path(f"{path.resolve()}-shm").open("r+b") as index:
            fcntl.lockf(index, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _ALIVE)
    except BlockingIOError:
        return True
    except OSError:  # it is not there, or not ours to lock
        return False
    return False


@contextmanager
def open_old(path: Path, note: Note) -> Iterator[OldDatabase]:
    """The database at a path, of which a copy is read: SQLite would make files beside it.

    Raises ChangeoverError if it is not one of Flamenco 3, or can't be read.
    """
    with tempfile.TemporaryDirectory(prefix="flamenco-import-") as folder:
        copy = Path(folder) / "old.sqlite"
        for suffix in ("", "-wal"):
            source = Path(f"{path}{suffix}")
            if source.is_file():
                shutil.copyfile(source, f"{copy}{suffix}")
        with closing(sqlite3.connect(copy, check_same_thread=False)) as connection:
            try:
                known = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
                sound = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            except sqlite3.DatabaseError as error:
                raise ChangeoverError(f"{path} can't be read: {error}") from None
            if FLAMENCO_3 not in known:
                raise ChangeoverError(f"{path} is no database of Flamenco 3's Manager")
            if sound != "ok":
                raise ChangeoverError(f"{path} is damaged: {sound}; restore a copy of it")
            for table, column in _LOOKED_UP.items():
                if table in known:
                    name = f"of_{table}"
                    connection.execute(f"CREATE INDEX {name} ON {table} ({column})")
            yield OldDatabase(connection, note)
