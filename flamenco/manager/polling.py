"""A worker that polls over HTTP, as Flamenco 3's do (reference rules §7 and §15).

To the rest of the farm it is a worker like one with a session, but that nothing can be pushed to
it. So it takes a task only while its call for one is open: the scheduler then has one for it, or
tells that there is nothing. Between its calls the scheduler has no idle worker in it, and no task
waits for its next call while somebody else could start. It names no leases: what it says of a task
counts for the lease that it holds.
"""

import attrs

import actors
from flamenco import clock
from flamenco.manager.calls import (
    AskForTask,
    AskStatus,
    ChangeStatus,
    FindLease,
    HeldBy,
    MayRun,
    NothingToDo,
    Permission,
    Seen,
    SignOff,
    SignOn,
)
from flamenco.manager.messages import Conflict, SignOfLife
from flamenco.manager.workerlife import WorkerLife
from flamenco.manager.workerstate import Polls
from flamenco.model.statuses import WorkerStatus
from flamenco.model.workers import status_at_sign_on

SEEN_SECONDS = 10.0
"""`last_seen` may lag so far behind, so that not every call is a commit."""


class PolledWorker(WorkerLife):
    """Answers the calls of a worker."""

    def _called(self) -> None:
        """It made a call, without signing on anew if the Manager was restarted meanwhile."""
        self._heard()
        if self._session is None:
            self._session = Polls()
            self._stand()
        seen = self._worker.last_seen
        if seen is None or (clock.now() - seen).total_seconds() >= SEEN_SECONDS:
            self._change()

    @actors.handles(Seen)
    def seen(self, _: Seen) -> None:
        self._heard()

    @actors.handles(SignOn)
    def sign_on(self, message: SignOn) -> WorkerStatus:
        specs = self._worker.specs
        if message.capabilities is not None:
            specs = attrs.evolve(specs, capabilities=message.capabilities)
        welcome = self._sign_on(
            Polls(),
            (),
            name=message.name,
            address=message.address,
            software=message.software,
            task_types=message.task_types,
            specs=specs,
            can_restart=message.can_restart,
        )
        return welcome.status_requested

    @actors.handles(SignOff)
    def sign_off(self, _: SignOff) -> None:
        self._called()
        self._sign_off()
        self._hang_up("the worker signed off")

    @actors.handles(AskStatus)
    def ask_status(self, _: AskStatus) -> WorkerStatus | None:
        self._called()
        return self._wanted_status()

    def _wanted_status(self) -> WorkerStatus | None:
        """The status that it is to go to. One that was given up, and calls again, is to come back:

        Flamenco 3's would ask on and on, and never sign on by itself.
        """
        worker = self._worker
        if worker.status is WorkerStatus.ERROR:
            return status_at_sign_on(worker, sleep_time=self._wants_sleep())
        return worker.request.status if worker.request else None

    @actors.handles(ChangeStatus)
    def change_status(self, message: ChangeStatus) -> None:
        self._called()
        self._went_to(message.status)

    # Tasks

    @actors.handles(AskForTask)
    def ask_for_task(self, _: AskForTask) -> WorkerStatus | None:
        """A task that it holds already it gets again (reference rules §6)."""
        self._called()
        worker, wanted = self._worker, self._wanted_status()
        if wanted is not None:
            return wanted
        if worker.status is not WorkerStatus.AWAKE:
            raise Conflict(f"worker {worker.name} is {worker.status.value}, not awake")
        if not isinstance(self._session, Polls):
            raise Conflict(f"worker {worker.name} has a session, in which it gets its tasks")
        self._answer_call(None)
        self._asking = self.defer_reply()
        for task_id, held in self._leases.items():
            self._assign_again(task_id, held)
        self._stand()
        return None

    @actors.handles(NothingToDo)
    def nothing_to_do(self, _: NothingToDo) -> None:
        self._answer_call(None)
        self._stand()

    @actors.handles(MayRun)
    def may_run(self, message: MayRun) -> Permission:
        """A lazy request does not interrupt (reference api §4)."""
        self._called()
        request, held = self._worker.request, self._leases.get(message.task_id)
        if request is not None and not request.lazy:
            return Permission.STATUS_REQUESTED
        if held is None:
            return Permission.NOT_HELD
        self._tell_job(held, SignOfLife(message.task_id, held.number))
        return Permission.GRANTED

    @actors.handles(FindLease)
    def find_lease(self, message: FindLease) -> HeldBy | None:
        self._called()
        held = self._leases.get(message.task_id)
        job = self._job(held) if held else None
        if held is None or job is None:
            self._services.counters.stale_reports += 1
            return None
        return HeldBy(job, held.number)
