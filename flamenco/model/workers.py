"""Workers, and the changes of their status."""

from datetime import datetime, timedelta

import attrs

from flamenco.model.provisions import WorkerSetting
from flamenco.model.schedules import SleepSchedule
from flamenco.model.specs import Specs
from flamenco.model.statuses import WorkerStatus

REVOKED = "revoked"
"""Text in place of the hash of a worker's secret when no secret counts any more."""

TELL_AGAIN = timedelta(hours=1)
"""Time within which people are not told again that a worker's credentials are used twice."""


@attrs.frozen
class StatusRequest:
    """A status that a worker was asked to go to; lazy: after its present task."""

    status: WorkerStatus
    lazy: bool


@attrs.frozen(kw_only=True)
class WorkerTag:
    """A name that ties jobs to workers: a job with a tag only runs on workers with that tag."""

    id: str
    name: str
    description: str = ""


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
    specs: Specs = attrs.field(factory=Specs)
    settings: tuple[WorkerSetting, ...] = ()
    """Values of its configuration, if it tells them."""
    schedule: SleepSchedule | None = None
    schedule_due: datetime | None = None
    """Time of the schedule's next request for another status."""
    status: WorkerStatus = WorkerStatus.OFFLINE
    request: StatusRequest | None = None
    can_restart: bool = False
    created: datetime
    updated: datetime
    last_seen: datetime | None = None
    running_since: datetime | None = None
    """Start of its program, by its own count of seconds; of one that polls, its sign-on."""
    awaits_approval: bool = False
    """True if it sleeps, and gets no task, until somebody approves it."""
    used_twice: datetime | None = None
    """Time at which two machines were last seen with its credentials."""
    deleted_at: datetime | None = None


def status_at_sign_on(worker: Worker, *, sleep_time: bool = False) -> WorkerStatus:
    """The status a worker should go to when it signs on (reference api §4, signOn).

    A worker that only lost its session goes on as it was; for others, ``sleep_time`` says if their
    sleep schedule wants them to sleep now.
    """
    if worker.awaits_approval:
        return WorkerStatus.ASLEEP
    if worker.request:
        return worker.request.status
    if worker.status in (WorkerStatus.ASLEEP, WorkerStatus.AWAKE):
        return worker.status
    return WorkerStatus.ASLEEP if sleep_time else WorkerStatus.AWAKE


def after_sign_off(worker: Worker) -> Worker:
    """The worker after signing off: its status is remembered for next time (reference rules §7)."""
    request = worker.request
    if request and request.status in (WorkerStatus.OFFLINE, WorkerStatus.RESTART):
        request = None
    elif request is None and worker.status in (WorkerStatus.AWAKE, WorkerStatus.ASLEEP):
        request = StatusRequest(worker.status, lazy=False)
    return attrs.evolve(worker, status=WorkerStatus.OFFLINE, request=request)


def after_status_change(worker: Worker, status: WorkerStatus) -> Worker:
    """The worker after it went to ``status``, without the request that this fulfils."""
    done = worker.request is None or worker.request.status == status
    return attrs.evolve(worker, status=status, request=None if done else worker.request)


def scheduled_request(worker: Worker, wanted: WorkerStatus) -> StatusRequest | None:
    """The request that a sleep schedule makes of a worker; None if there is none.

    A schedule overrides lazy requests, and leaves workers in error alone (reference rules §8).
    """
    if worker.status is WorkerStatus.ERROR:
        return None
    request = worker.request
    if request is None and worker.status is wanted:
        return None
    if request and not request.lazy and request.status is wanted:
        return None
    return StatusRequest(wanted, lazy=False)


def is_told_twice(before: Worker, worker: Worker) -> bool:
    """True if people should hear that a worker's credentials are used on two machines."""
    if worker.used_twice is None or worker.used_twice == before.used_twice:
        return False
    return before.used_twice is None or worker.used_twice - before.used_twice >= TELL_AGAIN
