"""Sleep schedules: the times at which a worker's actor has to look at its own."""

from datetime import datetime

import attrs

import actors
from flamenco import clock
from flamenco.manager.refusals import NotAllowed
from flamenco.manager.workers.messages import FollowSchedule
from flamenco.model.schedules import local_zone, next_change, wants_sleep
from flamenco.model.statuses import WORKER_REQUESTS, WorkerStatus
from flamenco.model.workers import StatusRequest, Worker, scheduled_request, status_at_sign_on


@attrs.define(eq=False)
class Alarm:
    """A timer that tells its actor `FollowSchedule` when the schedule wants something else."""

    _actor: actors.Actor
    _timer: actors.Timer | None = None

    def set(self, worker: Worker) -> None:
        """Wait for the worker's next time, instead of an earlier one."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if worker.schedule_due is not None:
            seconds = (worker.schedule_due - clock.now()).total_seconds()
            self._timer = self._actor.after(max(seconds, 0.0), FollowSchedule())

    def set_anew(self, worker: Worker) -> None:
        """Wait by a corrected clock. If it shows another span of the schedule, tell so at once."""
        if next_time(worker) == worker.schedule_due:
            self.set(worker)
        else:
            self._actor.tell(self._actor.ref, FollowSchedule())


def is_sleep_time(worker: Worker) -> bool:
    """True if the worker's schedule wants it to sleep now."""
    schedule = worker.schedule
    return schedule is not None and wants_sleep(schedule, clock.now(), local_zone())


def request_now(worker: Worker, *, slept: bool = False) -> StatusRequest | None:
    """Request that the worker's schedule makes now, if any; ``slept`` is of `FollowSchedule`."""
    if worker.schedule is None or not worker.schedule.is_active:
        return scheduled_request(worker, WorkerStatus.AWAKE) if slept else None
    wanted = WorkerStatus.ASLEEP if is_sleep_time(worker) else WorkerStatus.AWAKE
    return scheduled_request(worker, wanted)


def next_time(worker: Worker) -> datetime | None:
    """Time at which the worker's schedule wants something else, if that comes."""
    schedule = worker.schedule
    return None if schedule is None else next_change(schedule, clock.now(), local_zone())


def wanted_status(worker: Worker) -> WorkerStatus | None:
    """Status that the worker is to go to; one that was given up, and calls again, is to come back.

    Flamenco 3's would ask on and on, and never sign on by itself.
    """
    if worker.status is WorkerStatus.ERROR:
        return status_at_sign_on(worker, sleep_time=is_sleep_time(worker))
    if worker.awaits_approval and worker.status is WorkerStatus.AWAKE:
        return WorkerStatus.ASLEEP
    return worker.request.status if worker.request else None


def request_of_people(worker: Worker, status: WorkerStatus, *, lazy: bool) -> StatusRequest | None:
    """The request that people make of a worker; None: it is there already. Raises `NotAllowed`."""
    if status not in WORKER_REQUESTS:
        expected = ", ".join(sorted(WORKER_REQUESTS))
        raise NotAllowed(f"a worker can be asked for {expected}, not {status.value}")
    if status is WorkerStatus.RESTART and not worker.can_restart:
        raise NotAllowed(f"worker {worker.name} can't restart itself")
    if status is WorkerStatus.AWAKE and worker.awaits_approval:
        raise NotAllowed(f"worker {worker.name} waits for approval: approve it first")
    return None if status is worker.status else StatusRequest(status, lazy)


def request_after_approval(worker: Worker) -> StatusRequest | None:
    """The request to a worker that was approved, and should have slept until now."""
    status = WorkerStatus.ASLEEP if is_sleep_time(worker) else WorkerStatus.AWAKE
    return None if worker.status is status else StatusRequest(status, lazy=False)
