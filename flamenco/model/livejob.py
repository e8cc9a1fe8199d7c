"""A live job with its tasks: counts, dependencies, and the consequences of a change."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import attrs

from flamenco.model.board import Kind, Lane
from flamenco.model.evolving import evolve
from flamenco.model.jobs import APPROVAL, Block, Job, Task
from flamenco.model.lanes import Lanes
from flamenco.model.lifecycle import (
    DEFAULT_FAILURE_PERCENTAGE,
    JobChange,
    Sweep,
    activity_of,
    job_after_job,
    job_after_task,
    job_at_rest,
    returned_to_pool,
    tasks_after_job,
    times_after_job,
)
from flamenco.model.statuses import RUNNABLE_JOBS, RUNNABLE_TASKS, JobStatus, TaskStatus
from flamenco.model.tally import Tally
from flamenco.model.warnings import gathered, of_results

PASSIVE = frozenset({"priority", "keep", "archived_at"})
"""Fields of a job that don't affect which of its tasks may start, and where."""


@attrs.frozen
class Swept:
    """A bulk change that was made, and the number of tasks it changed."""

    sweep: Sweep
    activity: str
    count: int


@attrs.define
class Ripple:
    """All consequences of one change."""

    job_before: Job
    tasks: dict[str, Task] = attrs.field(factory=dict)
    """Tasks that changed one by one, as they were before; {task id: task}."""
    sweeps: list[Swept] = attrs.field(factory=list)
    """Bulk changes, in order."""
    forgot: bool = False
    """True if the blocklist was emptied."""


@attrs.define
class LiveJob:
    """The state of a job's actor. Changes go through its methods."""

    job: Job
    tasks: dict[str, Task] = attrs.field(factory=dict)
    blocks: dict[tuple[str, str], Block] = attrs.field(factory=dict)
    """{(worker id, task type): block}."""
    failure_percentage: int = DEFAULT_FAILURE_PERCENTAGE
    counts: Counter[TaskStatus] = attrs.field(factory=Counter)
    lanes: Lanes = attrs.field(factory=Lanes)
    approvals: set[str] = attrs.field(factory=set)
    """Ids of the tasks that wait for a wrangler's yes or no."""
    _tally: Tally = attrs.field(factory=Tally)
    _failures: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    _held: set[str] = attrs.field(factory=set)  # ids of tasks under a lease
    _order: list[str] = attrs.field(factory=list)  # ids by place in the job
    _unfinished: dict[str, int] = attrs.field(factory=dict)
    _dependents: dict[str, list[str]] = attrs.field(factory=dict)
    _lanes_by: dict[tuple[str, int, tuple[str, ...]], Lane] = attrs.field(factory=dict)

    @classmethod
    def of(cls, job: Job, tasks: Iterable[Task], blocks: Iterable[Block] = ()) -> "LiveJob":
        """The live form of a stored job, with its tasks in order."""
        live = cls(job, blocks={(each.worker_id, each.task_type): each for each in blocks})
        live._take_in([*tasks])
        for task_id, task in live.tasks.items():
            if task.status is TaskStatus.COMPLETED:
                live._count_down(task_id, 1)
        if live._is_runnable:  # otherwise nothing is ready
            live._settle_all()
        live.complete()
        return live

    def grow(self, tasks: Sequence[Task]) -> None:
        """Add tasks to a new job, none of whose tasks has begun."""
        self._take_in(tasks)
        for task in tasks:
            self._settle(task.id)

    def complete(self) -> None:
        """Note that it has all its tasks, whose frames can then be counted."""
        self._tally.complete(self.tasks.values())
        self._count_frames()

    def _take_in(self, tasks: Sequence[Task]) -> None:
        self.tasks.update((task.id, task) for task in tasks)
        self._order += [task.id for task in tasks]
        self.counts.update(task.status for task in tasks)
        for task in tasks:
            if task.frames:
                self._tally.add(task)
            for worker in task.failed_by:
                self._failures[worker, task.type] += 1
            for needed in task.depends_on:
                self._dependents.setdefault(needed, []).append(task.id)
            if task.depends_on:
                self._unfinished[task.id] = len(task.depends_on)

    def _count_down(self, needed: str, completed: int) -> None:
        """Tell the dependents of a task that it was completed (1) or must run again (-1)."""
        for dependent in self._dependents.get(needed, ()):
            self._unfinished[dependent] -= completed

    # Tasks that could run

    def is_ready(self, task_id: str) -> bool:
        """True if this task could start now, or be approved now."""
        return (
            self._is_runnable
            and task_id not in self._held
            and not self._unfinished.get(task_id)
            and self.tasks[task_id].status in RUNNABLE_TASKS
        )

    @property
    def _is_runnable(self) -> bool:
        return self.job.status in RUNNABLE_JOBS and self.job.delete_requested_at is None

    @property
    def shares_frames(self) -> bool:
        """True if several of its tasks make a frame together."""
        return self._tally.is_shared

    def tasks_in(self, *statuses: TaskStatus) -> list[Task]:
        """The tasks in these statuses, at no cost if there are none."""
        if not any(self.counts[each] for each in statuses):
            return []
        return [task for task in self.tasks.values() if task.status in statuses]

    def unfinished(self, task_id: str) -> list[Task]:
        """The tasks that must be completed before this one."""
        needed = (self.tasks[each] for each in self.tasks[task_id].depends_on)
        return [task for task in needed if task.status is not TaskStatus.COMPLETED]

    def first(self, lane: Lane) -> Task | None:
        """The next task of a lane; None if the lane is empty."""
        place = self.lanes.first(lane)
        return None if place is None else self.tasks[self._order[place]]

    def kind(self, task: Task) -> Kind:
        """The present needs of a task, without the workers that failed it."""
        return self._lane(task).kind

    def kind_of_type(self, task_type: str) -> Kind:
        """The needs of tasks of a type that no worker has failed."""
        needs = self.job.requirements.of(task_type)
        return Kind(task_type, self.job.worker_tag, needs, self.blocked(task_type))

    def some_ready(self) -> Task | None:
        """Any task that waits for a worker; None if there is none."""
        place = self.lanes.any()
        return None if place is None else self.tasks[self._order[place]]

    def blocked(self, task_type: str) -> frozenset[str]:
        """Ids of the workers that are blocklisted for a task type."""
        return frozenset(worker for worker, blocked in self.blocks if blocked == task_type)

    def failures(self, worker_id: str, task_type: str) -> int:
        """Number of tasks of a type that a worker failed in this job."""
        return self._failures[worker_id, task_type]

    # Changes

    def hold(self, task_id: str) -> None:
        """Note that a lease of this task is open: it is not ready, whatever its status."""
        self._held.add(task_id)
        self._settle(task_id)

    def release(self, task_id: str, now: datetime) -> Ripple:
        """Note that the task's lease is over."""
        ripple = Ripple(self.job)
        self._held.discard(task_id)
        self._settle(task_id)
        self._rest(now, ripple)
        return ripple

    def move_task(self, task: Task, now: datetime) -> Ripple:
        """Put a changed task in place, and let the job follow."""
        ripple = Ripple(self.job)
        before = self.tasks[task.id]
        if (before.status, task.status) == (TaskStatus.ACTIVE, TaskStatus.COMPLETED):
            self._measure(task, now)
        self._put(evolve(task, updated=now), ripple)
        if before.status is not task.status:
            self._follow(self._after_task(task), now, ripple)
            self._rest(now, ripple)
        return ripple

    def move_job(self, status: JobStatus, reason: str, now: datetime) -> Ripple:
        """Bring the job to a status, and let its tasks and further statuses follow."""
        ripple = Ripple(self.job)
        self._follow(JobChange(status, reason), now, ripple)
        return ripple

    def change_job(self, now: datetime, **changes: Any) -> Ripple:
        """Change fields of the job other than its status: priority, tag, marks."""
        ripple = Ripple(self.job)
        self.job = evolve(self.job, updated=now, **changes)
        self.lanes.changed.update(self.lanes.counts)
        if not changes.keys() <= PASSIVE:
            self._settle_all()
        return ripple

    def block(self, block: Block) -> None:
        """Keep a worker from a task type of this job."""
        self.blocks[block.worker_id, block.task_type] = block
        self._settle_all()

    def unblock(self, worker_id: str, task_type: str) -> None:
        """Let a worker have a task type again."""
        del self.blocks[worker_id, task_type]
        self._settle_all()

    def repair(self, now: datetime) -> Ripple:
        """Correct a state that only a fault or a sudden end can have left behind.

        A transitional status is enforced again; a task that is active without a lease goes back
        to the pool; a job of which nothing can run any more ends.
        """
        ripple = Ripple(self.job)
        lost = [each for each in self.tasks_in(TaskStatus.ACTIVE) if each.id not in self._held]
        back = returned_to_pool(self.job.status)
        for task in lost:
            returned = evolve(task, status=back, activity="it ran nowhere", updated=now)
            self._put(returned, ripple)
        self._follow(self._enforce(self.job.status, now, ripple), now, ripple)
        self._rest(now, ripple)
        return ripple

    # How a change spreads

    def _after_task(self, task: Task) -> JobChange | None:
        if task.type == APPROVAL and task.status is TaskStatus.FAILED:
            return JobChange(JobStatus.FAILED, f"{task.name} was not approved: {task.activity}")
        return job_after_task(self.job.status, self.counts, task.status, self.failure_percentage)

    def _follow(self, change: JobChange | None, now: datetime, ripple: Ripple) -> None:
        while change is not None and change.status is not self.job.status:
            previous = self.job.status
            activity, times = activity_of(change, self.job), times_after_job(self.job, change, now)
            self.job = evolve(
                self.job, status=change.status, activity=activity, updated=now, **times
            )
            change = self._enforce(previous, now, ripple)
            if (previous in RUNNABLE_JOBS) is not (self.job.status in RUNNABLE_JOBS):
                self._settle_all()

    def _enforce(self, previous: JobStatus, now: datetime, ripple: Ripple) -> JobChange | None:
        """Bring the tasks in line with the job's status, and return the job's next change."""
        if self.job.status is JobStatus.REQUEUEING:
            self._forget_failures(now, ripple)
        sweep = tasks_after_job(self.job.status, previous)
        if sweep:
            self._sweep(sweep, now, ripple)
        return job_after_job(self.job.status, self.counts)

    def _forget_failures(self, now: datetime, ripple: Ripple) -> None:
        """Forget which workers failed which tasks, and the blocklist (reference rules §3)."""
        self.blocks.clear()
        old = of_results(self.job)
        fresh = tuple(each for each in self.job.warnings if each not in old)
        self.job = evolve(self.job, warnings=fresh)
        ripple.forgot = True
        for task in [task for task in self.tasks.values() if task.failed_by]:
            self._put(evolve(task, failed_by=(), updated=now), ripple)

    def _sweep(self, sweep: Sweep, now: datetime, ripple: Ripple) -> None:
        swept = self.tasks_in(*sweep.which)
        activity = self.job.activity
        for task in swept:
            self._put(evolve(task, status=sweep.to, activity=activity, updated=now))
        if swept:
            self._count_frames()
            ripple.sweeps.append(Swept(sweep, activity, len(swept)))

    def _rest(self, now: datetime, ripple: Ripple) -> None:
        if not (self.lanes or self.approvals or self._held or self.counts[TaskStatus.ACTIVE]):
            self._follow(job_at_rest(self.job.status, self.counts), now, ripple)

    def _put(self, task: Task, ripple: Ripple | None = None) -> None:
        before = self.tasks[task.id]
        if task.status is not before.status:
            task = self._count(before, task)
        if task.failed_by is not before.failed_by:
            self._failures.subtract((worker, task.type) for worker in before.failed_by)
            self._failures.update((worker, task.type) for worker in task.failed_by)
        self.tasks[task.id] = task
        self._tally.move(before, task)
        if task.warnings and task.warnings != before.warnings:
            self.job = evolve(self.job, warnings=gathered(self.job, task.warnings))
        if ripple is not None:
            ripple.tasks.setdefault(task.id, before)
            self._count_frames()
        steps = task.steps_completed - before.steps_completed
        if steps:
            self.job = evolve(self.job, steps_completed=self.job.steps_completed + steps)
        self._settle(task.id)
        if TaskStatus.COMPLETED in (before.status, task.status) and task.status != before.status:
            for dependent in self._dependents.get(task.id, ()):
                self._settle(dependent)

    def _count(self, before: Task, task: Task) -> Task:
        """Account for a task's new status (reference rules §2: steps follow it)."""
        self.counts[before.status] -= 1
        self.counts[task.status] += 1
        change = (task.status is TaskStatus.COMPLETED) - (before.status is TaskStatus.COMPLETED)
        if change:
            self._count_down(task.id, change)
        if task.status is TaskStatus.COMPLETED:
            return evolve(task, steps_completed=task.steps_total)
        if task.status is TaskStatus.QUEUED:
            return evolve(task, steps_completed=0)
        return task

    def _count_frames(self) -> None:
        frames = self._tally.counts(self.counts)
        now = (self._tally.left(self.counts), self.counts[TaskStatus.ACTIVE])
        pace = self.job.pace
        if (pace.left, pace.workers) != now:
            pace = evolve(pace, left=now[0], workers=now[1])
        if pace is not self.job.pace or frames != self.job.frames:
            self.job = evolve(self.job, frames=frames, pace=pace)

    def _measure(self, task: Task, now: datetime) -> None:
        """Note how long the frames of a task took that its worker has completed."""
        number = self._tally.paced(task)
        by_hand = task.id in self._held
        if by_hand or not number or task.started is None or now <= task.started:
            return
        pace = self.job.pace.measure((now - task.started).total_seconds(), number, now)
        self.job = evolve(self.job, pace=pace)

    def _settle_all(self) -> None:
        self._lanes_by.clear()
        for task_id in self._order:
            self._settle(task_id)

    def _settle(self, task_id: str) -> None:
        """Move a task to the lane, or to the approvals, where it now belongs."""
        task = self.tasks[task_id]
        ready = self.is_ready(task_id)
        approval = task.type == APPROVAL
        self.lanes.put(task.idx - 1, self._lane(task) if ready and not approval else None)
        if approval:
            (self.approvals.add if ready else self.approvals.discard)(task_id)
            if len(self.approvals) != self.job.approvals:
                self.job = evolve(self.job, approvals=len(self.approvals))

    def _lane(self, task: Task) -> Lane:
        key = (task.type, task.priority, task.failed_by)
        lane = self._lanes_by.get(key)
        if lane is None:
            kind = self.kind_of_type(task.type)
            kind = evolve(kind, excluded=kind.excluded.union(task.failed_by))
            lane = self._lanes_by[key] = Lane(self.job.id, kind, task.priority)
        return lane
