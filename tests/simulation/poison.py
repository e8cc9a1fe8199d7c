"""Faults that last until repaired: one job's handler, one service, rows that can't be read."""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import attrs

from actors.testing import InjectedFault
from flamenco.manager.jobs.actor import JobActor
from flamenco.manager.jobs.messages import (
    CheckUp,
    LeaseEnded,
    SetJobStatus,
    SignOfLife,
    TaskReport,
    WorkerOffered,
)

logger = logging.getLogger(__name__)

MESSAGES = (WorkerOffered, TaskReport, SignOfLife, LeaseEnded, CheckUp, SetJobStatus)
SERVICES = ("scheduler", "deletions", "tags", "status", "submissions", "housekeeping")
CRASHES_OF_A_SERVICE = 5

CELLS = (
    ("jobs", "settings"),
    ("jobs", "metadata"),
    ("jobs", "warnings"),
    ("workers", "schedule"),
    ("workers", "specs"),
)
"""Columns that are spoilt; the simulation itself reads none of them."""


@attrs.define(eq=False)
class Poison:
    """Put around handlers: raises at each message of one class to one job, and in one service."""

    random: Random
    struck: int = 0
    """Number of messages that it has spoilt."""
    _job_id: str = ""
    _message: type = WorkerOffered
    _service: str = ""
    _left: int = 0

    def poison(self, job_id: str) -> None:
        """From now on this job raises at one kind of message."""
        self._job_id, self._message = job_id, self.random.choice(MESSAGES)
        logger.info("%s of job %s is poison", self._message.__name__, job_id)

    def shake(self) -> None:
        """One of the services crashes over its next five messages."""
        self._service, self._left = self.random.choice(SERVICES), CRASHES_OF_A_SERVICE
        logger.info("%s crashes five times", self._service)

    def cure(self) -> None:
        """All is well again."""
        self._job_id = self._service = ""

    def __call__(self, handler: Callable[..., object]) -> Callable[..., object]:
        def handle(actor: Any, message: object) -> object:
            if self._strikes(actor, message):
                self.struck += 1
                raise InjectedFault(f"{actor.path}: {type(message).__name__}")
            return handler(actor, message)

        return handle

    def _strikes(self, actor: Any, message: object) -> bool:
        if self._left and actor.path == f"/{self._service}":
            self._left -= 1
            return True
        is_job = isinstance(actor, JobActor) and actor.name == self._job_id
        return is_job and isinstance(message, self._message)


@attrs.define(eq=False)
class Spoilt:
    """Cells that hold what nobody writes there, and what they held before."""

    path: Path
    random: Random
    _cells: list[tuple[str, str, str, str | None]] = attrs.field(factory=list)

    def spoil(self) -> None:
        """Spoil a cell of some job or worker, if there is one."""
        table, column = self.random.choice(CELLS)
        if not self.path.exists():
            return
        with closing(sqlite3.connect(self.path)) as connection, connection:
            query = f"SELECT id, {column} FROM {table} ORDER BY id"  # noqa: S608
            rows = connection.execute(query).fetchall()
            if rows:
                key, before = self.random.choice(rows)
                self._cells.append((table, column, key, before))
                self._write(connection, table, column, key, "{")
                logger.info("%s of %s in %s can't be read", column, key, table)

    def mend(self) -> None:
        """Write back what was there, where it was not written over meanwhile."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for table, column, key, before in reversed(self._cells):
                if self._is_spoilt(connection, table, column, key):
                    self._write(connection, table, column, key, before)
        self._cells.clear()

    @staticmethod
    def _is_spoilt(connection: sqlite3.Connection, table: str, column: str, key: str) -> bool:
        query = f"SELECT 1 FROM {table} WHERE id = ? AND {column} = '{{'"  # noqa: S608
        return connection.execute(query, (key,)).fetchone() is not None

    @staticmethod
    def _write(
        connection: sqlite3.Connection, table: str, column: str, key: str, value: str | None
    ) -> None:
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (value, key))  # noqa: S608
