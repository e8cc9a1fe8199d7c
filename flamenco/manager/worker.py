"""The actor of one worker: its status, its session and the leases it holds."""

from typing import Any

import attrs
import trio

import actors
from flamenco import clock, protocol
from flamenco.manager.announcements import worker_event
from flamenco.manager.messages import (
    Announce,
    CheckLife,
    Connect,
    Disconnected,
    FromWorker,
    LeaseClosed,
    LeaseOpened,
    LeaseReturned,
    NotAllowed,
    OfferRefused,
    Refusal,
    RequestWorkerStatus,
    Session,
    SignOfLife,
    TaskReport,
    WorkerBusy,
    WorkerIdle,
)
from flamenco.manager.services import SCHEDULER, Services
from flamenco.model.board import IdleWorker
from flamenco.model.statuses import WORKER_REQUESTS, WorkerStatus
from flamenco.model.workers import (
    StatusRequest,
    Worker,
    after_sign_off,
    after_status_change,
    status_at_sign_on,
)
from flamenco.store import PutWorker, worker_key

UNWATCHED = (WorkerStatus.OFFLINE, WorkerStatus.ERROR)
"""A worker in these statuses isn't expected to show signs of life."""


@attrs.frozen
class Held:
    """A lease as its worker's actor knows it."""

    job: actors.ActorRef
    number: int


class WorkerActor(actors.Actor):
    """Owns a worker. Restored from its snapshot in every life."""

    replies_with = (Refusal,)
    mailbox = actors.Mailbox(capacity=100_000)

    def __init__(self, services: Services, worker_id: str) -> None:
        self._services = services
        self._id = worker_id
        self._worker: Worker
        self._session: Session | None = None
        self._leases: dict[str, Held] = {}  # {task id: lease}
        self._last_heard = trio.current_time()
        self._watching = False
        self._on_board = False

    # Life cycle

    @property
    def snapshot_key(self) -> str:
        return worker_key(self._id)

    def restore(self, snapshot: Any) -> None:
        self._worker = snapshot

    async def started(self) -> None:
        self._watch_life()

    @actors.handles(Announce)
    def announce(self, _: Announce) -> None:
        self._on_board = False
        self._offer_itself()

    # Sessions

    @actors.handles(Connect)
    def connect(self, message: Connect) -> protocol.Welcome:
        """A worker signs on. Of the leases it names, those it really holds go on."""
        hello = message.hello
        if self._session is not None:
            self._session.close("the worker opened another session")
        self._session = message.session
        believed = {(each.task_id, each.lease) for each in hello.leases}
        for task_id, held in tuple(self._leases.items()):
            if (task_id, held.number) not in believed:
                self._return(task_id, held, "its worker doesn't run it any more")
        status = status_at_sign_on(self._worker)
        self._heard()
        self._change(
            name=hello.name,
            address=message.address,
            software=hello.software_version,
            task_types=tuple(each.strip().lower() for each in hello.task_types),
            can_restart=hello.can_restart,
            status=self._worker.status if self._leases else WorkerStatus.STARTING,
        )
        leases = tuple(protocol.HeldLease(id_, held.number) for id_, held in self._leases.items())
        return protocol.Welcome(status_requested=status, leases=leases)

    @actors.handles(Disconnected)
    def disconnected(self, message: Disconnected) -> None:
        if message.session is self._session:
            self._session = None
            self._offer_itself()

    @actors.handles(FromWorker)
    def from_worker(self, message: FromWorker) -> None:
        """A message of the session; one of a session that was replaced doesn't count."""
        if message.session is not self._session:
            return
        self._heard()
        match message.message:
            case protocol.Report() as report:
                self._pass_on(report, message.seq or 0, message.session)
            case protocol.Heartbeat(leases):
                self._change()
                for each in leases:
                    if each.task_id in self._leases:
                        job = self._leases[each.task_id].job
                        self.tell(job, SignOfLife(each.task_id, each.lease))
            case protocol.StateChanged(status):
                self._went_to(status)
                self._acknowledge(message)
            case protocol.SignOff():
                self._signed_off()
                self._acknowledge(message)

    def _pass_on(self, report: protocol.Report, seq: int, session: Session) -> None:
        def answer(refused: str | None) -> None:
            session.push(protocol.Acknowledge(seq, refused))

        held = self._leases.get(report.task_id)
        if held is None:
            reason = f"lease {report.lease} of task {report.task_id} is over"
            self.after_commit(answer, reason)
            return
        message = TaskReport(worker=self._worker, report=report, seq=seq, answer=answer)
        self.tell(held.job, message)

    def _acknowledge(self, message: FromWorker) -> None:
        if message.seq is not None:
            self.after_commit(message.session.push, protocol.Acknowledge(message.seq))

    # Signs of life

    def _heard(self) -> None:
        self._last_heard = trio.current_time()

    def _watch_life(self) -> None:
        timeout = self._services.config.worker_timeout
        if timeout and not self._watching and self._worker.status not in UNWATCHED:
            self._watching = True
            silence = trio.current_time() - self._last_heard
            self.after(timeout - silence, CheckLife())

    @actors.handles(CheckLife)
    def check_life(self, _: CheckLife) -> None:
        self._watching = False
        timeout = self._services.config.worker_timeout
        silent = trio.current_time() - self._last_heard >= timeout
        if silent and self._worker.status not in UNWATCHED:
            self._return_all(f"worker {self._worker.name} was silent for {timeout:g} seconds")
            if self._session is not None:
                self._session.close("no sign of life")
                self._session = None
            self._change(status=WorkerStatus.ERROR, request=None)
        self._watch_life()

    # Leases

    @actors.handles(LeaseOpened)
    def lease_opened(self, message: LeaseOpened) -> None:
        self._on_board = False
        held = Held(message.job, message.lease)
        self._leases[message.task_id] = held
        if message.assign is None:
            return
        if self._session is None or self._worker.status is not WorkerStatus.AWAKE:
            self._return(message.task_id, held, f"worker {self._worker.name} is not there")
            return
        self.after_commit(self._session.push, self._services.expand(message.assign, self._worker))

    @actors.handles(LeaseClosed)
    def lease_closed(self, message: LeaseClosed) -> None:
        held = self._leases.get(message.task_id)
        if held is None or held.number != message.lease:
            return
        del self._leases[message.task_id]
        if message.revoke and self._session is not None:
            revoke = protocol.Revoke(message.task_id, message.lease, message.revoke)
            self.after_commit(self._session.push, revoke)
        self._offer_itself()

    @actors.handles(OfferRefused)
    def offer_refused(self, _: OfferRefused) -> None:
        self._on_board = False
        self._offer_itself()

    def _return(self, task_id: str, held: Held, reason: str) -> None:
        self.tell(held.job, LeaseReturned(task_id, held.number, reason))

    def _return_all(self, reason: str) -> None:
        for task_id, held in self._leases.items():
            self._return(task_id, held, reason)

    # Status

    @actors.handles(RequestWorkerStatus)
    def request_status(self, message: RequestWorkerStatus) -> None:
        status, worker = message.status, self._worker
        if status not in WORKER_REQUESTS:
            expected = ", ".join(sorted(WORKER_REQUESTS))
            raise NotAllowed(f"a worker can be asked for {expected}, not {status.value}")
        if status is WorkerStatus.RESTART and not worker.can_restart:
            raise NotAllowed(f"worker {worker.name} can't restart itself")
        pending = None if status is worker.status else StatusRequest(status, message.lazy)
        self._change(request=pending)
        if self._session is not None:
            request = protocol.RequestStatus(status, message.lazy)
            self.after_commit(self._session.push, request)

    def _went_to(self, status: WorkerStatus) -> None:
        before = self._worker
        if before.status is WorkerStatus.AWAKE and status is not WorkerStatus.AWAKE:
            self._return_all(f"worker {before.name} went to {status.value}")
        after = after_status_change(before, status)
        self._change(status=after.status, request=after.request)

    def _signed_off(self) -> None:
        self._return_all(f"worker {self._worker.name} signed off")
        after = after_sign_off(self._worker)
        self._change(status=after.status, request=after.request)

    def _change(self, **changes: Any) -> None:
        """Record a change of the worker, and what follows from it for the scheduler."""
        before, now = self._worker, clock.now()
        seen = now if self._session is not None else before.last_seen
        updated = now if changes else before.updated
        self._worker = attrs.evolve(before, **changes, last_seen=seen, updated=updated)
        self.record(PutWorker(self._worker))
        if changes:
            self.publish(worker_event(self._worker, before))
        self._offer_itself()
        self._watch_life()

    def _offer_itself(self) -> None:
        """Be on the scheduler's board exactly while a task could start here."""
        worker = self._worker
        idle = (
            self._session is not None
            and worker.status is WorkerStatus.AWAKE
            and worker.request is None
            and not self._leases
        )
        scheduler = self.system.find(SCHEDULER)
        if scheduler is None or idle == self._on_board:
            return
        self._on_board = idle
        if idle:
            offer = IdleWorker(
                worker_id=worker.id,
                name=worker.name,
                task_types=frozenset(worker.task_types),
                tags=frozenset(worker.tags),
            )
            self.tell(scheduler, WorkerIdle(self.ref, offer))
        else:
            self.tell(scheduler, WorkerBusy(worker.id))
