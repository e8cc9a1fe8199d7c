"""The statuses of jobs, tasks, workers and the farm, and which changes people may ask for.

Source: reference rules §1-§3; the tables of requests are those of reference web-ui §3.
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
"""What may be requested of a job: requested status → the statuses it may be requested in."""

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
"""What may be requested of a task: requested status → the statuses it may be requested in."""

BY_HAND = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED})
"""Outcomes that a person may decide; they need a reason."""

WORKER_REQUESTS = frozenset(
    {WorkerStatus.AWAKE, WorkerStatus.ASLEEP, WorkerStatus.OFFLINE, WorkerStatus.RESTART}
)
"""The statuses a worker may be asked to go to."""


class FileStatus(StrEnum):
    """What Shaman knows of a file (reference api §3, ShamanFileStatus)."""

    UNKNOWN = "unknown"
    UPLOADING = "uploading"
    STORED = "stored"
