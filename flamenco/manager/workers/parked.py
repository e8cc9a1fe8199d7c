"""The stand-in for a worker that is parked."""

import attrs

import actors
from flamenco import clock
from flamenco.manager.events import worker_event
from flamenco.manager.jobs.messages import LeaseReturned
from flamenco.manager.parking import TryAgain
from flamenco.manager.refusals import NotWhileParked, Refusal
from flamenco.manager.scheduling.messages import WorkerGone
from flamenco.manager.services import JOBS, SCHEDULER, Services
from flamenco.manager.workers.messages import (
    FromWorker,
    LeaseOpened,
    LeaseReopened,
    RemoveWorker,
    WorkerTried,
)
from flamenco.model.parking import Parked, ParkedKind
from flamenco.store import DeleteParked, MarkWorkerDeleted, PutParked


class ParkedWorker(actors.Actor):
    """The stand-in, which hands back the worker's leases, and refuses its sessions and calls."""

    replies_with = (Refusal,)
    mailbox = actors.Mailbox(capacity=100_000)

    def __init__(self, services: Services, worker_id: str, reason: str, *, begins: bool) -> None:
        self._services = services
        self._id = worker_id
        self._reason = reason
        self._begins = begins

    async def started(self) -> None:
        """Let the jobs end the worker's leases, as if it had been deleted."""
        for path in (SCHEDULER, JOBS):
            concerned = self.system.find(path)
            if concerned is not None:
                self.tell(concerned, WorkerGone(self._id))
        if self._begins:
            now = clock.now()
            self.record(PutParked(ParkedKind.WORKER, self._id, self._reason, now))
            await self._publish(Parked(self._reason, now))

    async def _publish(self, parked: Parked | None) -> None:
        shown = await self._services.reader.shown_worker(self._id)
        if shown is not None:
            self.publish(worker_event(shown.item, shown.item, parked=parked))

    @property
    def _refusal(self) -> NotWhileParked:
        return NotWhileParked(f"worker {self._id}", self._reason)

    @actors.handles(actors.Request)
    def refuse(self, _: actors.Request[object]) -> None:
        """Refuse a request with the reason."""
        raise self._refusal

    @actors.handles(TryAgain)
    async def try_again(self, _: TryAgain) -> None:
        """End, so that the supervisor starts the worker's own actor."""
        self.record(DeleteParked(ParkedKind.WORKER, self._id))
        if self.parent is not None:
            self.tell(self.parent, WorkerTried(self._id))
        await self._publish(None)
        self.after_commit(self.stop)

    @actors.handles(RemoveWorker)
    async def remove(self, message: RemoveWorker) -> None:
        """Forget the worker, as far as it can be read."""
        if message.unchanged_since is not None:  # who asks for that does not mean this one
            raise self._refusal
        shown, now = await self._services.reader.shown_worker(self._id), clock.now()
        self.record(MarkWorkerDeleted(self._id, now))
        self._services.names.drop(self._id)
        if shown is not None:
            self.publish(worker_event(attrs.evolve(shown.item, deleted_at=now), shown.item))
        self.after_commit(self.stop)

    @actors.handles(FromWorker)
    def from_worker(self, message: FromWorker) -> None:
        """Close a session from the last life of its actor."""
        message.session.close(str(self._refusal))

    @actors.handles(LeaseOpened)
    def lease_opened(self, message: LeaseOpened) -> None:
        """Give the task back."""
        assign = message.assign
        self.tell(message.job, LeaseReturned(assign.task_id, assign.lease, str(self._refusal)))

    @actors.handles(LeaseReopened)
    def lease_reopened(self, message: LeaseReopened) -> None:
        """Give the task back."""
        returned = LeaseReturned(message.task_id, message.lease, str(self._refusal))
        self.tell(message.job, returned)

    @actors.handles(object)
    def ignore(self, _: object) -> None:
        """Ignore other messages, which are meant for a live worker."""
