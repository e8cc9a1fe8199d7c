"""The actor of one worker: its session and the leases it holds."""

from functools import partial

import trio

import actors
from flamenco import protocol
from flamenco.manager.leases import is_over
from flamenco.manager.messages import (
    Announce,
    AssignAgain,
    CheckLife,
    Connect,
    Disconnected,
    FromWorker,
    LeaseClosed,
    LeaseOpened,
    LeaseReopened,
    OfferSettled,
    Session,
    SignOfLife,
    TaskReport,
)
from flamenco.manager.workerrequests import WorkerRequests
from flamenco.manager.workerstate import UNWATCHED, Held
from flamenco.model.specs import Specs
from flamenco.model.statuses import WorkerStatus
from flamenco.model.workers import after_sign_off, after_status_change, status_at_sign_on

NOT_WORKING = (*UNWATCHED, WorkerStatus.ASLEEP)
"""A worker in these statuses has returned its leases, or is about to."""

CLOCK_ERROR = 0.001
"""A timer may come so many seconds early, by the rounding of sums."""

SIGN_ON_AGAIN = "the Manager has lost the thread, sign on again"


class WorkerActor(WorkerRequests):
    """Owns a worker: talks with it, and holds its leases."""

    async def started(self) -> None:
        self._watch_life()
        self._await_schedule()
        self._stand(begins=True)

    @actors.handles(Announce)
    def announce(self, _: Announce) -> None:
        self._stand(settled=True)

    # Sessions

    @actors.handles(Connect)
    def connect(self, message: Connect) -> protocol.Welcome:
        """A worker signs on. Of the leases it names, those it really holds go on."""
        hello = message.hello
        if self._session is not None:
            self._session.close("the worker opened another session")
        self._session = message.session
        believed = {(each.task_id, each.lease) for each in hello.leases}
        for task_id, held in self._leases.items():
            held.running = (task_id, held.number) in believed
        running = [
            protocol.HeldLease(id_, held.number)
            for id_, held in self._leases.items()
            if held.running
        ]
        status = status_at_sign_on(self._worker, sleep_time=self._wants_sleep())
        goes_on = running and self._worker.status is WorkerStatus.AWAKE
        self._heard()
        self._change(
            name=hello.name,
            address=message.address,
            software=hello.software_version,
            task_types=tuple(each.strip().lower() for each in hello.task_types),
            specs=hello.specs or Specs(),
            can_restart=hello.can_restart,
            status=WorkerStatus.AWAKE if goes_on else WorkerStatus.STARTING,
        )
        return protocol.Welcome(status_requested=status, leases=tuple(running))

    @actors.handles(Disconnected)
    def disconnected(self, message: Disconnected) -> None:
        if message.session is self._session:
            self._session = None
            self._stand()

    @actors.handles(FromWorker)
    def from_worker(self, message: FromWorker) -> None:
        """A message of the session. One that isn't known is of an earlier life: begin again."""
        if message.session is not self._session:
            message.session.close(SIGN_ON_AGAIN)
            return
        self._heard()
        match message.message:
            case protocol.Report() as report:
                self._pass_on(report, message.seq or 0, message.session)
            case protocol.Heartbeat(leases):
                self._beat(leases)
            case protocol.StateChanged(status):
                self._went_to(status)
                self._acknowledge(message)
            case protocol.SignOff():
                self._return_all(f"worker {self._worker.name} signed off")
                after = after_sign_off(self._worker)
                self._change(status=after.status, request=after.request)
                self._acknowledge(message)

    def _beat(self, leases: tuple[protocol.HeldLease, ...]) -> None:
        self._change()
        for each in leases:
            if each.task_id in self._leases:
                self._tell_job(self._leases[each.task_id], SignOfLife(each.task_id, each.lease))

    def _pass_on(self, report: protocol.Report, seq: int, session: Session) -> None:
        answer = partial(_answer, session, seq)
        held = self._leases.get(report.task_id)
        if held is None or self._job(held) is None:
            self._services.counters.stale_reports += 1
            self.after_commit(answer, is_over(report.task_id, report.lease))
            return
        message = TaskReport(worker=self._worker, report=report, seq=seq, answer=answer)
        self._tell_job(held, message)

    def _acknowledge(self, message: FromWorker) -> None:
        if message.seq is not None:
            self.after_commit(message.session.push, protocol.Acknowledge(message.seq))

    def _went_to(self, status: WorkerStatus) -> None:
        before = self._worker
        after = after_status_change(before, status)
        self._change(status=after.status, request=after.request)
        if status is WorkerStatus.AWAKE:
            for task_id, held in self._leases.items():
                if not held.running:
                    self._tell_job(held, AssignAgain(task_id, held.number, self._id))
        elif status is not WorkerStatus.TESTING:
            self._return_all(f"worker {before.name} went to {status.value}")

    # Signs of life

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

    # Leases

    @actors.handles(LeaseOpened)
    def lease_opened(self, message: LeaseOpened) -> None:
        assign = message.assign
        known = self._leases.get(assign.task_id)
        if known is None or known.number != assign.lease:
            free = not self._leases
            held = self._leases[assign.task_id] = Held(assign.job_id, assign.lease)
        else:
            free, held = True, known
        if not free or self._session is None or self._worker.status is not WorkerStatus.AWAKE:
            self._return(assign.task_id, held, f"worker {self._worker.name} is not free")
        else:
            held.running = True
            expanded = self._services.expand(assign, self._worker)
            self.after_commit(self._session.push, expanded)
        self._stand(settled=True)

    @actors.handles(LeaseReopened)
    def lease_reopened(self, message: LeaseReopened) -> None:
        """The job lost its thread: what the worker said meanwhile, it is to say again."""
        known = self._leases.get(message.task_id)
        if known is None or known.number != message.lease:
            known = self._leases[message.task_id] = Held(message.job.name, message.lease)
        if self._worker.status in NOT_WORKING:
            self._return(message.task_id, known, f"worker {self._worker.name} does not work")
        self._hang_up(SIGN_ON_AGAIN)
        self._stand()

    @actors.handles(LeaseClosed)
    def lease_closed(self, message: LeaseClosed) -> None:
        held = self._leases.get(message.task_id)
        if held is None or held.number != message.lease:
            return
        del self._leases[message.task_id]
        if message.revoke and self._session is not None:
            revoke = protocol.Revoke(message.task_id, message.lease, message.revoke)
            self.after_commit(self._session.push, revoke)
        self._stand()

    @actors.handles(OfferSettled)
    def offer_settled(self, _: OfferSettled) -> None:
        self._stand(settled=True)


def _answer(session: Session, seq: int, refused: str | None) -> None:
    session.push(protocol.Acknowledge(seq, refused))
