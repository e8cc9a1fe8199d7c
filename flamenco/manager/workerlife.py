"""How a worker comes, goes, changes its status, and is lost; whichever way it talks."""

from collections.abc import Iterable
from typing import Any

import trio

import actors
from flamenco import protocol
from flamenco.manager.messages import CheckLife, Session
from flamenco.manager.workerrequests import WorkerRequests
from flamenco.manager.workerstate import UNWATCHED
from flamenco.model.statuses import WorkerStatus
from flamenco.model.workers import after_sign_off, after_status_change, status_at_sign_on

CLOCK_ERROR = 0.001
"""A timer may come so many seconds early, by the rounding of sums."""


class WorkerLife(WorkerRequests):
    """Carries out what a worker says of itself."""

    def _sign_on(
        self, session: Session, believed: Iterable[protocol.HeldLease], **changes: Any
    ) -> protocol.Welcome:
        """It begins a session. Of the leases that it names, those it really holds go on."""
        if self._session is not None:
            self._session.close("the worker opened another session")
        self._session = session
        names = {(each.task_id, each.lease) for each in believed}
        for task_id, held in self._leases.items():
            held.running = (task_id, held.number) in names
        running = tuple(
            protocol.HeldLease(task_id, held.number)
            for task_id, held in self._leases.items()
            if held.running
        )
        status = status_at_sign_on(self._worker, sleep_time=self._wants_sleep())
        goes_on = running and self._worker.status is WorkerStatus.AWAKE
        task_types = tuple(each.strip().lower() for each in changes.pop("task_types"))
        self._answer_call(None)
        self._heard()
        self._change(
            **changes,
            task_types=task_types,
            status=WorkerStatus.AWAKE if goes_on else WorkerStatus.STARTING,
        )
        config = self._services.config
        return protocol.Welcome(
            status_requested=status,
            leases=running,
            heartbeat_seconds=protocol.heartbeat_period(config.worker_timeout, config.task_timeout),
        )

    def _went_to(self, status: WorkerStatus) -> None:
        before = self._worker
        after = after_status_change(before, status)
        self._change(status=after.status, request=after.request)
        if status not in (WorkerStatus.AWAKE, WorkerStatus.TESTING):
            self._return_all(f"worker {before.name} went to {status.value}")

    def _sign_off(self) -> None:
        self._return_all(f"worker {self._worker.name} signed off")
        after = after_sign_off(self._worker)
        self._change(status=after.status, request=after.request)

    @actors.handles(CheckLife)
    def check_life(self, _: CheckLife) -> None:
        self._watching = False
        timeout = self._services.config.worker_timeout
        silent = trio.current_time() - self._last_heard >= timeout - CLOCK_ERROR
        if silent and self._worker.status not in UNWATCHED:
            self._return_all(f"worker {self._worker.name} was silent for {timeout:g} seconds")
            self._hang_up("no sign of life")
            self._change(status=WorkerStatus.ERROR, request=None)
        self._watch_life()
