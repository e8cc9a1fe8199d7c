"""What a job, a task and a command are."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from flamenco.model.specs import NOTHING, Requirements, combined
from flamenco.model.statuses import JobStatus, TaskStatus

APPROVAL = "approval"
"""The type of tasks that no worker runs: they wait for a wrangler's yes or no."""


@attrs.frozen
class Command:
    """One step of a task: a command of the Worker and its parameters."""

    name: str
    parameters: Mapping[str, Any]
    total_step_count: int = 0


@attrs.frozen(kw_only=True)
class Task:
    """One unit of work: what a worker runs from start to end.

    Its commands stay in the store until a worker gets them, so that a million tasks fit in memory.
    """

    id: str
    job_id: str
    idx: int
    """Place in the job, from 1."""
    name: str
    type: str
    priority: int = 50
    depends_on: tuple[str, ...] = ()
    """Ids of the tasks that must be completed first."""
    status: TaskStatus = TaskStatus.QUEUED
    activity: str = ""
    steps_completed: int = 0
    steps_total: int = 0
    worker_id: str | None = None
    """The worker that holds the task, or held it last."""
    lease: int = 0
    """Number of the newest lease; grows with every lease of the task, 0 before the first."""
    last_seq: int = 0
    """Sequence number of the newest report counted under the newest lease."""
    log_size: int = 0
    """Bytes of its log that count; what a crash left behind them is written over."""
    failed_by: tuple[str, ...] = ()
    """Ids of the workers that failed this task."""
    created: datetime
    updated: datetime
    started: datetime | None = None
    """When the newest lease was opened."""
    last_touched: datetime | None = None


@attrs.frozen(kw_only=True)
class Attempt:
    """One lease of a task, from its start to its end."""

    task_id: str
    lease: int
    job_id: str
    worker_id: str
    worker_name: str
    started: datetime
    ended: datetime
    ending: str
    """How it ended, see `leases.Ending`."""
    reason: str
    exit_code: int | None = None
    """Of the command that ended it, where that was a program."""
    peak_memory: int | None = None
    """Bytes, of all processes of the task together."""


@attrs.frozen
class Block:
    """A worker that is to get no tasks of a type in a job any more, and why."""

    worker_id: str
    task_type: str
    reason: str
    created: datetime


@attrs.frozen
class JobRequirements:
    """What a job asks of the workers that run it."""

    every_task: Requirements = NOTHING
    by_task_type: Mapping[str, Requirements] = attrs.field(factory=dict)

    def of(self, task_type: str) -> Requirements:
        """What tasks of a type need: what all need, and what the type needs besides."""
        return combined(self.every_task, self.by_task_type.get(task_type, NOTHING))

    def stricter(self, by_task_type: Mapping[str, Requirements]) -> "JobRequirements":
        """These, and besides what is asked for some task types."""
        added = {
            name: combined(self.by_task_type.get(name, NOTHING), needs)
            for name, needs in by_task_type.items()
        }
        return JobRequirements(self.every_task, {**self.by_task_type, **added})


@attrs.frozen(kw_only=True)
class Job:
    """What an artist sent: settings, and the tasks they were compiled to."""

    id: str
    name: str
    type: str
    priority: int = 50
    status: JobStatus = JobStatus.QUEUED
    activity: str = ""
    settings: Mapping[str, Any] = attrs.field(factory=dict)
    metadata: Mapping[str, str] = attrs.field(factory=dict)
    worker_tag: str | None = None
    shaman_checkout_id: str | None = None
    requirements: JobRequirements = attrs.field(factory=JobRequirements)
    steps_completed: int = 0
    steps_total: int = 0
    created: datetime
    updated: datetime
    warnings: tuple[str, ...] = ()
    """What is likely wrong with it, as it looked when it was submitted."""
    keep: bool = False
    """Not to be archived or deleted by the automatic clean-up."""
    archived_at: datetime | None = None
    delete_requested_at: datetime | None = None
    delete_files: bool = False
    """Whether the requested deletion takes the files along that were sent with the job."""


@attrs.frozen
class AuthoredTask:
    """A task as a job type wrote it, before the Manager gives it an id."""

    name: str
    type: str
    commands: tuple[Command, ...] = ()
    depends_on: tuple[int, ...] = ()
    """Places, from 0, of the tasks that must be completed first."""
    priority: int = 50
    id: str = ""
    """Given by a script that asked for it; else the Manager gives one."""

    @property
    def steps_total(self) -> int:
        """Steps of all commands; one that counts none is itself a step (reference job-types §3)."""
        return sum(max(1, command.total_step_count) for command in self.commands)


@attrs.frozen
class CompiledJob:
    """The outcome of compiling: settings and metadata as the job type left them, tasks in order."""

    settings: Mapping[str, Any]
    tasks: tuple[AuthoredTask, ...]
    metadata: Mapping[str, str] = attrs.field(factory=dict)
    requirements: Mapping[str, Requirements] = attrs.field(factory=dict)
    """What tasks need of a worker, by their type."""
    warnings: tuple[str, ...] = ()
