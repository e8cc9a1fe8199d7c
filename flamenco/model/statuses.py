"""The statuses of jobs, tasks, workers and the farm, and the changes that people may request.

Source: reference rules §1-§3; the tables of requests are from reference web-ui §3.
"""

from enum import StrEnum


class JobStatus(StrEnum):
    UNDER_CONSTRUCTION = "under-construction"
    QUEUED = "queued"
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELED = "canceled"
    FAILED = "failed"
    PAUSED = "paused"
    PAUSE_REQUESTED = "pause-requested"
    CANCEL_REQUESTED = "cancel-requested"
    REQUEUEING = "requeueing"


class TaskStatus(StrEnum):
    QUEUED = "queued"
    ACTIVE = "active"
    COMPLETED = "completed"
    FAILED = "failed"
    SOFT_FAILED = "soft-failed"
    CANCELED = "canceled"
    PAUSED = "paused"


class FrameState(StrEnum):
    """Progress of one frame of a job. Not in Flamenco 3."""

    QUEUED = "queued"
    ACTIVE = "active"
    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"


class WorkerStatus(StrEnum):
    STARTING = "starting"
    AWAKE = "awake"
    ASLEEP = "asleep"
    ERROR = "error"
    TESTING = "testing"
    OFFLINE = "offline"
    RESTART = "restart"


class FarmStatus(StrEnum):
    ACTIVE = "active"
    IDLE = "idle"
    WAITING = "waiting"
    ASLEEP = "asleep"
    INOPERATIVE = "inoperative"
    UNKNOWN = "unknown"
    STARTING = "starting"


RUNNABLE_JOBS = frozenset({JobStatus.QUEUED, JobStatus.ACTIVE})
"""Jobs whose tasks are offered to workers."""

FINISHED_JOBS = frozenset({JobStatus.COMPLETED, JobStatus.CANCELED, JobStatus.FAILED})

RUNNABLE_TASKS = frozenset({TaskStatus.QUEUED, TaskStatus.SOFT_FAILED})
"""Tasks that wait for a worker."""

JOB_REQUESTS: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.PAUSE_REQUESTED: frozenset({JobStatus.ACTIVE, JobStatus.QUEUED}),
    JobStatus.CANCEL_REQUESTED: frozenset(
        {
            JobStatus.ACTIVE,
            JobStatus.FAILED,
            JobStatus.PAUSED,
            JobStatus.PAUSE_REQUESTED,
            JobStatus.QUEUED,
        }
    ),
    JobStatus.REQUEUEING: frozenset(
        {JobStatus.CANCELED, JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.PAUSED}
    ),
}
"""Requests that a job accepts: {requested status: statuses in which it may be requested}."""

MEANT_REQUESTS = {(JobStatus.QUEUED, JobStatus.PAUSED): JobStatus.REQUEUEING}
"""Requests that mean another: {(requested status, status of the job): status that is meant}.

Clients of Flamenco 3 resume a paused job so."""

TASK_REQUESTS: dict[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.CANCELED: frozenset(
        {TaskStatus.ACTIVE, TaskStatus.PAUSED, TaskStatus.QUEUED, TaskStatus.SOFT_FAILED}
    ),
    TaskStatus.QUEUED: frozenset(
        {TaskStatus.CANCELED, TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.SOFT_FAILED}
    ),
    TaskStatus.COMPLETED: frozenset(set(TaskStatus) - {TaskStatus.COMPLETED}),
    TaskStatus.FAILED: frozenset(
        {TaskStatus.ACTIVE, TaskStatus.PAUSED, TaskStatus.QUEUED, TaskStatus.SOFT_FAILED}
    ),
}
"""Requests that a task accepts: {requested status: statuses in which it may be requested}."""

BY_HAND = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED})
"""Outcomes that a person may set; they need a reason."""

WORKER_REQUESTS = frozenset(
    {WorkerStatus.AWAKE, WorkerStatus.ASLEEP, WorkerStatus.OFFLINE, WorkerStatus.RESTART}
)
"""Statuses that may be requested of a worker."""


class FileStatus(StrEnum):
    """Shaman's knowledge of a file (reference api §3, ShamanFileStatus)."""

    UNKNOWN = "unknown"
    UPLOADING = "uploading"
    STORED = "stored"
