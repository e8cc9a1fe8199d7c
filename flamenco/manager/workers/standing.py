"""Standing: the readiness of a worker, as told to the scheduler."""

import attrs

import actors
from flamenco.manager.scheduling.messages import WorkerGone, WorkerStands
from flamenco.manager.services import SCHEDULER
from flamenco.manager.workers.links import Link
from flamenco.model.board import Candidate, Presence
from flamenco.model.failures import profile
from flamenco.model.statuses import WorkerStatus
from flamenco.model.workers import Worker


@attrs.define(eq=False)
class Standing:
    """The teller, which tells the scheduler about changes only."""

    _actor: actors.Actor
    _told: tuple[Candidate, Presence] | None = None

    def tell(self, worker: Worker, presence: Presence, *, settled: bool, begins: bool) -> None:
        """Tell the worker's readiness, unless it registered and never came.

        ``settled`` and ``begins`` are those of `WorkerStands`.
        """
        if worker.last_seen is None or worker.deleted_at:
            return
        stands = (Candidate(worker.id, worker.name, profile(worker)), presence)
        scheduler = self._actor.system.find(SCHEDULER)
        if scheduler is None or (stands == self._told and not settled):
            return
        self._told = stands
        message = WorkerStands(
            candidate=stands[0], presence=presence, settled=settled, begins=begins
        )
        self._actor.tell(scheduler, message)

    def gone(self, worker_id: str) -> None:
        """Tell that the worker was deleted."""
        scheduler = self._actor.system.find(SCHEDULER)
        if scheduler is not None:
            self._actor.tell(scheduler, WorkerGone(worker_id))


def presence_of(worker: Worker, link: Link | None, *, busy: bool) -> Presence:
    """A worker's readiness, by its link, its status and the presence of a lease."""
    if link is None:
        return Presence.AWAY
    if worker.status is WorkerStatus.ASLEEP or worker.awaits_approval:
        return Presence.ASLEEP
    if worker.request is not None or worker.status is not WorkerStatus.AWAKE:
        return Presence.LEAVING
    return Presence.BUSY if busy else link.presence
