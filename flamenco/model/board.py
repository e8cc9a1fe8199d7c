"""The scheduler's board: ready tasks on one side, idle workers on the other.

Ready tasks lie in heaps, one for each (task type, worker tag), ordered by job priority, task
priority and age; a worker looks at the tops of the heaps it may serve, a task at the idle workers
that may take it. So a match costs the same however many tasks wait (reference rules §6).
A taken task stays in its heap until it comes to the top and is dropped there.
"""

import heapq
from operator import itemgetter

import attrs

Order = tuple[int, int, int]
"""(-job priority, -task priority, age): what sorts first runs first."""


@attrs.frozen(kw_only=True)
class ReadyTask:
    """A task that could start now."""

    task_id: str
    job_id: str
    type: str
    tag: str | None = None
    """Only workers with this tag may run it; None: any worker."""
    job_priority: int = 50
    priority: int = 50
    excluded: frozenset[str] = frozenset()
    """Ids of workers that may not run it: they failed it, or are blocklisted."""


@attrs.frozen(kw_only=True)
class IdleWorker:
    """A worker with a free slot."""

    worker_id: str
    name: str = ""
    task_types: frozenset[str]
    tags: frozenset[str] = frozenset()


@attrs.frozen
class Match:
    """A task and the worker that is to run it. Both have left the board."""

    task: ReadyTask
    worker: IdleWorker


def may_run(worker: IdleWorker, task: ReadyTask) -> bool:
    """Whether the scheduler may give ``task`` to ``worker``."""
    return (
        task.type in worker.task_types
        and (task.tag is None or task.tag in worker.tags)
        and worker.worker_id not in task.excluded
    )


_Entry = tuple[Order, str]
_Bucket = tuple[str, str | None]


@attrs.define
class Board:
    """Who waits for whom. Every change that can make a match returns it."""

    _ready: dict[str, tuple[Order, ReadyTask]] = attrs.field(factory=dict)
    _heaps: dict[_Bucket, list[_Entry]] = attrs.field(factory=dict)
    _idle: dict[str, IdleWorker] = attrs.field(factory=dict)
    _age: int = 0

    @property
    def waiting(self) -> int:
        """How many tasks wait for a worker."""
        return len(self._ready)

    @property
    def idle(self) -> int:
        """How many workers wait for a task."""
        return len(self._idle)

    def add_task(self, task: ReadyTask) -> Match | None:
        """Put a ready task on the board, in place of what was known of it before."""
        for worker in self._idle.values():
            if may_run(worker, task):
                self.remove_task(task.task_id)
                del self._idle[worker.worker_id]
                return Match(task, worker)
        known = self._ready.get(task.task_id)
        if known is None:
            self._age += 1
        order = (-task.job_priority, -task.priority, known[0][2] if known else self._age)
        self._ready[task.task_id] = (order, task)
        heap = self._heaps.setdefault((task.type, task.tag), [])
        heapq.heappush(heap, (order, task.task_id))
        return None

    def remove_task(self, task_id: str) -> None:
        """Take a task off the board, if it is there."""
        self._ready.pop(task_id, None)

    def add_worker(self, worker: IdleWorker) -> Match | None:
        """Put an idle worker on the board, in place of what was known of it before."""
        self._idle.pop(worker.worker_id, None)
        task = self._best(worker)
        if task is None:
            self._idle[worker.worker_id] = worker
            return None
        self.remove_task(task.task_id)
        return Match(task, worker)

    def remove_worker(self, worker_id: str) -> None:
        """Take a worker off the board, if it is there."""
        self._idle.pop(worker_id, None)

    def _best(self, worker: IdleWorker) -> ReadyTask | None:
        buckets = [
            (task_type, tag)
            for task_type in worker.task_types
            for tag in (None, *worker.tags)
            if (task_type, tag) in self._heaps
        ]
        offers = (self._offer(bucket, worker) for bucket in buckets)
        best = min((offer for offer in offers if offer), default=None, key=itemgetter(0))
        return best[1] if best else None

    def _offer(self, bucket: _Bucket, worker: IdleWorker) -> tuple[Order, ReadyTask] | None:
        """The best task of a bucket that the worker may run, if there is one."""
        heap = self._heaps[bucket]
        skipped: list[_Entry] = []
        offer = None
        while heap and offer is None:
            entry = heap[0]
            known = self._ready.get(entry[1])
            if known is None or known[0] != entry[0] or (known[1].type, known[1].tag) != bucket:
                heapq.heappop(heap)
            elif may_run(worker, known[1]):
                offer = known
            else:
                skipped.append(heapq.heappop(heap))
        for entry in skipped:
            heapq.heappush(heap, entry)
        if not heap:
            del self._heaps[bucket]
        return offer
