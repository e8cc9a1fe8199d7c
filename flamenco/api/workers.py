"""Wire classes of the operations tagged `worker` and `worker-mgt` (reference api §3)."""

import attrs
from msgspec import UNSET, UnsetType

from flamenco.api.fields import Time
from flamenco.api.jobs import TaskSummary
from flamenco.model.specs import Specs
from flamenco.model.statuses import WorkerStatus


@attrs.frozen(kw_only=True)
class WorkerRegistration:
    secret: str
    platform: str
    supported_task_types: tuple[str, ...]
    name: str


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
class WorkerStatusChangeRequest:
    status: WorkerStatus
    is_lazy: bool


@attrs.frozen(kw_only=True)
class WorkerTag:
    name: str
    id: str | UnsetType = UNSET
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
    """Not in Flamenco 3: what its machine has."""


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
    """Not in Flamenco 3: an IANA name; without it, the Manager's time zone counts."""
