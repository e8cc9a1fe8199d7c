"""The scheduler: puts lanes of ready tasks and idle workers together, and pushes the matches."""

import actors
from flamenco.manager.asking import tell_worker
from flamenco.manager.jobs.messages import WorkerForgot, WorkerOffered
from flamenco.manager.scheduling.messages import (
    Announce,
    Explain,
    JobBegins,
    LaneChanged,
    WorkerGone,
    WorkerStands,
)
from flamenco.manager.services import JOBS, WORKERS
from flamenco.manager.workers.messages import NothingToDo, WorkerReleased
from flamenco.model.board import TAKE_TASKS, Board, Match, Presence
from flamenco.model.waiting import why_waiting


class Scheduler(actors.Actor):
    """The keeper of the board. It has no snapshot: a new one asks everybody for announcements."""

    mailbox = actors.Mailbox(capacity=1_000_000)

    def __init__(self) -> None:
        self._board = Board()
        self._jobs: dict[str, tuple[actors.ActorRef, int]] = {}  # {id: job, its last telling}
        self._offered: dict[str, str] = {}  # {worker id: id of the job that was offered it}

    async def started(self) -> None:
        """Ask all jobs and workers to announce themselves."""
        for path in (WORKERS, JOBS):
            everybody = self.system.find(path)
            if everybody is not None:
                self.tell(everybody, Announce())

    @actors.handles(LaneChanged)
    def lane_changed(self, message: LaneChanged) -> None:
        """Change a lane, and push the matches that this makes."""
        job_id, told = message.lane.job_id, (message.job, message.telling)
        if self._jobs.get(job_id) != told:
            self._forget(job_id)
            self._jobs[job_id] = told
        for match in self._board.change_lane(
            message.lane, message.job_priority, message.made, message.more, message.place
        ):
            self._push(match)

    @actors.handles(JobBegins)
    def job_begins(self, message: JobBegins) -> None:
        """Forget what the job told before."""
        self._forget(message.job_id)

    def _forget(self, job_id: str) -> None:
        self._board.drop_job(job_id)
        self._jobs.pop(job_id, None)
        for worker_id in [id_ for id_, job in self._offered.items() if job == job_id]:
            tell_worker(self, worker_id, WorkerReleased())

    @actors.handles(WorkerStands)
    def worker_stands(self, message: WorkerStands) -> None:
        """Update the worker's readiness, and push the match that this makes."""
        worker_id, presence = message.candidate.worker_id, message.presence
        if message.settled:
            self._offered.pop(worker_id, None)
        elif worker_id in self._offered:
            if message.begins and not self._tell_offered_job(worker_id, WorkerForgot(worker_id)):
                del self._offered[worker_id]
            elif presence in TAKE_TASKS:
                presence = Presence.BUSY
        match = self._board.put_worker(message.candidate, presence)
        if match is None and presence is Presence.ASKING:
            tell_worker(self, worker_id, NothingToDo())
        self._push(match)

    @actors.handles(WorkerGone)
    def worker_gone(self, message: WorkerGone) -> None:
        """Forget the worker, and tell the job that it was offered to."""
        self._board.remove_worker(message.worker_id)
        if message.worker_id in self._offered:
            self._tell_offered_job(message.worker_id, message)
            del self._offered[message.worker_id]

    def _tell_offered_job(self, worker_id: str, message: WorkerForgot | WorkerGone) -> bool:
        """Tell the job that was offered a worker, which gets it after the offer.

        False if the offer is void, since the job has begun anew.
        """
        known = self._jobs.get(self._offered[worker_id])
        if known is not None:
            self.tell(known[0], message)
        return known is not None

    @actors.handles(Explain)
    def explain(self, message: Explain) -> str:
        """Say why a task of a kind waits."""
        return why_waiting(message.kind, message.tag, self._board.workers, message.gone)

    def _push(self, match: Match | None) -> None:
        if match is None:
            return
        job_id, worker_id = match.lane.job_id, match.worker.worker_id
        self._offered[worker_id] = job_id
        job, telling = self._jobs[job_id]
        self.tell(job, WorkerOffered(match.lane, telling, match.worker, match.why))
