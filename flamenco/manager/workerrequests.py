"""What people, and the clock, ask of a worker."""

import actors
from flamenco import clock, protocol
from flamenco.manager.messages import FollowSchedule, NotAllowed, TagGone, WorkerGone
from flamenco.manager.requests import (
    DeleteWorker,
    RequestWorkerStatus,
    SetSchedule,
    SetWorkerTags,
)
from flamenco.manager.services import SCHEDULER
from flamenco.manager.workerstate import WorkerState
from flamenco.model.schedules import local_zone, next_change, wants_sleep
from flamenco.model.statuses import WORKER_REQUESTS, WorkerStatus
from flamenco.model.workers import StatusRequest, scheduled_request


class WorkerRequests(WorkerState):
    """Carries out what is allowed, and refuses the rest with a sentence."""

    _wake_up: actors.Timer | None = None

    @actors.handles(RequestWorkerStatus)
    def request_status(self, message: RequestWorkerStatus) -> None:
        status, worker = message.status, self._worker
        if status not in WORKER_REQUESTS:
            expected = ", ".join(sorted(WORKER_REQUESTS))
            raise NotAllowed(f"a worker can be asked for {expected}, not {status.value}")
        if status is WorkerStatus.RESTART and not worker.can_restart:
            raise NotAllowed(f"worker {worker.name} can't restart itself")
        self._request(None if status is worker.status else StatusRequest(status, message.lazy))
        if self._worker.request is None and self._session is not None:
            called_off = protocol.RequestStatus(status, message.lazy)
            self.after_commit(self._session.push, called_off)

    def _request(self, request: StatusRequest | None) -> None:
        self._change(request=request)
        if request is not None and self._session is not None:
            push = protocol.RequestStatus(request.status, request.lazy)
            self.after_commit(self._session.push, push)

    @actors.handles(SetWorkerTags)
    async def set_tags(self, message: SetWorkerTags) -> None:
        """Which tags there are is seen here: of one that goes later, this actor is told."""
        known = {tag.id for tag in await self._services.reader.tags()}
        self._change(tags=tuple(sorted(known.intersection(message.tag_ids))))

    @actors.handles(TagGone)
    def tag_gone(self, message: TagGone) -> None:
        if message.tag_id in self._worker.tags:
            self._change(tags=tuple(tag for tag in self._worker.tags if tag != message.tag_id))

    @actors.handles(DeleteWorker)
    def delete(self, message: DeleteWorker) -> None:
        since = message.unchanged_since
        if since is not None and self._worker.updated > since:
            raise NotAllowed(f"worker {self._worker.name} has changed meanwhile")
        self._return_all(f"worker {self._worker.name} was deleted")
        self._change(deleted_at=clock.now(), status=WorkerStatus.OFFLINE, request=None)
        self._hang_up("the worker was deleted")
        scheduler = self.system.find(SCHEDULER)
        if scheduler is not None:
            self.tell(scheduler, WorkerGone(self._id))
        self.stop()

    # Sleep schedule

    @actors.handles(SetSchedule)
    def set_schedule(self, message: SetSchedule) -> None:
        """Applied at once: whatever was asked of the worker before is overruled."""
        self._change(schedule=message.schedule)
        self._follow_schedule()

    @actors.handles(FollowSchedule)
    def follow_schedule(self, _: FollowSchedule) -> None:
        self._follow_schedule()

    def _wants_sleep(self) -> bool:
        schedule = self._worker.schedule
        return schedule is not None and wants_sleep(schedule, clock.now(), local_zone())

    def _follow_schedule(self) -> None:
        """Ask for what the schedule wants now, and come back when that changes."""
        schedule = self._worker.schedule
        if schedule is None or not schedule.is_active:
            self._change(schedule_due=None)
        else:
            wanted = WorkerStatus.ASLEEP if self._wants_sleep() else WorkerStatus.AWAKE
            request = scheduled_request(self._worker, wanted)
            if request is not None:
                self._request(request)
            self._change(schedule_due=next_change(schedule, clock.now(), local_zone()))
        self._await_schedule()

    def _await_schedule(self) -> None:
        if self._wake_up is not None:
            self._wake_up.cancel()
            self._wake_up = None
        due = self._worker.schedule_due
        if due is not None:
            seconds = (due - clock.now()).total_seconds()
            self._wake_up = self.after(max(seconds, 0.0), FollowSchedule())
