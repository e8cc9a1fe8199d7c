"""Bringing a farm over: what its old Manager knew goes into a storage of this one.

What is there already stays as it is, and is not brought again. So a changeover that was cut off is
finished by the next one, and one more changes nothing.
"""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import AsyncExitStack, closing, suppress
from pathlib import Path
from typing import TypeVar

import attrs
import trio

from flamenco.changeover.database import OldDatabase, OldJob, is_open, open_old
from flamenco.changeover.old import LOCAL, ChangeoverError, OldFarm
from flamenco.changeover.report import Report
from flamenco.config.manager import DATABASE_NAME, FILE_NAME, save_manager_config
from flamenco.logs import TaskLogs, job_folder
from flamenco.model.jobs import Task
from flamenco.store import (
    InsertJob,
    InsertTasks,
    PutBlock,
    PutCheckout,
    PutTag,
    PutWorker,
    RememberRendered,
    Store,
    open_store,
)
from flamenco.store.database import connect

T = TypeVar("T")

_KEYS = (("id", "jobs"), ("id", "workers"), ("id", "tags"), ("name", "tags"))


async def bring(old: OldFarm, storage: Path, *, dry: bool = False) -> Report:
    """Bring all of an old farm into a storage; ``dry``: only tell what would be brought.

    Raises ChangeoverError, StoreError (also where a Manager runs in the storage), OSError.
    """
    storage = _other_than(old.folder, storage)
    report = Report()
    async with AsyncExitStack() as opened:
        database = storage / DATABASE_NAME
        store = None
        if await _in_thread(lambda: is_open(old.database)):
            if not dry:
                raise ChangeoverError(
                    f"{old.database} is in use: stop the Manager of Flamenco 3, then try again"
                )
            report.note(f"{old.database} is in use: stop its Manager before you change over")
        if not dry:
            logs = TaskLogs(storage / LOCAL)
            store = await opened.enter_async_context(open_store(database, logs))
        known = await _in_thread(lambda: _known(database))
        read = opened.enter_context(open_old(old.database, report.note))
        await _Bringing(old, storage, read, store, known, report).run()
    return report


@attrs.define
class _Bringing:
    _old: OldFarm
    _storage: Path
    _read: OldDatabase
    _store: Store | None
    _known: set[str]
    """Ids of what is in the storage already, and names of its tags."""
    _report: Report

    async def run(self) -> None:
        await self._bring_files()
        for tag in await _in_thread(self._read.tags):
            if self._is_new("tags", tag.id, tag.name):
                await self._commit(PutTag(tag))
        for worker in await _in_thread(self._read.workers):
            if self._is_new("workers", worker.id):
                await self._commit(PutWorker(worker))
        jobs = self._read.jobs()
        while (job := await _in_thread(lambda: next(jobs, None))) is not None:
            if self._is_new("jobs", job.job.id):
                await self._bring_job(job)
        newest = await _in_thread(self._read.last_rendered)
        if newest is not None and newest not in self._known:
            await self._commit(RememberRendered(newest))

    def _is_new(self, what: str, *ids: str) -> bool:
        is_there = not self._known.isdisjoint(ids)
        (self._report.there if is_there else self._report.brought)[what] += 1
        return not is_there

    async def _commit(self, *changes: object) -> None:
        if self._store is not None:
            await self._store.commit(changes)

    async def _bring_job(self, job: OldJob) -> None:
        """Its files come first: a job that is there has all its files."""
        job_id = job.job.id
        files = await _in_thread(lambda: list(self._old.files_of(job_id)))
        for file in files:
            self._report.brought["logs" if file.name.startswith("task-") else "pictures"] += 1
            await self._copy(file, self._storage / LOCAL / job_folder(job_id) / file.name)
        tasks = await _in_thread(lambda: tuple(self._with_log(task) for task in job.tasks))
        self._report.brought["tasks"] += len(tasks)
        self._report.statuses[job.job.status.value] += 1
        blocks = (PutBlock(job_id, block) for block in job.blocks)
        checkout = job.job.shaman_checkout_id or ""
        is_made = await _in_thread(lambda: self._old.is_checkout(checkout))
        made = [PutCheckout(checkout)] if is_made else []
        await self._commit(InsertJob(job.job), InsertTasks(tasks, job.commands), *blocks, *made)

    def _with_log(self, task: Task) -> Task:
        size = self._old.log_size(task.job_id, task.id)
        return attrs.evolve(task, log_size=size)

    async def _bring_files(self) -> None:
        """Bring the configuration and the job types of the farm."""
        target = self._storage / FILE_NAME
        if self._is_there("configuration", target):
            self._report.note(f"{target} is there already, and stays as it is")
        elif self._store is not None:
            await self._copy(self._old.file, target)
            await _in_thread(lambda: save_manager_config(self._old.new_config(), target))
        scripts = self._old.scripts
        for file in sorted(scripts.rglob("*")) if scripts.is_dir() else ():
            target = self._storage / "scripts" / file.relative_to(scripts)
            if file.is_file() and not self._is_there("job type files", target):
                await self._copy(file, target)

    def _is_there(self, what: str, file: Path) -> bool:
        is_there = file.exists()
        (self._report.there if is_there else self._report.brought)[what] += 1
        return is_there

    async def _copy(self, file: Path, target: Path) -> None:
        if self._store is not None:
            await _in_thread(lambda: _copied(file, target))


def _other_than(old: Path, storage: Path) -> Path:
    """The absolute path of a storage that is not the old folder. Raises ChangeoverError."""
    if storage.resolve() == old.resolve():
        raise ChangeoverError(f"--storage {storage}: expected another folder than the old one")
    return storage.absolute()


def _copied(file: Path, target: Path) -> None:
    if not file.is_file():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    begun = target.with_name(f"{target.name}~")
    shutil.copyfile(file, begun)
    begun.replace(target)


def _known(database: Path) -> set[str]:
    """Ids of jobs, workers and tags in a database of ours, and the names of tags."""
    found: set[str] = set()
    if database.is_file():
        with closing(connect(database, read_only=True).conn) as connection:
            for column, table in _KEYS:
                with suppress(sqlite3.OperationalError):  # before a dry run it may be older
                    rows = connection.execute(f"SELECT {column} FROM {table}")  # noqa: S608
                    found.update(row[0] for row in rows)
    return found


async def _in_thread(work: Callable[[], T]) -> T:
    return await trio.to_thread.run_sync(work)
