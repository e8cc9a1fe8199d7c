"""Wire classes of the operations tagged `jobs` (reference api §3)."""

from collections.abc import Mapping
from typing import Annotated, Any

import attrs
from msgspec import UNSET, Meta, UnsetType

from flamenco.api.lists import Limit
from flamenco.api.meta import Parked
from flamenco.model.bounds import (
    MOST_NAMED,
    Count,
    Line,
    Priority,
    Prose,
    SubmissionKey,
    Text,
    Texts,
    Time,
    Values,
    Word,
)
from flamenco.model.eta import Eta
from flamenco.model.jobs import Command, FrameCounts
from flamenco.model.specs import Requirements
from flamenco.model.statuses import JobStatus, TaskStatus


@attrs.frozen(kw_only=True)
class AvailableJobType:
    name: str
    label: str
    settings: tuple[Mapping[str, Any], ...]
    etag: str
    description: str | UnsetType = UNSET
    error: str | UnsetType = UNSET
    """Not in Flamenco 3: reason why the type's script cannot be used."""
    warnings: tuple[str, ...] | UnsetType = UNSET
    """Not in Flamenco 3: parts of its description that make no sense, and are left out."""


@attrs.frozen(kw_only=True)
class AvailableJobTypes:
    job_types: tuple[AvailableJobType, ...]


@attrs.frozen(kw_only=True)
class JobStorageInfo:
    shaman_checkout_id: Line | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class JobRequirements(Requirements):
    """Requirements of all tasks of a job, and more of them for some task types."""

    task_types: Annotated[Mapping[Word, Requirements], MOST_NAMED] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class SubmittedJob:
    name: Line
    type: Word
    submitter_platform: Word
    priority: Priority = 50
    type_etag: Word | UnsetType = UNSET
    settings: Values = attrs.field(factory=dict)
    metadata: Texts = attrs.field(factory=dict)
    storage: JobStorageInfo | UnsetType = UNSET
    worker_tag: Word | UnsetType = UNSET
    initial_status: JobStatus | UnsetType = UNSET
    requirements: JobRequirements | UnsetType = UNSET
    """Not in Flamenco 3: requirements for the workers that run it."""
    keep: bool | UnsetType = UNSET
    """Not in Flamenco 3: true if the automatic clean-up spares it."""


@attrs.frozen(kw_only=True)
class DryRunWanted:
    """Query string: a part of the tasks of a dry run."""

    limit: Limit = 100
    """Maximum number of tasks."""
    after: Count = 0
    """Number of the last task of the previous page."""


@attrs.frozen(kw_only=True)
class PlannedTask:
    """A task that a job would have."""

    index_in_job: int
    """Its number, from 1."""
    name: str
    task_type: str
    priority: int
    frames: str
    """Range of the frames that it makes; empty if it makes none, or does not tell."""
    steps_total: int
    commands: tuple[str, ...]
    """Names of its commands in order, each name once."""
    depends_on: tuple[int, ...]
    """Numbers of tasks that must be completed first, at most `LONGEST_DEPENDS_ON`."""
    more_dependencies: int = 0
    """Number of others that must be, too."""


@attrs.frozen(kw_only=True)
class DryRun:
    """Tasks and settings that a submission would come to. Not in Flamenco 3."""

    name: str
    priority: int
    frames: FrameCounts
    """Number of frames of all its tasks, as its progress would begin."""
    total: int
    """Number of tasks."""
    task_types: Mapping[str, int]
    """Number of tasks by their type."""
    warnings: tuple[str, ...]
    """Likely mistakes in it."""
    settings: Mapping[str, Any]
    """Settings as the job would have them, with the paths that the job type makes of them."""
    tasks: tuple[PlannedTask, ...]
    """A part of the tasks, in order."""
    next: int | UnsetType = UNSET
    """Number of the last of these, if more follow: the next page is after that."""


LONGEST_DEPENDS_ON = 100
"""Maximum number of dependencies that are named for a task of a dry run."""


@attrs.frozen(kw_only=True)
class WaitingApproval:
    """A task that waits for a yes or no."""

    id: str
    name: str


@attrs.frozen(kw_only=True)
class SubmissionHeaders:
    idempotency_key: SubmissionKey | UnsetType = UNSET
    """Not in Flamenco 3: mark of this submission. Repeated with the same body within a day, it gets
    the same job, so that an answer that was lost can be asked for again."""


@attrs.frozen(kw_only=True)
class Job(SubmittedJob):
    id: str
    created: Time
    updated: Time
    status: JobStatus
    activity: str
    steps_completed: int
    steps_total: int
    frames: FrameCounts = attrs.field(factory=FrameCounts)
    """Not in Flamenco 3: its progress as people see it."""
    approvals: int = 0
    """Not in Flamenco 3: number of its tasks that wait for a yes or no."""
    waiting_approvals: tuple[WaitingApproval, ...] | UnsetType = UNSET
    """Not in Flamenco 3: the first of these tasks, if there are any."""
    owner: str | UnsetType = UNSET
    """Not in Flamenco 3: who submitted it, if that is known, from its metadata `user.name`."""
    started: Time | UnsetType = UNSET
    """Not in Flamenco 3: time at which a worker got its first task, since it was requeued."""
    ended: Time | UnsetType = UNSET
    """Not in Flamenco 3: time at which it was finished, as long as it is."""
    eta: Eta | UnsetType = UNSET
    """Not in Flamenco 3: time at which it is likely to be done, if workers are on it."""
    delete_requested_at: Time | UnsetType = UNSET
    archived_at: Time | UnsetType = UNSET
    warnings: tuple[str, ...] | UnsetType = UNSET
    """Not in Flamenco 3: likely mistakes in it, and what may be wrong in its tasks' results."""
    parked: Parked | UnsetType = UNSET
    """If it is; what can't be read of it is then empty, and an unknown status `failed`."""


@attrs.frozen(kw_only=True)
class JobsQueryResult:
    jobs: tuple[Job, ...]
    next: str | UnsetType = UNSET
    """Not in Flamenco 3: beginning of the next page, if there is one."""
    total: int | UnsetType = UNSET
    """Not in Flamenco 3: number of rows on all pages, if requested."""


@attrs.frozen(kw_only=True)
class TaskWorker:
    id: str
    name: str
    address: str


@attrs.frozen(kw_only=True)
class TaskSummary:
    id: str
    name: str
    status: TaskStatus
    index_in_job: int
    priority: int
    task_type: str
    updated: Time
    steps_completed: int
    steps_total: int
    worker: TaskWorker | UnsetType = UNSET
    parked: Parked | UnsetType = UNSET
    """If its row can't be read."""


@attrs.frozen(kw_only=True)
class JobTasksSummary:
    tasks: tuple[TaskSummary, ...] = ()
    next: str | UnsetType = UNSET
    """Not in Flamenco 3, nor is `total`: see `JobsQueryResult`."""
    total: int | UnsetType = UNSET
    counts: Mapping[str, int] | UnsetType = UNSET
    """Not in Flamenco 3: number of tasks by status, whatever status is asked for; if requested."""


@attrs.frozen(kw_only=True)
class JobStep:
    """Tasks of a job that are alike. Not in Flamenco 3."""

    type: str
    """Type of its tasks; empty if they have several."""
    name: str
    """Common part of their names, with `#` for numbers; empty for all tasks of the type."""
    counts: Mapping[str, int]
    """Number of its tasks by status."""


@attrs.frozen(kw_only=True)
class StepLink:
    """Places of two steps in their list: tasks of ``after`` need some of ``before``."""

    before: int
    after: int


@attrs.frozen(kw_only=True)
class JobSteps:
    steps: tuple[JobStep, ...]
    """In the order of their first tasks."""
    links: tuple[StepLink, ...]


@attrs.frozen(kw_only=True)
class Task:
    id: str
    created: Time
    updated: Time
    job_id: str
    index_in_job: int
    name: str
    status: TaskStatus
    priority: int
    task_type: str
    activity: str
    commands: tuple[Command, ...]
    steps_completed: int
    steps_total: int
    worker: TaskWorker | UnsetType = UNSET
    started: Time | UnsetType = UNSET
    """Not in Flamenco 3: time at which a worker last got it."""
    last_touched: Time | UnsetType = UNSET
    warnings: tuple[str, ...] | UnsetType = UNSET
    """Not in Flamenco 3: what may be wrong in its result."""
    failed_by_workers: tuple[TaskWorker, ...] = ()
    depends_on: tuple[str, ...] = ()
    """Not in Flamenco 3: ids of the tasks that must be completed first."""
    parked: Parked | UnsetType = UNSET
    """If its row or its commands can't be read."""


@attrs.frozen(kw_only=True)
class TaskLogInfo:
    task_id: str
    job_id: str
    url: str
    size: int


@attrs.frozen(kw_only=True)
class JobStatusChange:
    status: JobStatus
    reason: Prose


@attrs.frozen(kw_only=True)
class FailedTasksRequeueing:
    reason: Prose = ""


@attrs.frozen(kw_only=True)
class TaskStatusChange:
    status: TaskStatus
    reason: Prose


@attrs.frozen(kw_only=True)
class Decision:
    """The reason for approving or rejecting a task of type `approval`."""

    reason: Prose | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class JobPriorityChange:
    priority: Priority


@attrs.frozen(kw_only=True)
class JobLastRenderedImageInfo:
    base: str
    suffixes: tuple[str, ...]


@attrs.frozen(kw_only=True)
class JobBlocklistEntry:
    worker_id: Word
    task_type: Word
    worker_name: Line | UnsetType = UNSET
    reason: Text | UnsetType = UNSET
    created: Time | UnsetType = UNSET


JobBlocklist = Annotated[tuple[JobBlocklistEntry, ...], Meta(min_length=1, max_length=10_000)]


@attrs.frozen(kw_only=True)
class JobTagChange:
    id: Word | UnsetType = UNSET
    name: Line | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class JobDeletionInfo:
    shaman_checkout: bool


@attrs.frozen(kw_only=True)
class JobDeletion:
    files: bool = False
    """Not in Flamenco 3: true to delete the files that were sent with the job, too."""


@attrs.frozen(kw_only=True)
class JobMassDeletionSelection:
    last_updated_max: Time


@attrs.frozen(kw_only=True)
class JobKeepChange:
    keep: bool


@attrs.frozen(kw_only=True)
class JobArchiveChange:
    archived: bool


@attrs.frozen(kw_only=True)
class WaitingReason:
    reason: str


@attrs.frozen(kw_only=True)
class Attempt:
    """One worker's try at a task, from start to end."""

    lease: int
    worker: TaskWorker
    started: Time
    ended: Time
    ending: str
    reason: str
    exit_code: int | UnsetType = UNSET
    peak_memory: int | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class TaskAttempts:
    attempts: tuple[Attempt, ...] = ()
