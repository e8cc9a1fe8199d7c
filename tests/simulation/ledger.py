"""Invariants, checked against every change of a task that reaches the disk.

A trigger in the database writes down each change of a task's status, lease or worker in the same
transaction; no message and no actor is trusted. Beside it the simulated workers say what they do.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import attrs

from flamenco import protocol
from flamenco.model.statuses import TaskStatus

_TRIGGERS = """
CREATE TABLE IF NOT EXISTS sim_changes (
    n INTEGER PRIMARY KEY, task TEXT, old TEXT, new TEXT, old_lease INT, new_lease INT,
    old_worker TEXT, new_worker TEXT, activity TEXT, job TEXT
);
CREATE TRIGGER IF NOT EXISTS sim_changed AFTER UPDATE ON tasks
WHEN old.status != new.status OR old.lease != new.lease OR old.worker_id IS NOT new.worker_id
BEGIN
    INSERT INTO sim_changes
        (task, old, new, old_lease, new_lease, old_worker, new_worker, activity, job)
    VALUES (new.id, old.status, new.status, old.lease, new.lease, old.worker_id, new.worker_id,
        new.activity, new.job_id);
END;
"""

RETURN_SECONDS = 20.0
"""Maximum seconds for a lease too many. If the worker's actor crashes over it, it is found when the
worker signs on again: a heartbeat later (10 s), after a pause (3 s) and some slow commits."""

BY_HAND = "by hand"
"""With this begins the reason of everything that simulated people do to a task."""


class Violation(AssertionError):
    """A promise of the Manager was broken."""


@attrs.frozen
class Change:
    """A change of a task as the database wrote it down."""

    task: str
    old: str
    new: str
    old_lease: int
    new_lease: int
    old_worker: str | None
    new_worker: str | None
    activity: str
    job: str


@attrs.define(eq=False)
class Ledger:
    """The work done, as far as it is on disk or a worker did it."""

    path: Path
    time: Callable[[], float]
    """Seconds that the Manager had for its work."""
    reader: sqlite3.Connection = attrs.field(init=False)
    checked: int = 0
    """Number of changes that were checked."""
    completions: Counter[tuple[str, int]] = attrs.field(factory=Counter)
    _running: dict[str, dict[int, str]] = attrs.field(factory=dict)  # {task: {lease: worker}}
    _said_done: set[tuple[str, int, str]] = attrs.field(factory=set)
    _held: dict[str, dict[str, Change]] = attrs.field(factory=dict)  # {worker: {task: its start}}
    _too_many_since: dict[str, float] = attrs.field(factory=dict)  # {worker: when}

    @property
    def watching(self) -> bool:
        """True if changes are being written down."""
        return hasattr(self, "reader")

    def watch(self) -> None:
        """Begin to write changes down, when the database is there."""
        writer = sqlite3.connect(self.path)
        writer.executescript(_TRIGGERS)
        writer.close()
        self.reader = sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True)
        # its first query opens the WAL, which is found no more when the database is moved away
        self.reader.execute("SELECT max(n) FROM sim_changes").fetchone()

    # What workers do

    def run_begins(self, worker: str, lease: protocol.HeldLease) -> None:
        others = self._running.setdefault(lease.task_id, {})
        if lease.lease in others:
            raise Violation(f"{lease} runs on {others[lease.lease]} and on {worker}")
        others[lease.lease] = worker

    def run_ended(self, worker: str, lease: protocol.HeldLease) -> None:
        if self._running.get(lease.task_id, {}).get(lease.lease) == worker:
            del self._running[lease.task_id][lease.lease]

    def acknowledged(self, worker: str, report: protocol.Report, refused: str | None) -> None:
        """The Manager says that a report is on disk, or why it does not count."""
        if report.status is not TaskStatus.COMPLETED or refused is not None:
            return
        done = (report.task_id, report.lease, worker)
        if done in self._said_done:
            raise Violation(f"{done} was counted twice")
        self._said_done.add(done)

    # What is on disk

    def check(self) -> None:
        """Look at all changes since the last time. Raises `Violation`."""
        query = (
            "SELECT n, task, old, new, old_lease, new_lease, old_worker, new_worker, activity, job "
            "FROM sim_changes WHERE n > ? ORDER BY n"
        )
        for number, *fields in self.reader.execute(query, (self.checked,)).fetchall():
            self._check(Change(*fields))
            self.checked = number
        self._check_held()

    def _check_held(self) -> None:
        """A worker holds one lease. After a crash of the scheduler it may get a second one, which
        it never runs, and which is returned."""
        now = self.time()
        for worker, held in self._held.items():
            if len(held) < 2:
                self._too_many_since.pop(worker, None)
            elif now - self._too_many_since.setdefault(worker, now) > RETURN_SECONDS:
                raise Violation(f"{worker} holds {held}")

    def _check(self, change: Change) -> None:
        begins = change.new == "active" and change.old != "active"
        if begins and (
            change.old not in ("queued", "soft-failed")
            or change.new_lease != change.old_lease + 1
            or change.new_worker is None
        ):
            raise Violation(f"a lease begins that may not: {change}")
        if not begins and (change.old_lease, change.old_worker) != (
            change.new_lease,
            change.new_worker,
        ):
            raise Violation(f"a lease changed hands: {change}")
        worker = change.old_worker or change.new_worker or ""
        if begins:
            self._held.setdefault(change.new_worker or "", {})[change.task] = change
        elif change.old == "active" and change.new != "active":
            del self._held[worker][change.task]
        by_hand = change.activity.startswith(BY_HAND)
        if change.new == "completed" and not by_hand:
            self._completed(change)

    def _completed(self, change: Change) -> None:
        if change.old != "active":
            raise Violation(f"nobody ran what is completed: {change}")
        self.completions[change.task, change.new_lease] += 1
        if self.completions[change.task, change.new_lease] > 1:
            raise Violation(f"completed twice under one lease: {change}")

    def check_end(self) -> None:
        """Check the invariants for a farm at rest."""
        for task, lease, _ in self._said_done:
            known = self.completions[task, lease]
            if not known and self._count("tasks WHERE id = ?", task):
                raise Violation(f"an acknowledged completion of {task}, {lease} is lost")
        rows = self.reader.execute(
            "SELECT id, lease, (SELECT count(*) FROM attempts WHERE task_id = tasks.id) FROM tasks"
        )
        for task, lease, attempts in rows.fetchall():
            if lease != attempts:
                raise Violation(f"{task} had {lease} leases, and {attempts} attempts are kept")

    def _count(self, what: str, *values: object) -> int:
        query = f"SELECT count(*) FROM {what}"  # noqa: S608
        return int(self.reader.execute(query, values).fetchone()[0])

    def knows_worker(self, worker_id: str) -> bool:
        """True if a worker exists."""
        return bool(self._count("workers WHERE id = ? AND deleted_at IS NULL", worker_id))
