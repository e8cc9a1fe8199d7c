"""Jobs, their tasks, and the commands of a task."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from flamenco.model.bounds import Count, Line, Many, Rank, Steps, Values, Word
from flamenco.model.eta import Pace
from flamenco.model.specs import NOTHING, Requirements, combined
from flamenco.model.statuses import JobStatus, TaskStatus

APPROVAL = "approval"
"""Type of the tasks that no worker runs: they wait for a wrangler's yes or no."""


OWNER = "user.name"
"""Name in a job's metadata under which submitters write who they are."""


@attrs.frozen
class Command:
    """One step of a task: a command of the Worker and its parameters."""

    name: Word
    parameters: Values
    total_step_count: Steps = 0


@attrs.frozen(kw_only=True)
class Task:
    """One unit of work, which a worker runs from start to end.

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
    frames: str = ""
    """Range of the frames that it makes; empty if it makes none, or its commands don't tell."""
    worker_id: str | None = None
    """The worker that holds the task, or held it last."""
    lease: int = 0
    """Number of the newest lease; grows with every lease of the task, 0 before the first."""
    last_seq: int = 0
    """Sequence number of the newest report counted under the newest lease."""
    log_size: int = 0
    """Bytes of its log that count; anything a crash left after them is overwritten."""
    failed_by: tuple[str, ...] = ()
    """Ids of the workers that failed this task."""
    warnings: tuple[str, ...] = ()
    """Sentences about what may be wrong in its result, of the newest attempt."""
    created: datetime
    updated: datetime
    started: datetime | None = None
    """Start of the newest lease."""
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
    """Its outcome, see `leases.Ending`."""
    reason: str
    exit_code: int | None = None
    """Exit code of the command that ended it, if that was a program."""
    peak_memory: int | None = None
    """Bytes used by all processes of the task together."""


@attrs.frozen
class Block:
    """A worker that gets no more tasks of a type in a job, and the reason."""

    worker_id: str
    task_type: str
    reason: str
    created: datetime


@attrs.frozen
class JobRequirements:
    """Requirements of a job for the workers that run it."""

    every_task: Requirements = NOTHING
    by_task_type: Mapping[str, Requirements] = attrs.field(factory=dict)

    def of(self, task_type: str) -> Requirements:
        """Requirements of tasks of a type: those of all tasks, and those of the type."""
        return combined(self.every_task, self.by_task_type.get(task_type, NOTHING))

    def stricter(self, by_task_type: Mapping[str, Requirements]) -> "JobRequirements":
        """These requirements, combined with more of them for some task types.

        Raises ValueError if the conditions on a program's version become too long to be kept.
        """
        added = {
            name: attrs.evolve(combined(self.by_task_type.get(name, NOTHING), needs))
            for name, needs in by_task_type.items()
        }
        return JobRequirements(self.every_task, {**self.by_task_type, **added})


@attrs.frozen(kw_only=True)
class FrameCounts:
    """Number of frames of a job by state."""

    total: Count = 0
    done: Count = 0
    failed: Count = 0
    active: Count = 0
    are_tasks: bool = False
    """True if the job makes no frames, as far as it tells: these are its tasks."""

    def __str__(self) -> str:
        noun = "task" if self.are_tasks else "frame"
        return f"{self.done} of {self.total} {noun}{'' if self.total == 1 else 's'}"


@attrs.frozen(kw_only=True)
class Job:
    """A job from an artist: its settings, and the tasks they were compiled to."""

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
    frames: FrameCounts = attrs.field(factory=FrameCounts)
    approvals: int = 0
    """Number of its tasks that wait for a wrangler's yes or no."""
    pace: Pace = attrs.field(factory=Pace)
    created: datetime
    updated: datetime
    started: datetime | None = None
    """Time at which a worker got the first of its tasks, since it was last requeued."""
    ended: datetime | None = None
    """Time at which it was finished, as long as it is."""
    owner_id: str = ""
    """The user who submitted it; empty if nobody had signed in."""
    warnings: tuple[str, ...] = ()
    """Likely mistakes in it, as seen when it was submitted."""
    keep: bool = False
    """True if the automatic clean-up must neither archive nor delete it."""
    archived_at: datetime | None = None
    delete_requested_at: datetime | None = None
    delete_files: bool = False
    """True if the requested deletion includes the files that were sent with the job."""

    @property
    def owner(self) -> str:
        """Name of the person who submitted it; empty if that is not known."""
        return self.metadata.get(OWNER, "")


@attrs.frozen
class AuthoredTask:
    """A task as a job type wrote it, before the Manager gives it an id."""

    name: Line
    type: Word
    commands: Many[Command] = ()
    depends_on: Many[Count] = ()
    """Places, from 0, of the tasks that must be completed first."""
    priority: Rank = 50
    id: Word = ""
    """Id that the script reserved; empty: the Manager assigns one."""

    @property
    def steps_total(self) -> int:
        """Steps of all commands; a command without a count is one step (reference job-types §3)."""
        return sum(max(1, command.total_step_count) for command in self.commands)


@attrs.frozen
class CompiledJob:
    """The result of compiling: settings and metadata as the job type left them, tasks in order."""

    settings: Mapping[str, Any]
    tasks: tuple[AuthoredTask, ...]
    metadata: Mapping[str, str] = attrs.field(factory=dict)
    requirements: Mapping[str, Requirements] = attrs.field(factory=dict)
    """Requirements for workers, by task type."""
    warnings: tuple[str, ...] = ()
    name: str | None = None
    """Name of the job; None leaves it as it is."""
    priority: int | None = None
    """Priority of the job; None leaves it as it is."""
