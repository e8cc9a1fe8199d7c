"""Wire classes of the operations tagged `worker` and `worker-mgt` (reference api §3)."""

from typing import Annotated

import attrs
from msgspec import UNSET, Meta, UnsetType

from flamenco.api.jobs import TaskSummary
from flamenco.api.meta import Parked
from flamenco.model.bounds import Count, Few, Line, Many, Prose, Rank, Text, Time, Uuid, Word
from flamenco.model.jobs import Command
from flamenco.model.load import GpuLoad
from flamenco.model.provisions import WorkerSetting
from flamenco.model.specs import Specs
from flamenco.model.statuses import TaskStatus, WorkerStatus

TokenName = Annotated[str, Meta(min_length=1, max_length=100)]
Hours = Annotated[int, Meta(ge=1, le=24 * 3650)]


@attrs.frozen(kw_only=True)
class WorkerRegistration:
    secret: Line = attrs.field(repr=False)
    platform: Word
    supported_task_types: Few[Word]
    name: Line
    registration_secret: Line | UnsetType = attrs.field(default=UNSET, repr=False)
    """Not in Flamenco 3: secret of the Manager's configuration, if it has one."""
    capabilities: Few[Word] | UnsetType = UNSET
    """Not in Flamenco 3: words that jobs may require."""


@attrs.frozen(kw_only=True)
class RegisteredWorker:
    uuid: Word
    name: Line
    address: Line
    status: Word
    """Empty until the first sign-on."""
    platform: Word
    software: Line
    supported_task_types: Few[Word]


@attrs.frozen(kw_only=True)
class WorkerSignOn:
    name: Line
    supported_task_types: Few[Word]
    software_version: Line
    can_restart: bool = False
    capabilities: Few[Word] | UnsetType = UNSET
    """Not in Flamenco 3: as at registration; without them, the previous ones still count."""


@attrs.frozen(kw_only=True)
class WorkerStateChange:
    status_requested: WorkerStatus


@attrs.frozen(kw_only=True)
class WorkerStateChanged:
    status: WorkerStatus


@attrs.frozen(kw_only=True)
class AssignedTask:
    uuid: Word
    job: Word
    name: Line
    status: TaskStatus
    priority: Rank
    job_priority: Rank
    job_type: Word
    task_type: Word
    commands: Many[Command]
    steps_completed: Count
    steps_total: Count


@attrs.frozen(kw_only=True)
class TaskUpdate:
    taskStatus: TaskStatus | UnsetType = UNSET
    activity: Prose | UnsetType = UNSET
    log: Text | UnsetType = UNSET
    steps_completed: Count | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class MayKeepRunning:
    mayKeepRunning: bool
    reason: Text
    statusChangeRequested: bool


@attrs.frozen(kw_only=True)
class BlocklistingRequest:
    reason: Prose


@attrs.frozen(kw_only=True)
class WorkerStatusChangeRequest:
    status: WorkerStatus
    is_lazy: bool


@attrs.frozen(kw_only=True)
class WorkerTag:
    name: Line
    id: Uuid | UnsetType = UNSET
    description: Prose | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class WorkerTagList:
    tags: tuple[WorkerTag, ...] = ()


@attrs.frozen(kw_only=True)
class WorkerTask(TaskSummary):
    job_id: str
    job_name: str = ""
    """Not in Flamenco 3, nor are the following."""
    frame: int | UnsetType = UNSET
    """The frame that it is making now."""
    started: Time | UnsetType = UNSET
    """Time at which a worker last got it."""


@attrs.frozen(kw_only=True)
class WorkerLoad:
    """Load of a worker's machine in one minute. Not in Flamenco 3."""

    at: Time
    """Beginning of the minute."""
    cpu: float
    """Share of its processors' time that all programs on it used, from 0 to 1."""
    memory_mib: int
    """MiB of memory that were in use."""
    gpus: tuple[GpuLoad, ...] = ()


@attrs.frozen(kw_only=True)
class WorkerLoads:
    samples: tuple[WorkerLoad, ...]
    """Those of the last day, the oldest first; a minute of which nothing is known is left out."""


@attrs.frozen(kw_only=True)
class WorkerSummary:
    id: str
    name: str
    status: WorkerStatus
    version: str
    can_restart: bool
    status_change: WorkerStatusChangeRequest | UnsetType = UNSET
    last_seen: Time | UnsetType = UNSET
    parked: Parked | UnsetType = UNSET
    """If it is; what can't be read of it is then empty, and an unknown status `error`."""
    task: WorkerTask | UnsetType = UNSET
    """The task that it holds. In a list it is not in Flamenco 3, nor are the following anywhere."""
    running_since: Time | UnsetType = UNSET
    """Time at which its program was started; of a worker that polls, its sign-on."""
    specs: Specs | UnsetType = UNSET
    """Equipment of its machine, and what its checks found."""
    load: WorkerLoad | UnsetType = UNSET
    """Present load of its machine; without it, it has not told for two minutes."""
    tag_ids: tuple[str, ...] | UnsetType = UNSET
    awaits_approval: bool | UnsetType = UNSET
    """True if it sleeps, and gets no task, until somebody approves it; else left out."""
    used_twice: Time | UnsetType = UNSET
    """Time at which two machines were last seen with its credentials."""


@attrs.frozen(kw_only=True)
class WorkerList:
    workers: tuple[WorkerSummary, ...]
    next: str | UnsetType = UNSET
    """Not in Flamenco 3, nor is `total`: see `jobs.JobsQueryResult`."""
    total: int | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class Worker(WorkerSummary):
    ip_address: str
    platform: str
    supported_task_types: tuple[str, ...]
    tags: tuple[WorkerTag, ...] | UnsetType = UNSET
    settings: tuple[WorkerSetting, ...] | UnsetType = UNSET
    """Not in Flamenco 3: values of its configuration, with their origins, if it tells them."""


@attrs.frozen(kw_only=True)
class WorkerTagChangeRequest:
    tag_ids: Few[Word]


@attrs.frozen(kw_only=True)
class JoinTokenWanted:
    """A join token to be made. Not in Flamenco 3, nor are the following."""

    name: TokenName
    tags: Few[Word] = ()
    """Ids of the tags that a worker gets which joins by it."""
    worker_id: Uuid | UnsetType = UNSET
    """The worker that gets new credentials by it; without it, new ones join."""
    once: bool = True
    """True if it is over when one worker has used it."""
    hours: Hours = 48
    """Hours after which it expires."""


@attrs.frozen(kw_only=True)
class ShownJoinToken:
    id: Uuid
    name: TokenName
    tags: tuple[str, ...]
    worker_id: str
    """Empty if new workers join by it."""
    once: bool
    created: Time
    expires: Time
    used: int
    """Number of workers that have joined by it."""


@attrs.frozen(kw_only=True)
class JoinTokenList:
    tokens: tuple[ShownJoinToken, ...]
    """The newest first."""


@attrs.frozen(kw_only=True)
class NewJoinToken:
    """A join token, whose secret is shown this once."""

    secret: str = attrs.field(repr=False)
    """Text that a Worker takes as `--join-token`."""
    token: ShownJoinToken


@attrs.frozen(kw_only=True)
class WorkerSleepSchedule:
    is_active: bool
    days_of_week: Word
    start_time: Word
    end_time: Word
    timezone: Word | UnsetType = UNSET
    """Not in Flamenco 3: IANA name of the time zone; without it, the Manager's."""
    next_change: Time | UnsetType = UNSET
    """Not in Flamenco 3, in answers only: time at which it will next sleep or wake up."""
