"""Read queries, on read-only connections beside the writer.

They see what is committed. Lists of the API come from here, never from the actors.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import attrs
import trio
from sqlite_utils import Database

from flamenco.model.framelist import (
    FramesPart,
    FrameTask,
    ListedPicture,
    Piece,
    all_pieces,
    listed_frames,
)
from flamenco.model.jobs import Attempt, Block, Command, Job, Task
from flamenco.model.lists import Paging
from flamenco.model.parking import Parked, ParkedKind
from flamenco.model.pictures import Picture, PicturePlace, PicturesPart
from flamenco.model.statuses import FINISHED_JOBS, JobStatus, WorkerStatus
from flamenco.model.workers import Worker, WorkerTag
from flamenco.store import submissions
from flamenco.store.database import connect
from flamenco.store.details import commands_of, log_head_of
from flamenco.store.frames import (
    JobFrames,
    list_pictures,
    read_pictures,
    read_tasks,
    with_makers,
    worker_names,
)
from flamenco.store.lists import Listing, Page, elements_of, in_utc
from flamenco.store.parking import Shown, all_parked, parked_of
from flamenco.store.submissions import Remembered
from flamenco.store.tables import (
    ATTEMPTS,
    BLOCKS,
    JOBS,
    PICTURES,
    TAGS,
    TASKS,
    WORKERS,
    Rows,
    Table,
    as_they_lie,
    ids_of,
)

T = TypeVar("T")
Listed = TypeVar("Listed", bound=attrs.AttrsInstance)
Status = TypeVar("Status", bound=StrEnum)

_THIS_WORKER = "WHERE id = ? AND deleted_at IS NULL"

READING_THREADS = 4
"""Questions that are answered at once in threads.

A busy event loop gives the next one its thread a round later: one at a time would have to wait for
as many rounds as there are questions before it.
"""

_FINISHED = ", ".join(f"'{status.value}'" for status in sorted(FINISHED_JOBS))
"""Statuses of finished jobs, as the indexes of the housekeeping name them."""

_BEING_MADE = (JobStatus.UNDER_CONSTRUCTION.value,)


@attrs.define(eq=False)
class Reader:
    """Answers questions about jobs, tasks and workers from disk.

    Few rows that are found by their key are read at once, in some twenty microseconds; a thread
    would wait for the interpreter's lock a hundred times as long while the event loop is busy. All
    else is read in threads, beside the event loop, each on a connection of its own.
    """

    _near: Database
    _free: list[Database]
    """Connections for threads, those that no thread uses now."""
    _threads: trio.CapacityLimiter = attrs.field(
        factory=lambda: trio.CapacityLimiter(READING_THREADS)
    )

    async def page(self, listing: Listing[Listed], paging: Paging) -> Page[Listed]:
        """A part of a list; see `flamenco.store.lists`."""
        return await self.ask(lambda db: listing.page(db, paging))

    async def ids(self, listing: Listing[Listed]) -> list[str]:
        """The ids of all that is on a list."""
        return await self.ask(listing.ids)

    async def counts(self, listing: Listing[Listed], column: str) -> Mapping[str, int]:
        """Number of rows of a list by the text in one of their columns."""
        return await self.ask(lambda db: listing.counts(db, column))

    async def unfinished_jobs(self) -> list[str]:
        """Ids of the jobs that live as actors: work is left in them."""
        return await self._ids(
            "SELECT id FROM jobs WHERE delete_requested_at IS NULL "  # noqa: S608
            f"AND status NOT IN ({_FINISHED}, 'under-construction') ORDER BY created"
        )

    async def half_made_jobs(self) -> Rows[Job]:
        """Jobs that are being stored, or whose submission was cut off."""
        return await self.ask(lambda db: JOBS.read(db, "WHERE status = ?", _BEING_MADE))

    async def jobs_untouched_since(self, moment: datetime, *, archived: bool) -> list[str]:
        """Ids of finished jobs that last changed at this moment or before, oldest first.

        With those that are ``archived``, or without.
        """
        return await self._ids(
            "SELECT id FROM jobs WHERE (archived_at IS NULL) IN (1, ?) AND updated <= ? "  # noqa: S608
            f"AND status IN ({_FINISHED}) AND delete_requested_at IS NULL ORDER BY updated",
            0 if archived else 1,
            in_utc(moment),
        )

    async def jobs_among(self, ids: Iterable[str]) -> list[Job]:
        """The jobs with these ids, oldest first, but those that can't be read."""
        rest = "WHERE id IN (SELECT value FROM json_each(?)) ORDER BY updated"
        wanted = json.dumps(list(ids))
        jobs = await self.ask(lambda db: JOBS.read(db, rest, (wanted,)))
        return [job for job in jobs if job.id not in jobs.unreadable]

    async def jobs_to_delete(self, moment: datetime) -> list[str]:
        """Ids of all jobs that last changed at this moment or before."""
        return await self._ids(
            "SELECT id FROM jobs WHERE updated <= ? AND delete_requested_at IS NULL "
            "AND status != ? ORDER BY updated",
            in_utc(moment),
            *_BEING_MADE,
        )

    async def jobs_being_deleted(self) -> list[str]:
        """Ids of the jobs whose deletion was requested and is not done."""
        return await self._ids("SELECT id FROM jobs WHERE delete_requested_at IS NOT NULL")

    async def _ids(self, query: str, *values: object) -> list[str]:
        return await self.ask(lambda db: ids_of(db, query, values))

    async def job(self, job_id: str) -> Job | None:
        """One job. Raises `UnreadableRow`."""
        return await self.look(lambda db: JOBS.one(db, "WHERE id = ?", (job_id,)))

    async def shown_job(self, job_id: str) -> Shown[Job] | None:
        """One job as people see it."""
        return await self.look(lambda db: _shown(db, JOBS, ParkedKind.JOB, "WHERE id = ?", job_id))

    async def is_checkout(self, path: str) -> bool:
        """True if a checkout has this path, Shaman's or a pack."""
        query = "SELECT 1 FROM checkouts WHERE path = ?"
        return await self.ask(lambda db: db.execute(query, (path,)).fetchone() is not None)

    async def checkouts_without_job(self) -> list[str]:
        """The paths of Shaman's checkouts without a job, and without one of a job inside; those
        made for a submission with a key are among `files_without_job`."""
        known = "SELECT path FROM checkouts WHERE created IS NULL"
        used = "SELECT DISTINCT shaman_checkout_id FROM jobs WHERE shaman_checkout_id IS NOT NULL"

        def find(db: sqlite3.Connection) -> list[str]:
            paths = {str(path) for (path,) in db.execute(known)}
            taken = {str(path) for (path,) in db.execute(used)}
            above = {str(each) for path in paths | taken for each in PurePosixPath(path).parents}
            return sorted(paths - taken - above)

        return await self.ask(find)

    async def checkouts_inside(self, checkout: str) -> list[str]:
        """The paths of checkouts in the folder of another."""
        query, inside = "SELECT path FROM checkouts WHERE substr(path, 1, ?) = ?", f"{checkout}/"
        values = (len(inside), inside)
        return await self.ask(lambda db: [str(path) for (path,) in db.execute(query, values)])

    async def submission(self, key: str) -> Remembered | None:
        """Job that was submitted with a key within the last day."""
        return await self.look(lambda db: submissions.submission_of(db, key))

    async def has_submissions_before(self, moment: datetime) -> bool:
        """True if keys of submissions are older than this moment."""
        return await self.look(lambda db: submissions.has_submissions_before(db, moment))

    async def pack_of(self, key: str) -> str | None:
        """The path of the pack that was handed out for a key."""
        return await self.look(lambda db: submissions.pack_of(db, key))

    async def is_given_up(self, key: str) -> bool:
        """True if files of the submission with a key are being removed."""
        return await self.look(lambda db: submissions.is_given_up(db, key))

    async def is_pack(self, path: str) -> bool:
        """True if a checkout is a pack."""
        return await self.look(lambda db: submissions.is_pack(db, path))

    async def files_without_job(self, moment: datetime) -> list[tuple[str, bool]]:
        """The paths of packs and checkouts of submissions that were made before this moment or
        given up, and that no job uses; whether each is a pack."""
        return await self.ask(lambda db: submissions.files_without_job(db, moment))

    async def is_used(self, checkout: str, *, but: str = "") -> bool:
        """True if a job uses files of a checkout, leaving out the one with the id ``but``."""
        query = (
            "SELECT 1 FROM jobs WHERE id != ? AND (shaman_checkout_id = ? "
            "OR substr(shaman_checkout_id, 1, ?) = ?) LIMIT 1"
        )
        inside = f"{checkout}/"
        values = (but, checkout, len(inside), inside)
        return await self.ask(lambda db: db.execute(query, values).fetchone() is not None)

    async def tasks(self, job_id: str) -> Rows[Task]:
        """The tasks of a job in order; empty for an unknown job."""
        rest = "WHERE job_id = ? ORDER BY idx"
        return await self.ask(lambda db: TASKS.read(db, rest, (job_id,)))

    async def task_count(self, job_id: str) -> int:
        """Number of tasks of a job."""
        query = "SELECT count(*) FROM tasks WHERE job_id = ?"
        return await self.ask(lambda db: int(db.execute(query, (job_id,)).fetchone()[0]))

    async def task(self, task_id: str) -> Task | None:
        """One task. Raises `UnreadableRow`."""
        return await self.look(lambda db: TASKS.one(db, "WHERE id = ?", (task_id,)))

    async def shown_task(self, task_id: str) -> Shown[Task] | None:
        """One task as people see it."""
        return await self.look(lambda db: _shown(db, TASKS, None, "WHERE id = ?", task_id))

    async def commands(self, task_id: str) -> tuple[Command, ...]:
        """The commands of a task, variables not replaced. Raises `UnreadableRow`."""
        return await self.look(lambda db: commands_of(db, task_id))

    async def workers(self) -> list[Worker]:
        """All workers that were not deleted, by name, but those that can't be read."""
        rest = "WHERE deleted_at IS NULL ORDER BY name"
        workers = await self.ask(lambda db: WORKERS.read(db, rest))
        return [worker for worker in workers if worker.id not in workers.unreadable]

    async def worker_ids(self) -> list[str]:
        """Ids of all workers that were not deleted, by name."""
        return await self._ids("SELECT id FROM workers WHERE deleted_at IS NULL ORDER BY name")

    async def offered_types(self) -> frozenset[str]:
        """The task types that one worker or another supports; one that never came offers none."""
        query = (
            f"SELECT DISTINCT type.value FROM workers, {elements_of('workers.task_types')} AS type "  # noqa: S608
            "WHERE deleted_at IS NULL AND last_seen IS NOT NULL"
        )
        found = await self.ask(lambda db: as_they_lie(db, query))
        return frozenset(kind for (kind,) in found if isinstance(kind, str))

    async def worker(self, worker_id: str) -> Worker | None:
        """One worker that was not deleted. Raises `UnreadableRow`."""
        return await self.look(lambda db: WORKERS.one(db, _THIS_WORKER, (worker_id,)))

    async def shown_worker(self, worker_id: str) -> Shown[Worker] | None:
        """One worker as people see it."""
        return await self.look(
            lambda db: _shown(db, WORKERS, ParkedKind.WORKER, _THIS_WORKER, worker_id)
        )

    async def secret_hash(self, worker_id: str) -> str | None:
        """The hash of a worker's secret, of one that can't be read otherwise too."""
        query = f"SELECT secret_hash FROM workers {_THIS_WORKER} AND typeof(secret_hash) = 'text'"  # noqa: S608
        row = await self.look(lambda db: db.execute(query, (worker_id,)).fetchone())
        return str(row[0]) if row else None

    async def workers_among(self, ids: Iterable[str]) -> Rows[Worker]:
        """The workers with these ids that were not deleted."""
        rest = "WHERE id IN (SELECT value FROM json_each(?)) AND deleted_at IS NULL"
        wanted = json.dumps(sorted(set(ids)))
        return await self.look(lambda db: WORKERS.read(db, rest, (wanted,)))

    async def task_of_worker(self, worker_id: str) -> Task | None:
        """The task a worker holds, or held last; a stand-in if it can't be read."""
        now = "WHERE worker_id = ? AND status = 'active' LIMIT 1"
        last = (
            "WHERE id = (SELECT task_id FROM attempts WHERE worker_id = ? "
            "ORDER BY ended DESC LIMIT 1)"
        )

        def read(db: sqlite3.Connection) -> Task | None:
            found = TASKS.read(db, now, (worker_id,)) or TASKS.read(db, last, (worker_id,))
            return found[0] if found else None

        return await self.look(read)

    async def log_head(self, task_id: str) -> bytes | None:
        """The log of a task in which only the Manager has written so far."""
        return await self.look(lambda db: log_head_of(db, task_id))

    async def attempts(self, task_id: str) -> Rows[Attempt]:
        """All attempts at a task that have ended, oldest first."""
        rest = "WHERE task_id = ? ORDER BY lease"
        return await self.ask(lambda db: ATTEMPTS.read(db, rest, (task_id,)))

    async def lease_holder(self, task_id: str, lease: int) -> str | None:
        """Id of the worker that holds a lease, or held it; None if there was no such lease."""
        query = (
            "SELECT worker_id FROM tasks WHERE id = :task AND lease = :lease AND worker_id != '' "
            "UNION ALL SELECT worker_id FROM attempts WHERE task_id = :task AND lease = :lease"
        )
        values = {"task": task_id, "lease": lease}
        row = await self.look(lambda db: db.execute(query, values).fetchone())
        return str(row[0]) if row else None

    async def pictures(self, job_id: str) -> Rows[Picture]:
        """All pictures of a job's frames, in the order of the frames."""
        rest = "WHERE job_id = ? ORDER BY frame, output, lease, made"
        return await self.ask(lambda db: PICTURES.read(db, rest, (job_id,)))

    async def listed_pictures(
        self, job_id: str, part: PicturesPart, then: Callable[[Sequence[Picture]], T]
    ) -> tuple[Sequence[T], PicturePlace | None]:
        """Result of ``then``, in a thread, for a part of a job's pictures, some at a time.

        With the last of their places if there are more.
        """
        return await self.ask(lambda db: list_pictures(db, job_id, part, then))

    async def frames(self, job_id: str, part: FramesPart, then: Callable[[JobFrames], T]) -> T:
        """Result of ``then``, in a thread, for a part of a job's frames."""
        tasks, pictures = await self._makers(job_id, part)
        return await self.ask(
            lambda db: then(with_makers(db, listed_frames(tasks, pictures, part)))
        )

    async def frame_pieces(self, job_id: str, then: Callable[[Sequence[Piece]], T]) -> T:
        """Result of ``then``, in a thread, for all frames of a job without their pictures."""
        tasks, pictures = await self._makers(job_id, FramesPart())
        return await self.ask(lambda _: then(all_pieces(tasks, pictures)))

    async def _makers(
        self, job_id: str, part: FramesPart
    ) -> tuple[Sequence[FrameTask], Sequence[ListedPicture]]:
        tasks: list[FrameTask] = []
        pictures: list[ListedPicture] = []

        async def read_makers() -> None:
            tasks.extend(await self.ask(lambda db: read_tasks(db, job_id, part)))

        async def read_made() -> None:
            pictures.extend(await self.ask(lambda db: read_pictures(db, job_id, part)))

        async with trio.open_nursery() as nursery:  # SQLite works on both at once
            nursery.start_soon(read_makers)
            nursery.start_soon(read_made)
        return tasks, pictures

    async def jobs_of_tasks(self, ids: Sequence[str]) -> dict[str, str | None]:
        """The ids of the jobs of tasks, None where there is no such task; {task id: job id}."""
        query = "SELECT id, job_id FROM tasks WHERE id IN (SELECT value FROM json_each(?))"
        found = await self.ask(lambda db: dict(db.execute(query, (json.dumps(ids),)).fetchall()))
        return {each: found.get(each) for each in ids}

    async def worker_names(self, ids: Iterable[str]) -> dict[str, str]:
        """The names of workers, empty for those that were deleted; {id: name}."""
        return await self.ask(lambda db: worker_names(db, ids))

    async def picture_of(self, task_id: str, lease: int, frame: int, output: str) -> Picture | None:
        """The picture of a frame that one attempt made. Raises `UnreadableRow`."""
        rest = "WHERE task_id = ? AND lease = ? AND frame = ? AND output = ?"
        return await self.look(lambda db: PICTURES.one(db, rest, (task_id, lease, frame, output)))

    async def pictures_size(self, job_id: str) -> int:
        """Bytes of all pictures of a job's frames."""
        query = "SELECT total(small + large) FROM pictures WHERE job_id = ?"
        return await self.ask(lambda db: int(db.execute(query, (job_id,)).fetchone()[0]))

    async def blocks(self, job_id: str) -> Rows[Block]:
        """The blocklist of a job."""
        rest = "WHERE job_id = ? ORDER BY created"
        return await self.ask(lambda db: BLOCKS.read(db, rest, (job_id,)))

    async def tags(self) -> Rows[WorkerTag]:
        """All tags, by name."""
        return await self.look(lambda db: TAGS.read(db, "ORDER BY name"))

    async def parked(self, kind: ParkedKind) -> dict[str, Parked]:
        """The parked objects of a kind, by id."""
        return await self.look(lambda db: parked_of(db, kind))

    async def job_counts(self) -> Mapping[JobStatus, int]:
        """Number of jobs in each status."""
        return await self._counts(JOBS, JobStatus, "archived_at IS NULL")

    async def worker_counts(self) -> Mapping[WorkerStatus, int]:
        """Number of workers in each status, without deleted ones."""
        return await self._counts(WORKERS, WorkerStatus, "deleted_at IS NULL")

    async def _counts(
        self, table: Table[Any], statuses: type[Status], which: str
    ) -> Mapping[Status, int]:
        """Number of rows in each status; an unreadable status counts as the one shown for it."""
        query = f"SELECT status, count(*) FROM {table.name} WHERE {which} GROUP BY status"  # noqa: S608
        counts: Counter[Status] = Counter()
        for status, count in await self.ask(lambda db: as_they_lie(db, query)):
            known = status in set(statuses)
            counts[statuses(status) if known else table.blank("status")] += count
        return counts

    async def last_rendered_job(self) -> str | None:
        """Id of the job whose frame is the newest of the farm."""

        def read(db: sqlite3.Connection) -> str | None:
            row = db.execute("SELECT job_id FROM last_rendered").fetchone()
            return row[0] if row else None

        return await self.look(read)

    async def look(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """The answer to a question about few things, found by their keys."""
        await trio.lowlevel.checkpoint()
        return query(self._near.conn)

    async def ask(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """The answer to any other question, which a thread looks up."""
        return await trio.to_thread.run_sync(self._read, query, limiter=self._threads)

    def _read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        db = self._free.pop()
        try:
            return query(db.conn)
        finally:
            self._free.append(db)


def _shown(
    db: sqlite3.Connection, table: Table[Listed], kind: ParkedKind | None, which: str, key: str
) -> Shown[Listed] | None:
    """The row with this key, as people see it."""
    rows = table.read(db, which, (key,))
    return Shown(rows[0], all_parked(db, kind, rows.unreadable).get(key)) if rows else None


@asynccontextmanager
async def open_reader(path: Path) -> AsyncIterator[Reader]:
    """A reader of the database at ``path``, which `open_store` has opened before."""
    near, *far = await trio.to_thread.run_sync(
        lambda: [connect(path, read_only=True) for _ in range(1 + READING_THREADS)]
    )
    try:
        yield Reader(near, far.copy())
    finally:
        for db in (near, *far):
            db.conn.close()
