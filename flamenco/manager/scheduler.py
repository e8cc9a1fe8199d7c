"""The scheduler: puts ready tasks and idle workers together, and pushes the match."""

import actors
from flamenco.manager.messages import (
    Announce,
    Offer,
    TasksGone,
    TasksReady,
    WorkerBusy,
    WorkerIdle,
)
from flamenco.manager.services import JOBS, WORKERS
from flamenco.model.board import Board, Match


class Scheduler(actors.Actor):
    """Keeps the board. It has no snapshot: a new one asks everybody to announce themselves."""

    mailbox = actors.Mailbox(capacity=1_000_000)

    def __init__(self) -> None:
        self._board = Board()
        self._jobs: dict[str, actors.ActorRef] = {}
        self._workers: dict[str, actors.ActorRef] = {}

    async def started(self) -> None:
        for path in (WORKERS, JOBS):
            everybody = self.system.find(path)
            if everybody is not None:
                self.tell(everybody, Announce())

    @actors.handles(TasksReady)
    def tasks_ready(self, message: TasksReady) -> None:
        for task in message.tasks:
            self._jobs[task.job_id] = message.job
            self._push(self._board.add_task(task))

    @actors.handles(TasksGone)
    def tasks_gone(self, message: TasksGone) -> None:
        for task_id in message.task_ids:
            self._board.remove_task(task_id)

    @actors.handles(WorkerIdle)
    def worker_idle(self, message: WorkerIdle) -> None:
        self._workers[message.idle.worker_id] = message.worker
        self._push(self._board.add_worker(message.idle))

    @actors.handles(WorkerBusy)
    def worker_busy(self, message: WorkerBusy) -> None:
        self._board.remove_worker(message.worker_id)
        self._workers.pop(message.worker_id, None)

    def _push(self, match: Match | None) -> None:
        if match is not None:
            worker = self._workers[match.worker.worker_id]
            offer = Offer(match.task.task_id, match.worker, worker)
            self.tell(self._jobs[match.task.job_id], offer)
