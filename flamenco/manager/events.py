"""Events for browsers from the farm's actors: model objects as events of the API."""

from collections.abc import Iterable

import attrs
from msgspec import UNSET, UnsetType

from flamenco import clock
from flamenco.api import meta
from flamenco.api.events import (
    AssignedWorker,
    EventFramesUpdate,
    EventJobUpdate,
    EventTaskUpdate,
    EventWorkerTask,
    EventWorkerUpdate,
)
from flamenco.api.frames import FrameChange, FrameWorker
from flamenco.api.workers import WorkerStatusChangeRequest, WorkerTask
from flamenco.model.eta import Eta, eta
from flamenco.model.jobs import Job, Task
from flamenco.model.parking import Parked
from flamenco.model.statuses import RUNNABLE_JOBS, FrameState
from flamenco.model.tally import by_state, changes, frame_at
from flamenco.model.workers import Worker


def job_event(
    job: Job,
    before: Job | None = None,
    *,
    refresh_tasks: bool = False,
    parked: Parked | None = None,
) -> EventJobUpdate:
    """The event for a job that changed from ``before``; without that, the job is new."""
    changed = before is not None and before.status is not job.status
    return EventJobUpdate(
        id=job.id,
        name=job.name,
        updated=job.updated,
        status=job.status,
        previous_status=before.status if before and changed else UNSET,
        type=job.type,
        priority=job.priority,
        refresh_tasks=refresh_tasks,
        steps_completed=job.steps_completed,
        steps_total=job.steps_total,
        frames=job.frames,
        approvals=job.approvals,
        started=job.started or UNSET,
        ended=job.ended or UNSET,
        eta=eta_now(job),
        delete_requested_at=job.delete_requested_at or UNSET,
        archived_at=job.archived_at or UNSET,
        keep=job.keep or UNSET,
        worker_tag=job.worker_tag or UNSET,
        parked=_shown(parked),
    )


def eta_now(job: Job) -> Eta | UnsetType:
    """The time at which a job is likely to be done, as it looks now."""
    return (job.status in RUNNABLE_JOBS and eta(job.pace, clock.now())) or UNSET


def deleted_event(job: Job) -> EventJobUpdate:
    """The event for a deleted job, in which only the id has a meaning (reference api §5)."""
    unmarked = attrs.evolve(job, delete_requested_at=None, archived_at=None)
    return attrs.evolve(job_event(unmarked), was_deleted=True)


def task_event(task: Task, before: Task, worker_name: str | None) -> EventTaskUpdate:
    """The event for a task that changed from ``before``."""
    worker = (
        AssignedWorker(name=worker_name or "", uuid=task.worker_id) if task.worker_id else UNSET
    )
    return EventTaskUpdate(
        id=task.id,
        job_id=task.job_id,
        name=task.name,
        updated=task.updated,
        status=task.status,
        previous_status=before.status if before.status is not task.status else UNSET,
        activity=task.activity,
        steps_completed=task.steps_completed,
        steps_total=task.steps_total,
        worker=worker,
    )


MOST_FRAMES = 500
"""Maximum number of frames that an event tells one by one."""


def frames_event(
    job_id: str, tasks: Iterable[tuple[Task, Task, str | None]]
) -> EventFramesUpdate | None:
    """The event for what became of the frames of ``tasks``; None if nothing did.

    Each is told as it was before and as it is now, and with the name of its worker; without that,
    the worker counts as told before, since a task never loses its last one.
    """
    told: list[FrameChange] = []
    for before, task, worker_name in tasks:
        is_same = _common(before) == _common(task)
        for first, last, state in changes(before, task) if is_same else by_state(task):
            if len(told) + last - first >= MOST_FRAMES:
                return EventFramesUpdate(job_id=job_id, refresh=True)
            shown = _frame_of(task, state, worker_name)
            told += [attrs.evolve(shown, frame=number) for number in range(first, last + 1)]
    return EventFramesUpdate(job_id=job_id, frames=tuple(told)) if told else None


def _common(task: Task) -> tuple[object, ...]:
    """Values that all frames of a task share, whatever their states."""
    return task.lease, task.worker_id, task.warnings


def differs(before: Task, task: Task) -> bool:
    """True if its frames are told otherwise than before, even without a step."""
    return before.status is not task.status or _common(before) != _common(task)


def _frame_of(task: Task, state: FrameState, worker_name: str | None) -> FrameChange:
    return FrameChange(
        frame=0,
        state=state,
        task=task.id,
        attempt=task.lease,
        worker=FrameWorker(id=task.worker_id, name=worker_name)
        if task.worker_id and worker_name is not None
        else UNSET,
        warnings=task.warnings,
    )


def worker_event(
    worker: Worker, before: Worker | None = None, *, parked: Parked | None = None
) -> EventWorkerUpdate:
    """The event for a worker that changed from ``before``; without that, the worker is new."""
    request = worker.request
    return EventWorkerUpdate(
        id=worker.id,
        name=worker.name,
        updated=worker.updated,
        last_seen=worker.last_seen or UNSET,
        status=worker.status,
        previous_status=before.status if before and before.status != worker.status else UNSET,
        status_change=WorkerStatusChangeRequest(status=request.status, is_lazy=request.lazy)
        if request
        else UNSET,
        version=worker.software,
        deleted_at=worker.deleted_at or UNSET,
        can_restart=worker.can_restart,
        parked=_shown(parked),
        tag_ids=worker.tags or UNSET,
        awaits_approval=worker.awaits_approval or UNSET,
        used_twice=worker.used_twice or UNSET,
    )


def worker_task(task: Task, job_name: str) -> WorkerTask:
    """A task as it is shown with its worker."""
    frame = frame_at(task)
    return WorkerTask(
        id=task.id,
        job_id=task.job_id,
        job_name=job_name,
        name=task.name,
        status=task.status,
        index_in_job=task.idx,
        priority=task.priority,
        task_type=task.type,
        updated=task.updated,
        steps_completed=task.steps_completed,
        steps_total=task.steps_total,
        frame=UNSET if frame is None else frame,
        started=task.started or UNSET,
    )


def worker_task_event(task: Task, job_name: str) -> EventWorkerTask:
    """The event for a worker that holds a task."""
    return EventWorkerTask(worker_id=task.worker_id or "", task=worker_task(task, job_name))


def _shown(parked: Parked | None) -> meta.Parked | UnsetType:
    if parked is None:
        return UNSET
    return meta.Parked(reason=parked.reason, since=parked.since or UNSET)
