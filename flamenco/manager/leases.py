"""Leases: a worker's right to run a task, alive as long as it shows signs of life.

A lease is a Trio task of its job's actor, asleep in a cancel scope. Its deadline is the task
timeout, moved by each sign of life. However the scope is left, the actor gets one `LeaseEnded`,
and decides there what becomes of the task; unless it is left because the Manager stops or the
actor crashed: then the lease is suspended, and opened again with the same number.
"""

from collections.abc import Callable

import attrs
import trio

from flamenco import clock, protocol
from flamenco.model.evolving import evolve
from flamenco.model.jobs import Attempt, Task
from flamenco.model.leases import Ending

MOST_STARTS = 3
"""A worker that loses a task is given it anew, so many times in all."""


def is_over(task_id: str, number: int) -> str:
    """Why a report under this lease is refused."""
    return f"lease {number} of task {task_id} is over"


@attrs.frozen
class Report:
    """What a worker said under a lease, and where its acknowledgement goes."""

    content: protocol.Report
    seq: int | None
    """Its number; None from a worker that sends each report once."""
    answer: Callable[[str | None], None]
    """Gets None, or why the report did not count."""


@attrs.define(eq=False, kw_only=True)
class Lease:
    """One worker's lease of one task."""

    task_id: str
    number: int
    worker_id: str
    worker_name: str
    timeout: float
    """Seconds without a sign of life after which the lease ends."""
    starts: int = 1
    ending: Ending | None = None
    reason: str = ""
    report: Report | None = None
    """The one that ended it."""
    _scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)

    async def hold(self) -> Ending:
        """Sleep until the lease ends. A deadline that passes is an ending too."""
        self.touch()
        with self._scope:
            await trio.sleep_forever()
        if self.ending is None:
            self.ending = Ending.TIMED_OUT
            self.reason = f"no sign of life for {self.timeout:g} seconds"
        return self.ending

    def touch(self) -> None:
        """A sign of life: the lease holds for another full timeout."""
        self._scope.deadline = trio.current_time() + self.timeout

    def end(self, ending: Ending, reason: str, report: Report | None = None) -> None:
        """Leave the scope; the first ending counts."""
        if self.ending is None:
            self.ending, self.reason, self.report = ending, reason, report
            self._scope.cancel()


@attrs.frozen
class LeaseEnded:
    """A lease is over: the one message on which a task's next status is decided."""

    lease: Lease
    ending: Ending


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
        started=task.started or now,
        ended=now,
        ending=ending.value,
        reason=reason,
        exit_code=report.exit_code if report else None,
        peak_memory=report.peak_memory if report else None,
    )


def reported(task: Task, report: protocol.Report, seq: int | None) -> Task:
    """A task with what a report says of its activity and steps."""
    steps = report.steps_completed
    return evolve(
        task,
        activity=task.activity if report.activity is None else report.activity,
        steps_completed=min(task.steps_completed if steps is None else steps, task.steps_total),
        last_seq=task.last_seq if seq is None else seq,
        last_touched=clock.now(),
    )
