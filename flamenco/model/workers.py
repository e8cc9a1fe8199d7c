"""What a worker is."""

from datetime import datetime

import attrs

from flamenco.model.statuses import WorkerStatus


@attrs.frozen
class StatusRequest:
    """A status somebody asked a worker to go to; lazily means after its present task."""

    status: WorkerStatus
    lazy: bool


@attrs.frozen(kw_only=True)
class Worker:
    """A machine that runs tasks, as the Manager knows it."""

    id: str
    name: str
    secret_hash: str
    address: str = ""
    platform: str
    software: str = ""
    task_types: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """Ids of its tags."""
    status: WorkerStatus = WorkerStatus.OFFLINE
    request: StatusRequest | None = None
    can_restart: bool = False
    created: datetime
    updated: datetime
    last_seen: datetime | None = None
    deleted_at: datetime | None = None


def status_at_sign_on(worker: Worker) -> WorkerStatus:
    """The status a worker should go to when it signs on (reference api §4, signOn).

    One that lost its session while it slept sleeps on.
    """
    if worker.request:
        return worker.request.status
    return WorkerStatus.ASLEEP if worker.status is WorkerStatus.ASLEEP else WorkerStatus.AWAKE


def after_sign_off(worker: Worker) -> Worker:
    """A worker that signed off: its status is remembered for next time (reference rules §7)."""
    request = worker.request
    if request and request.status in (WorkerStatus.OFFLINE, WorkerStatus.RESTART):
        request = None
    elif request is None and worker.status in (WorkerStatus.AWAKE, WorkerStatus.ASLEEP):
        request = StatusRequest(worker.status, lazy=False)
    return attrs.evolve(worker, status=WorkerStatus.OFFLINE, request=request)


def after_status_change(worker: Worker, status: WorkerStatus) -> Worker:
    """A worker that says it went to ``status``; a request it fulfils is done."""
    done = worker.request is None or worker.request.status == status
    return attrs.evolve(worker, status=status, request=None if done else worker.request)
