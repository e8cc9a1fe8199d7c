"""The scheduler's board: tasks that could start on one side, workers for them on the other.

Tasks of a job that need the same of a worker and have the same priority are alike to the scheduler:
they form one *lane*, and the board only knows how many tasks it holds. Lanes of all jobs that need
the same are in one heap, so that a worker looks at the tops of a few heaps and a match costs the
same however many tasks wait (reference rules §6). The job decides which task of a lane is taken.
"""

import heapq
from enum import StrEnum
from operator import itemgetter
from typing import TypeVar

import attrs

from flamenco.model.specs import NOTHING, Requirements, Specs, missing

G = TypeVar("G")
Order = tuple[int, int, float, str, int]
"""(-job priority, -task priority, job's time of creation, its id, place of the lane's first task):
the lowest runs first."""

REMEMBERED_FITS = 50_000
"""Maximum number of cached answers to "does this profile have what that kind needs?"."""


@attrs.frozen(cache_hash=True)
class Kind:
    """Needs of a task: the worker's task type, tag and equipment."""

    type: str
    tag: str | None = None
    """Only workers with this tag may run it; None: any worker."""
    requirements: Requirements = NOTHING
    excluded: frozenset[str] = frozenset()
    """Ids of the workers that may not run it: they failed it, or are blocklisted."""


@attrs.frozen(cache_hash=True)
class Lane:
    """Tasks that are alike to the scheduler."""

    job_id: str
    kind: Kind
    priority: int = 50


@attrs.frozen(cache_hash=True)
class Profile:
    """The offer of a worker: its task types, tags and equipment. Many workers share one."""

    task_types: frozenset[str]
    tags: frozenset[str] = frozenset()
    specs: Specs = attrs.field(factory=Specs)


@attrs.frozen
class Candidate:
    """A worker as the scheduler knows it."""

    worker_id: str
    name: str
    profile: Profile


class Presence(StrEnum):
    """A worker's readiness for a task."""

    IDLE = "idle"
    ASKING = "asking"
    """Its call for a task is open: it takes one now or not at all."""
    POLLING = "polling"
    """It asks for a task from time to time."""
    BUSY = "busy"
    LEAVING = "leaving"
    """It was asked for another status and takes no more tasks."""
    ASLEEP = "asleep"
    AWAY = "away"
    """Not connected."""


TAKE_TASKS = frozenset({Presence.IDLE, Presence.ASKING})


class Why(StrEnum):
    """Reasons for which a worker was chosen for a task, or a task for a worker."""

    WARM = "it was idle, and may have the job's file open"
    IDLE = "it was idle for the longest of those that may run it"
    FIRST = "it was free, and this was first in line"


@attrs.frozen
class Match:
    """A lane, and the worker that is to run one of its tasks."""

    lane: Lane
    worker: Candidate
    why: Why


def lacks(profile: Profile, kind: Kind, tag: str = "the job's tag") -> tuple[str, ...]:
    """Everything a worker lacks to run tasks of a kind, as short phrases; empty if it fits.

    ``tag`` is the name of the kind's tag.
    """
    lacking: list[str] = []
    if kind.type not in profile.task_types:
        lacking.append(f"the task type {kind.type}")
    if kind.tag is not None and kind.tag not in profile.tags:
        lacking.append(tag)
    return (*lacking, *missing(profile.specs, kind.requirements))


def _drop(groups: dict[G, dict[str, Candidate]], group: G, worker: Candidate) -> None:
    """Drop a worker from its group, and the group when it is empty."""
    alike = groups.get(group, {})
    alike.pop(worker.worker_id, None)
    if not alike:
        groups.pop(group, None)


@attrs.define
class _Standing:
    order: Order
    count: int
    queued: Order | None = None
    """Order under which the lane is in the heap; None: it is not there."""


@attrs.define
class Board:
    """Lanes that wait and workers that are known. A change that can make matches returns them."""

    _lanes: dict[Lane, _Standing] = attrs.field(factory=dict)
    _heaps: dict[Kind, list[tuple[Order, Lane]]] = attrs.field(factory=dict)
    _kinds: dict[str, dict[Kind, None]] = attrs.field(factory=dict)  # {task type: kinds}
    _workers: dict[str, tuple[Candidate, Presence]] = attrs.field(factory=dict)
    _idle: dict[Profile, dict[str, Candidate]] = attrs.field(factory=dict)
    _fits: dict[tuple[Profile, Kind], bool] = attrs.field(factory=dict)
    _last: dict[str, str] = attrs.field(factory=dict)  # {worker id: job that it was matched with}
    _idle_after: dict[str, dict[str, Candidate]] = attrs.field(factory=dict)
    """{job id: idle workers whose last match it was; they may have its file open}"""

    @property
    def workers(self) -> tuple[tuple[Candidate, Presence], ...]:
        """All known workers, and the readiness of each."""
        return tuple(self._workers.values())

    def change_lane(
        self, lane: Lane, job_priority: int, made: float, more: int, place: int = 0
    ) -> list[Match]:
        """Count ``more`` tasks in a lane (fewer, if negative) of a job with this priority and age.

        ``place`` is that of its first task; it only counts while the lane is empty. The number of
        tasks may fall below zero for a moment, when tasks that were matched are withdrawn.
        """
        standing = self._lanes.get(lane)
        if standing is not None and standing.count > 0:
            place = standing.order[-1]
        order = (-job_priority, -lane.priority, made, lane.job_id, place)
        if standing is None:
            standing = self._lanes[lane] = _Standing(order, 0)
        standing.order, standing.count = order, standing.count + more
        matches = []
        while standing.count > 0 and (taker := self._taker(lane)):
            matches.append(self._match(lane, *taker))
        if standing.count > 0:
            self._queue(lane, standing)
        elif standing.count == 0 and standing.queued is None:
            del self._lanes[lane]
        return matches

    def drop_job(self, job_id: str) -> None:
        """Forget all lanes of a job."""
        for lane in [lane for lane in self._lanes if lane.job_id == job_id]:
            del self._lanes[lane]

    def put_worker(self, worker: Candidate, presence: Presence) -> Match | None:
        """Add a worker, or change one that is known."""
        last = self._last.get(worker.worker_id)
        self.remove_worker(worker.worker_id)
        if last is not None and presence not in (Presence.ASLEEP, Presence.AWAY):
            self._last[worker.worker_id] = last
        self._workers[worker.worker_id] = (worker, presence)
        if presence not in TAKE_TASKS:
            return None
        lane = self._best(worker)
        if lane is not None:
            return self._match(lane, worker, Why.FIRST)
        if presence is Presence.IDLE:
            self._idle.setdefault(worker.profile, {})[worker.worker_id] = worker
            if last := self._last.get(worker.worker_id):
                self._idle_after.setdefault(last, {})[worker.worker_id] = worker
        else:
            self._workers[worker.worker_id] = (worker, Presence.POLLING)
        return None

    def remove_worker(self, worker_id: str) -> None:
        """Forget a worker if it is known."""
        known = self._workers.pop(worker_id, None)
        if known:
            self._not_idle(known[0])
        self._last.pop(worker_id, None)

    def may_run(self, worker: Candidate, kind: Kind) -> bool:
        """True if the scheduler may give tasks of a kind to a worker."""
        return worker.worker_id not in kind.excluded and self._fit(worker.profile, kind)

    def _fit(self, profile: Profile, kind: Kind) -> bool:
        known = self._fits.get((profile, kind))
        if known is None:
            if len(self._fits) >= REMEMBERED_FITS:
                self._fits.clear()
            known = self._fits[profile, kind] = not lacks(profile, kind)
        return known

    def _match(self, lane: Lane, worker: Candidate, why: Why) -> Match:
        self._lanes[lane].count -= 1
        self._not_idle(worker)
        self._workers[worker.worker_id] = (worker, Presence.BUSY)
        self._last[worker.worker_id] = lane.job_id
        return Match(lane, worker, why)

    def _not_idle(self, worker: Candidate) -> None:
        _drop(self._idle, worker.profile, worker)
        _drop(self._idle_after, self._last.get(worker.worker_id, ""), worker)

    def _taker(self, lane: Lane) -> tuple[Candidate, Why] | None:
        """An idle worker that may run tasks of a lane, and why this one.

        Those come first that may have the job's file open; among equals, the one idle the longest.
        """
        for worker in self._idle_after.get(lane.job_id, {}).values():
            if self.may_run(worker, lane.kind):
                return worker, Why.WARM
        for profile, alike in self._idle.items():
            if self._fit(profile, lane.kind):
                for worker in alike.values():
                    if worker.worker_id not in lane.kind.excluded:
                        return worker, Why.IDLE
        return None

    def _queue(self, lane: Lane, standing: _Standing) -> None:
        if standing.queued != standing.order:
            standing.queued = standing.order
            self._kinds.setdefault(lane.kind.type, {})[lane.kind] = None
            heapq.heappush(self._heaps.setdefault(lane.kind, []), (standing.order, lane))

    def _best(self, worker: Candidate) -> Lane | None:
        kinds = [
            kind
            for task_type in worker.profile.task_types
            for kind in self._kinds.get(task_type, ())
            if self.may_run(worker, kind)
        ]
        tops = (self._top(kind) for kind in kinds)
        best = min((top for top in tops if top), default=None, key=itemgetter(0))
        return best[1] if best else None

    def _top(self, kind: Kind) -> tuple[Order, Lane] | None:
        """The first lane of a kind that has tasks. Outdated entries are dropped on the way."""
        heap = self._heaps[kind]
        while heap:
            order, lane = heap[0]
            standing = self._lanes.get(lane)
            if standing and standing.queued == order and standing.count > 0:
                return heap[0]
            heapq.heappop(heap)
            if standing and standing.queued == order:
                standing.queued = None
                if standing.count == 0:
                    del self._lanes[lane]
        del self._heaps[kind]
        del self._kinds[kind.type][kind]
        return None
