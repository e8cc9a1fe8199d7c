"""Wire classes of the operations tagged `worker` and `worker-mgt` (reference api §3)."""

from typing import Annotated

import attrs
from msgspec import UNSET, Meta, UnsetType

from flamenco.api.fields import Time, Uuid
from flamenco.api.jobs import TaskSummary
from flamenco.model.jobs import Command
from flamenco.model.specs import Specs
from flamenco.model.statuses import TaskStatus, WorkerStatus


@attrs.frozen(kw_only=True)
class WorkerRegistration:
    secret: str
    platform: str
    supported_task_types: tuple[str, ...]
    name: str
    registration_secret: str | UnsetType = UNSET
    """Not in Flamenco 3: secret of the Manager's configuration, if it has one."""
    capabilities: tuple[str, ...] | UnsetType = UNSET
    """Not in Flamenco 3: words that jobs may require."""


@attrs.frozen(kw_only=True)
class RegisteredWorker:
    uuid: str
    name: str
    address: str
    status: str
    """Empty until the first sign-on."""
    platform: str
    software: str
    supported_task_types: tuple[str, ...]


@attrs.frozen(kw_only=True)
class WorkerSignOn:
    name: str
    supported_task_types: tuple[str, ...]
    software_version: str
    can_restart: bool = False
    capabilities: tuple[str, ...] | UnsetType = UNSET
    """Not in Flamenco 3: as at registration; without them, the previous ones still count."""


@attrs.frozen(kw_only=True)
class WorkerStateChange:
    status_requested: WorkerStatus


@attrs.frozen(kw_only=True)
class WorkerStateChanged:
    status: WorkerStatus


@attrs.frozen(kw_only=True)
class AssignedTask:
    uuid: str
    job: str
    name: str
    status: TaskStatus
    priority: int
    job_priority: int
    job_type: str
    task_type: str
    commands: tuple[Command, ...]
    steps_completed: int
    steps_total: int


@attrs.frozen(kw_only=True)
class TaskUpdate:
    taskStatus: TaskStatus | UnsetType = UNSET
    activity: str | UnsetType = UNSET
    log: str | UnsetType = UNSET
    steps_completed: Annotated[int, Meta(ge=0)] | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class MayKeepRunning:
    mayKeepRunning: bool
    reason: str
    statusChangeRequested: bool


@attrs.frozen(kw_only=True)
class BlocklistingRequest:
    reason: str


@attrs.frozen(kw_only=True)
class WorkerStatusChangeRequest:
    status: WorkerStatus
    is_lazy: bool


@attrs.frozen(kw_only=True)
class WorkerTag:
    name: str
    id: Uuid | UnsetType = UNSET
    description: str | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class WorkerTagList:
    tags: tuple[WorkerTag, ...] = ()


@attrs.frozen(kw_only=True)
class WorkerSummary:
    id: str
    name: str
    status: WorkerStatus
    version: str
    can_restart: bool
    status_change: WorkerStatusChangeRequest | UnsetType = UNSET
    last_seen: Time | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class WorkerList:
    workers: tuple[WorkerSummary, ...]
    next: str | UnsetType = UNSET
    """Not in Flamenco 3, nor is `total`: see `jobs.JobsQueryResult`."""
    total: int | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class WorkerTask(TaskSummary):
    job_id: str


@attrs.frozen(kw_only=True)
class Worker(WorkerSummary):
    ip_address: str
    platform: str
    supported_task_types: tuple[str, ...]
    task: WorkerTask | UnsetType = UNSET
    tags: tuple[WorkerTag, ...] | UnsetType = UNSET
    specs: Specs | UnsetType = UNSET
    """Not in Flamenco 3: equipment of its machine."""


@attrs.frozen(kw_only=True)
class WorkerTagChangeRequest:
    tag_ids: tuple[str, ...]


@attrs.frozen(kw_only=True)
class WorkerSleepSchedule:
    is_active: bool
    days_of_week: str
    start_time: str
    end_time: str
    timezone: str | UnsetType = UNSET
    """Not in Flamenco 3: IANA name of the time zone; without it, the Manager's."""
    next_change: Time | UnsetType = UNSET
    """Not in Flamenco 3, in answers only: time at which it will next sleep or wake up."""
