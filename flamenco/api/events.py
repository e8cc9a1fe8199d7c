"""Events of the farm, as sent to browsers and scripts (reference api §5).

The farm's actors publish them on the event stream after the change is on disk.
"""

from enum import StrEnum

import attrs
from msgspec import UNSET, UnsetType

from flamenco.api.frames import FrameChange
from flamenco.api.jobs import JobLastRenderedImageInfo
from flamenco.api.meta import FarmStatusReport, Parked
from flamenco.api.workers import WorkerStatusChangeRequest, WorkerTag, WorkerTask
from flamenco.model.bounds import Time
from flamenco.model.eta import Eta
from flamenco.model.jobs import FrameCounts
from flamenco.model.notices import NoticeKind
from flamenco.model.statuses import JobStatus, TaskStatus, WorkerStatus


class LifeCycleEventType(StrEnum):
    STARTUP = "manager-startup"
    SHUTDOWN = "manager-shutdown"


@attrs.frozen(kw_only=True)
class AssignedWorker:
    name: str
    uuid: str


@attrs.frozen(kw_only=True)
class EventJobUpdate:
    id: str
    updated: Time
    status: JobStatus
    type: str
    refresh_tasks: bool
    steps_completed: int
    steps_total: int
    priority: int = 50
    frames: FrameCounts = attrs.field(factory=FrameCounts)
    """Not in Flamenco 3: its progress as people see it."""
    approvals: int = 0
    """Not in Flamenco 3: number of its tasks that wait for a yes or no."""
    started: Time | UnsetType = UNSET
    """Not in Flamenco 3, nor are `ended` and `eta`."""
    ended: Time | UnsetType = UNSET
    eta: Eta | UnsetType = UNSET
    name: str | UnsetType = UNSET
    previous_status: JobStatus | UnsetType = UNSET
    delete_requested_at: Time | UnsetType = UNSET
    was_deleted: bool | UnsetType = UNSET
    archived_at: Time | UnsetType = UNSET
    """Not in Flamenco 3: time since which the job is out of the live lists."""
    keep: bool | UnsetType = UNSET
    """Not in Flamenco 3, nor is `worker_tag`."""
    worker_tag: str | UnsetType = UNSET
    parked: Parked | UnsetType = UNSET
    """Not in Flamenco 3: there while the job is parked."""


@attrs.frozen(kw_only=True)
class EventTaskUpdate:
    id: str
    job_id: str
    name: str
    updated: Time
    status: TaskStatus
    activity: str
    steps_completed: int
    steps_total: int
    worker: AssignedWorker | UnsetType = UNSET
    previous_status: TaskStatus | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class EventTaskLogUpdate:
    task_id: str
    log: str


@attrs.frozen(kw_only=True)
class EventLastRenderedUpdate:
    job_id: str
    thumbnail: JobLastRenderedImageInfo


@attrs.frozen(kw_only=True)
class EventFramesUpdate:
    """Not in Flamenco 3: frames of a job have changed."""

    job_id: str
    frames: tuple[FrameChange, ...] = ()
    refresh: bool = False
    """True if more have changed than are told: fetch them all again."""


@attrs.frozen(kw_only=True)
class EventWorkerUpdate:
    id: str
    name: str
    updated: Time
    status: WorkerStatus
    version: str
    can_restart: bool
    last_seen: Time | UnsetType = UNSET
    previous_status: WorkerStatus | UnsetType = UNSET
    status_change: WorkerStatusChangeRequest | UnsetType = UNSET
    deleted_at: Time | UnsetType = UNSET
    parked: Parked | UnsetType = UNSET
    """Not in Flamenco 3: there while the worker is parked."""
    tag_ids: tuple[str, ...] | UnsetType = UNSET
    """Not in Flamenco 3, nor are the following."""
    awaits_approval: bool | UnsetType = UNSET
    used_twice: Time | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class EventWorkerTask:
    """Not in Flamenco 3: a worker got a task, is further with it, or holds it no longer."""

    worker_id: str
    task: WorkerTask | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class EventWorkerTagUpdate:
    tag: WorkerTag
    was_deleted: bool | UnsetType = UNSET


@attrs.frozen(kw_only=True)
class EventNotice:
    """Not in Flamenco 3: there is a new notice."""

    id: str
    at: Time
    kind: NoticeKind
    text: str
    job_id: str = ""
    worker_id: str = ""


@attrs.frozen(kw_only=True)
class EventLifeCycle:
    type: LifeCycleEventType


FarmEvent = (
    EventJobUpdate
    | EventTaskUpdate
    | EventTaskLogUpdate
    | EventLastRenderedUpdate
    | EventFramesUpdate
    | EventWorkerUpdate
    | EventWorkerTask
    | EventWorkerTagUpdate
    | EventNotice
    | EventLifeCycle
    | FarmStatusReport
)

EVENT_NAMES: dict[type, str] = {
    EventJobUpdate: "/jobs",
    EventTaskUpdate: "/task",
    EventTaskLogUpdate: "/tasklog",
    EventWorkerUpdate: "/workers",
    EventWorkerTask: "/workertask",
    EventLastRenderedUpdate: "/last-rendered",
    EventFramesUpdate: "/frames",
    EventWorkerTagUpdate: "/workertags",
    FarmStatusReport: "/status",
    EventNotice: "/notices",
    EventLifeCycle: "/lifecycle",
}
"""{class of an event: its name on the wire}."""
