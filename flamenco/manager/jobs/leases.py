"""Leases: a worker's right to run a task, alive as long as it shows signs of life.

A lease is a Trio task of its job's actor, asleep in a cancel scope. Its deadline is the task
timeout, moved by each sign of life. However the scope is left, the actor gets one `LeaseEnded`,
and decides there what becomes of the task; unless it is left because the Manager stops or the
actor crashed: then the lease is suspended, and opened again with the same number.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from math import inf

import attrs
import trio

from flamenco import clock, protocol
from flamenco.model.evolving import evolve
from flamenco.model.jobs import Attempt, Command, Job, Task
from flamenco.model.leases import Ending

MOST_STARTS = 3
"""Number of times that a worker is given a task that it loses."""


def is_over(task_id: str, number: int) -> str:
    """The reason why a report under this lease is refused."""
    return f"lease {number} of task {task_id} is over"


@attrs.frozen
class Report:
    """Report of a worker under a lease, and where its acknowledgement goes."""

    content: protocol.Report
    seq: int | None
    """Its number; None from a worker that sends each report once."""
    answer: Callable[[str | None], None]
    """Function that gets None, or why the report did not count."""


@attrs.define(eq=False, kw_only=True)
class Lease:
    """One worker's lease of one task."""

    task_id: str
    number: int
    worker_id: str
    worker_name: str
    timeout: float
    """Seconds without a sign of life after which the lease ends; stalls of the Manager aside."""
    began: float
    """Trio's time when the task was started."""
    starts: int = 1
    ending: Ending | None = None
    reason: str = ""
    report: Report | None = None
    """The report that ended it."""
    _scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    _touched: float = attrs.field(init=False, factory=clock.running_time)

    async def hold(self) -> Ending:
        """Sleep until the lease ends. A deadline that passes is an ending too."""
        while self.ending is None and (left := self._seconds_left()) > clock.ROUNDING:
            with trio.move_on_after(left) as self._scope:
                await trio.sleep_forever()
        if self.ending is None:
            self.ending = Ending.TIMED_OUT
            self.reason = f"no sign of life for {self.timeout:g} seconds"
        return self.ending

    def touch(self) -> None:
        """Prolong the lease for another full timeout, after a sign of life."""
        self._touched = clock.running_time()
        self._scope.deadline = trio.current_time() + self.timeout

    def _seconds_left(self) -> float:
        return self._touched + self.timeout - clock.running_time()

    @property
    def duration(self) -> timedelta:
        """Time since the task was started, whatever became of the clock meanwhile."""
        return timedelta(seconds=trio.current_time() - self.began)

    def end(self, ending: Ending, reason: str, report: Report | None = None) -> None:
        """Leave the scope; the first ending counts."""
        if self.ending is None:
            self.ending, self.reason, self.report = ending, reason, report
            self._scope.cancel()


def lease_of(task: Task, worker_name: str, timeout: float) -> Lease:
    """The lease of an active task; ``timeout`` in seconds, 0: it never ends for silence."""
    age = (clock.now() - task.started).total_seconds() if task.started else 0.0
    return Lease(
        task_id=task.id,
        number=task.lease,
        worker_id=task.worker_id or "",
        worker_name=worker_name,
        timeout=timeout or inf,
        began=trio.current_time() - max(age, 0.0),
    )


@attrs.define(eq=False)
class Leases:
    """The open leases of one job, by task."""

    _of_task: dict[str, Lease] = attrs.field(factory=dict)  # {task id: lease}

    def __len__(self) -> int:
        return len(self._of_task)

    def __iter__(self) -> Iterator[Lease]:
        return iter(self._of_task.values())

    def of(self, task_id: str) -> Lease | None:
        """The task's lease, if one is open."""
        return self._of_task.get(task_id)

    def current(self, task_id: str, number: int) -> Lease | None:
        """The lease with this number, unless it is over or about to be."""
        lease = self._of_task.get(task_id)
        return lease if lease and lease.number == number and lease.ending is None else None

    def add(self, lease: Lease) -> None:
        """Add a lease that begins."""
        self._of_task[lease.task_id] = lease

    def remove(self, lease: Lease) -> None:
        """Remove a lease that was dealt with."""
        del self._of_task[lease.task_id]


def assignment(job: Job, task: Task, commands: tuple[Command, ...]) -> protocol.Assign:
    """The message that gives a task to the worker that holds its lease."""
    return protocol.Assign(
        task_id=task.id,
        lease=task.lease,
        job_id=job.id,
        name=task.name,
        job_type=job.type,
        task_type=task.type,
        priority=task.priority,
        job_priority=job.priority,
        commands=commands,
        steps_total=task.steps_total,
    )


def attempt_of(lease: Lease, ending: Ending, reason: str, task: Task) -> Attempt:
    """The record of a lease that ends now."""
    now = clock.now()
    report = lease.report.content if lease.report else None
    return Attempt(
        task_id=task.id,
        lease=lease.number,
        job_id=task.job_id,
        worker_id=lease.worker_id,
        worker_name=lease.worker_name,
        started=now - lease.duration,
        ended=now,
        ending=ending.value,
        reason=reason,
        exit_code=report.exit_code if report else None,
        peak_memory=report.peak_memory if report else None,
    )


def reported(task: Task, report: protocol.Report, seq: int | None) -> Task:
    """A task with the activity and steps of a report."""
    steps = report.steps_completed
    return evolve(
        task,
        activity=task.activity if report.activity is None else report.activity,
        steps_completed=min(task.steps_completed if steps is None else steps, task.steps_total),
        last_seq=task.last_seq if seq is None else seq,
        last_touched=clock.now(),
        warnings=report.warnings or task.warnings,
    )
