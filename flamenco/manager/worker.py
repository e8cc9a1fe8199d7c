"""The actor of one worker: its session and the leases it holds."""

from functools import partial

import actors
from flamenco import protocol
from flamenco.manager.leases import is_over
from flamenco.manager.messages import (
    Announce,
    Connect,
    Disconnected,
    FromWorker,
    LeaseClosed,
    LeaseOpened,
    LeaseReopened,
    LogFollowed,
    OfferSettled,
    Session,
    SignOfLife,
    TaskReport,
)
from flamenco.manager.polling import PolledWorker
from flamenco.manager.workerstate import UNWATCHED, Held
from flamenco.model.specs import Specs
from flamenco.model.statuses import WorkerStatus

NOT_WORKING = (*UNWATCHED, WorkerStatus.ASLEEP)
"""A worker in these statuses has returned its leases, or is about to."""

SIGN_ON_AGAIN = "the Manager has lost the thread, sign on again"


class WorkerActor(PolledWorker):
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
        """A worker opens a session. Of the leases it names, those it really holds go on."""
        hello = message.hello
        welcome = self._sign_on(
            message.session,
            hello.leases,
            name=hello.name,
            address=message.address,
            software=hello.software_version,
            task_types=hello.task_types,
            specs=hello.specs or Specs(),
            can_restart=hello.can_restart,
        )
        self._can_hurry = hello.can_hurry
        for task_id in self._leases:
            self._hurry(task_id)
        return welcome

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
                if status is WorkerStatus.AWAKE:
                    self._assign_what_is_lost()
                self._acknowledge(message)
            case protocol.SignOff():
                self._sign_off()
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

    def _assign_what_is_lost(self) -> None:
        for task_id, held in self._leases.items():
            if not held.running:
                self._assign_again(task_id, held)

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
        if free and self._takes_tasks:
            held.running = True
            self._hand_over(self._services.expand(assign, self._worker))
            self._hurry(assign.task_id)
        else:
            self._return(assign.task_id, held, f"worker {self._worker.name} is not free")
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

    @actors.handles(LogFollowed)
    def log_followed(self, message: LogFollowed) -> None:
        if message.task_id in self._leases:
            self._hurry(message.task_id, always=True)

    def _hurry(self, task_id: str, *, always: bool = False) -> None:
        """Tell the worker that somebody follows the log; that nobody does only ``always``."""
        held, followed = self._leases[task_id], task_id in self._services.viewers
        if self._session is not None and self._can_hurry and held.running and (followed or always):
            hurry = protocol.Hurry(task_id, held.number, followed)
            self.after_commit(self._session.push, hurry)

    @actors.handles(OfferSettled)
    def offer_settled(self, _: OfferSettled) -> None:
        self._stand(settled=True)


def _answer(session: Session, seq: int, refused: str | None) -> None:
    session.push(protocol.Acknowledge(seq, refused))
