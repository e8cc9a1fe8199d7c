"""A job with its tasks while it lives: counts, dependencies, and how a change ripples."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

import attrs

from flamenco.model.jobs import Job, Task
from flamenco.model.lifecycle import (
    DEFAULT_FAILURE_PERCENTAGE,
    JobChange,
    job_after_job,
    job_after_task,
    tasks_after_job,
)
from flamenco.model.statuses import RUNNABLE_JOBS, RUNNABLE_TASKS, JobStatus, TaskStatus


@attrs.define
class Ripple:
    """All that one change brought about."""

    job_before: Job
    tasks: dict[str, Task] = attrs.field(factory=dict)
    """Tasks that changed, as they were before: {task id: task}."""
    swept: bool = False
    """Whether tasks were changed in bulk."""


@attrs.define
class LiveJob:
    """The state of a job's actor. Changes go through `move_task` and `move_job`."""

    job: Job
    tasks: dict[str, Task]
    counts: Counter[TaskStatus]
    failure_percentage: int
    _unfinished: dict[str, int]  # {task id: how many of its dependencies are not completed}
    _dependents: dict[str, list[str]]  # {task id: ids of the tasks that wait for it}

    @classmethod
    def of(
        cls,
        job: Job,
        tasks: Iterable[Task],
        failure_percentage: int = DEFAULT_FAILURE_PERCENTAGE,
    ) -> "LiveJob":
        """A job as it was stored, with its tasks in order."""
        by_id = {task.id: task for task in tasks}
        dependents: dict[str, list[str]] = {}
        unfinished: dict[str, int] = {}
        for task in by_id.values():
            for needed in task.depends_on:
                dependents.setdefault(needed, []).append(task.id)
                if by_id[needed].status is not TaskStatus.COMPLETED:
                    unfinished[task.id] = unfinished.get(task.id, 0) + 1
        counts = Counter(task.status for task in by_id.values())
        return cls(job, by_id, counts, failure_percentage, unfinished, dependents)

    def is_ready(self, task_id: str) -> bool:
        """Whether a worker could start this task now."""
        return (
            self.job.status in RUNNABLE_JOBS
            and self.job.delete_requested_at is None
            and self.tasks[task_id].status in RUNNABLE_TASKS
            and not self._unfinished.get(task_id)
        )

    def concerned(self, ripple: Ripple) -> Iterable[str]:
        """Ids of the tasks whose readiness may have changed."""
        before, now = ripple.job_before, self.job
        if ripple.swept or (before.status, before.priority, before.worker_tag) != (
            now.status,
            now.priority,
            now.worker_tag,
        ):
            return tuple(self.tasks)
        return self._neighbours(ripple)

    def _neighbours(self, ripple: Ripple) -> Iterator[str]:
        for task_id, before in ripple.tasks.items():
            yield task_id
            if TaskStatus.COMPLETED in (before.status, self.tasks[task_id].status):
                yield from self._dependents.get(task_id, ())

    def move_task(self, task: Task, now: datetime) -> Ripple:
        """Put a changed task in place, and let the job follow."""
        ripple = Ripple(self.job)
        before = self.tasks[task.id]
        self._put(attrs.evolve(task, updated=now), ripple)
        if before.status is not task.status:
            change = job_after_task(
                self.job.status, self.counts, task.status, self.failure_percentage
            )
            self._follow(change, now, ripple)
        return ripple

    def move_job(self, status: JobStatus, reason: str, now: datetime) -> Ripple:
        """Bring the job to a status, and let its tasks and further statuses follow.

        Requeueing forgets which workers failed what (reference rules §3).
        """
        ripple = Ripple(self.job)
        if status is JobStatus.REQUEUEING:
            for task in [task for task in self.tasks.values() if task.failed_by]:
                self._put(attrs.evolve(task, failed_by=(), updated=now), ripple)
        self._follow(JobChange(status, reason), now, ripple)
        return ripple

    def change_priority(self, priority: int, now: datetime) -> Ripple:
        """Give the job another priority."""
        ripple = Ripple(self.job)
        self.job = attrs.evolve(self.job, priority=priority, updated=now)
        return ripple

    def _follow(self, change: JobChange | None, now: datetime, ripple: Ripple) -> None:
        while change is not None and change.status is not self.job.status:
            previous = self.job.status
            self.job = attrs.evolve(
                self.job,
                status=change.status,
                activity=f"{change.status.value}: {change.reason}",
                updated=now,
            )
            sweep = tasks_after_job(change.status, previous)
            if sweep is not None:
                ripple.swept = True
                swept = [task for task in self.tasks.values() if task.status in sweep.which]
                for task in swept:
                    moved = attrs.evolve(
                        task, status=sweep.to, activity=self.job.activity, updated=now
                    )
                    self._put(moved, ripple)
            change = job_after_job(self.job.status, self.counts)

    def _put(self, task: Task, ripple: Ripple) -> None:
        before = self.tasks[task.id]
        if task.status is not before.status:
            task = self._count(before, task)
        self.tasks[task.id] = task
        ripple.tasks.setdefault(task.id, before)
        steps = task.steps_completed - before.steps_completed
        if steps:
            self.job = attrs.evolve(self.job, steps_completed=self.job.steps_completed + steps)

    def _count(self, before: Task, task: Task) -> Task:
        """Account for a task's new status (reference rules §2: steps follow it)."""
        self.counts[before.status] -= 1
        self.counts[task.status] += 1
        change = (task.status is TaskStatus.COMPLETED) - (before.status is TaskStatus.COMPLETED)
        if change:
            for dependent in self._dependents.get(task.id, ()):
                self._unfinished[dependent] = self._unfinished.get(dependent, 0) - change
        if task.status is TaskStatus.COMPLETED:
            return attrs.evolve(task, steps_completed=task.steps_total)
        if task.status is TaskStatus.QUEUED:
            return attrs.evolve(task, steps_completed=0)
        return task
