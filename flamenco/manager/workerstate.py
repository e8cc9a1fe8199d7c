"""What a worker's actor is made of: its state, and how a change of it leaves the actor."""

from typing import Any

import attrs
import trio

import actors
from flamenco import clock, protocol
from flamenco.manager.announcements import worker_event
from flamenco.manager.messages import (
    AssignAgain,
    CheckLife,
    LeaseReturned,
    Refusal,
    Session,
    WorkerStands,
)
from flamenco.manager.services import JOBS, SCHEDULER, Services
from flamenco.model.board import Candidate, Presence
from flamenco.model.failures import profile
from flamenco.model.statuses import WorkerStatus
from flamenco.model.workers import Worker
from flamenco.store import PutWorker, worker_key

UNWATCHED = (WorkerStatus.OFFLINE, WorkerStatus.ERROR)
"""A worker in these statuses isn't expected to show signs of life."""


@attrs.define
class Held:
    """A lease as its worker's actor knows it."""

    job_id: str
    number: int
    running: bool = False
    """Whether the worker knows that it is to run it."""


class Polls:
    """The session of a worker that polls: it hears of everything at its next call."""

    def push(self, message: protocol.Message) -> None:
        """Nothing is pushed."""

    def close(self, reason: str) -> None:
        """Nothing is open."""


class WorkerState(actors.Actor):
    """Owns a worker's state, restored from its snapshot in every life."""

    replies_with = (Refusal,)
    mailbox = actors.Mailbox(capacity=100_000)

    def __init__(self, services: Services, worker_id: str) -> None:
        self._services = services
        self._id = worker_id
        self._worker: Worker
        self._session: Session | None = None
        self._asking: actors.ReplyLater | None = None  # a call for a task, not answered yet
        self._can_hurry = False
        self._leases: dict[str, Held] = {}  # {task id: lease}
        self._last_heard = trio.current_time()
        self._watching = False
        self._said: tuple[Candidate, Presence] | None = None

    @property
    def snapshot_key(self) -> str:
        return worker_key(self._id)

    def restore(self, snapshot: Any) -> None:
        self._worker = snapshot.worker
        self._leases = {each.task_id: Held(each.job_id, each.number) for each in snapshot.leases}

    def _change(self, **changes: Any) -> None:
        """Record a change of the worker, and what follows from it for the scheduler."""
        before, now = self._worker, clock.now()
        seen = now if self._session is not None else before.last_seen
        updated = now if changes else before.updated
        self._worker = attrs.evolve(before, **changes, last_seen=seen, updated=updated)
        self.record(PutWorker(self._worker))
        if changes:
            self.publish(worker_event(self._worker, before))
        self._leave_waiting()
        self._stand()
        self._watch_life()

    # Signs of life

    def _heard(self) -> None:
        self._last_heard = trio.current_time()

    def _watch_life(self) -> None:
        timeout = self._services.config.worker_timeout
        if timeout and not self._watching and self._worker.status not in UNWATCHED:
            self._watching = True
            silence = trio.current_time() - self._last_heard
            self.after(timeout - silence, CheckLife())

    def _hang_up(self, reason: str) -> None:
        if self._session is not None:
            self.after_commit(self._session.close, reason)
            self._session = None

    # Leases

    def _job(self, held: Held) -> actors.ActorRef | None:
        return self.system.find(f"{JOBS}/{held.job_id}")

    def _tell_job(self, held: Held, message: object) -> None:
        job = self._job(held)
        if job is not None:
            self.tell(job, message)

    def _return(self, task_id: str, held: Held, reason: str) -> None:
        self._tell_job(held, LeaseReturned(task_id, held.number, reason))

    def _return_all(self, reason: str) -> None:
        for task_id, held in self._leases.items():
            self._return(task_id, held, reason)

    def _assign_again(self, task_id: str, held: Held) -> None:
        self._tell_job(held, AssignAgain(task_id, held.number, self._id))

    # Handing out tasks

    @property
    def _takes_tasks(self) -> bool:
        """Whether a task can reach the worker now."""
        if self._session is None or self._worker.status is not WorkerStatus.AWAKE:
            return False
        return self._asking is not None or not isinstance(self._session, Polls)

    def _hand_over(self, assign: protocol.Assign) -> None:
        if self._asking is not None:
            self._answer_call(assign)
        elif self._session is not None:
            self.after_commit(self._session.push, assign)

    def _leave_waiting(self) -> None:
        """Answer a call for a task that can't be had any more, since the worker is to do else."""
        request = self._worker.request
        if request is not None or self._worker.status is not WorkerStatus.AWAKE:
            self._answer_call(request.status if request else None)

    def _answer_call(self, answer: protocol.Assign | WorkerStatus | None) -> None:
        if self._asking is not None:
            later, self._asking = self._asking, None
            later(answer)

    # What the scheduler knows

    def _stand(self, *, settled: bool = False, begins: bool = False) -> None:
        """Tell the scheduler what this worker could do with a task, if that changed.

        One that registered and never came is nobody to wait for.
        """
        worker = self._worker
        if worker.last_seen is None or worker.deleted_at:
            return
        stands = (Candidate(worker.id, worker.name, profile(worker)), self._presence())
        scheduler = self.system.find(SCHEDULER)
        if scheduler is None or (stands == self._said and not settled):
            return
        self._said = stands
        self.tell(
            scheduler,
            WorkerStands(
                candidate=stands[0],
                presence=stands[1],
                settled=settled,
                begins=begins,
            ),
        )

    def _presence(self) -> Presence:
        worker = self._worker
        if self._session is None:
            return Presence.AWAY
        if worker.status is WorkerStatus.ASLEEP:
            return Presence.ASLEEP
        if worker.request is not None or worker.status is not WorkerStatus.AWAKE:
            return Presence.LEAVING
        if self._leases:
            return Presence.BUSY
        if isinstance(self._session, Polls):
            return Presence.ASKING if self._asking else Presence.POLLING
        return Presence.IDLE
