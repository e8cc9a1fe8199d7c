"""What a job's actor is made of: its state, and how a change of it leaves the actor."""

from collections import Counter
from collections.abc import Iterable
from operator import itemgetter
from typing import Any

import actors
from flamenco import clock
from flamenco.api.events import EventTaskLogUpdate
from flamenco.manager.announcements import job_event, task_event
from flamenco.manager.asking import tell_worker
from flamenco.manager.leases import Lease, attempt_of, is_over, reported
from flamenco.manager.messages import Erase, JobBegins, LaneChanged, LeaseClosed, Refusal, Retire
from flamenco.manager.services import DELETIONS, SCHEDULER, Services
from flamenco.model.board import Lane
from flamenco.model.evolving import evolve
from flamenco.model.jobs import Task
from flamenco.model.leases import Ending
from flamenco.model.livejob import LiveJob, Ripple
from flamenco.model.statuses import FINISHED_JOBS, TaskStatus
from flamenco.store import (
    AppendLog,
    DeleteBlocks,
    InsertAttempt,
    PutJob,
    PutTask,
    SweepTasks,
    job_key,
)

RETIRE_SECONDS = 30.0
"""A finished job's actor stops after this long without a message; a request wakes it again."""

ERASE_SECONDS = 1.0
"""An actor that is woken while its job is being deleted goes on with that after so long: until then
it answers who woke it."""


class JobState(actors.Actor):
    """Owns a job's state, restored from its snapshot in every life.

    A new job is handed over in memory, since reading a large one back takes seconds; only the first
    life finds it in the list.
    """

    replies_with = (Refusal,)
    mailbox = actors.Mailbox(capacity=1_000_000)

    def __init__(self, services: Services, job_id: str, new: list[LiveJob]) -> None:
        self._services = services
        self._id = job_id
        self._live: LiveJob
        self._exists = False
        self._is_new = bool(new)
        self._leases: dict[str, Lease] = {}
        self._announced: Counter[Lane] = Counter()
        self._announced_priority = 0
        self._telling = 0
        self._worker_names: dict[str, str] = {}
        if new:
            self.restore(new.pop())

    @property
    def snapshot_key(self) -> str | None:
        return None if self._is_new else job_key(self._id)

    def restore(self, snapshot: Any) -> None:
        self._live = snapshot
        self._exists = True
        self._live.failure_percentage = self._services.config.job_fail_percentage

    # Changes

    def _move(self, task: Task, said: str = "", note: str = "") -> None:
        """Put a changed task in place and tell the farm.

        Its log gets what the worker ``said``, then the Manager's own ``note`` and the change.
        """
        before = self._live.tasks[task.id]
        lines = [stamped(note)] if note else []
        if before.status is not task.status:
            change = f"Task went from {before.status.value} to {task.status.value}: {task.activity}"
            lines.append(stamped(change))
        size = task.log_size
        for text, own in ((said, False), ("\n".join(lines), True)):
            if text:
                size += self._log(task, size, text, own=own)
        self._spread(self._live.move_task(evolve(task, log_size=size), clock.now()))

    def _log(self, task: Task, offset: int, text: str, *, own: bool) -> int:
        """Record that the task's log goes on with this text; how many bytes that are."""
        lines = text if text.endswith("\n") else f"{text}\n"
        content = lines.encode()
        self.record(AppendLog(self._id, task.id, offset, content, own))
        self.publish(EventTaskLogUpdate(task_id=task.id, log=lines))
        return len(content)

    def _spread(self, ripple: Ripple) -> None:
        """Record what changed, and tell workers, scheduler and browsers."""
        job, before = self._live.job, ripple.job_before
        for task_id, earlier in ripple.tasks.items():
            task = self._live.tasks[task_id]
            self.record(PutTask(task))
            name = self._worker_names.get(task.worker_id or "")
            self.publish(task_event(task, earlier, name))
        if ripple.forgot:
            self.record(DeleteBlocks(self._id))
        for swept in ripple.sweeps:
            self.record(SweepTasks(self._id, swept.sweep, swept.activity, job.updated))
        if job is not before:
            self.record(PutJob(job))
            self.publish(job_event(job, before, refresh_tasks=bool(ripple.sweeps)))
        self._withdraw(list(self._leases if ripple.sweeps else ripple.tasks))
        self._announce()
        self._retire_when_finished()

    # The end of a lease

    def _withdraw(self, task_ids: Iterable[str]) -> None:
        """Close the leases of those tasks that were brought to another status.

        In the same transaction: a new life of this actor would not know of them any more.
        """
        for task_id in task_ids:
            task, lease = self._live.tasks[task_id], self._leases.get(task_id)
            if lease and task.status is not TaskStatus.ACTIVE:
                lease.end(Ending.WITHDRAWN, task.activity)
                self._close(lease, Ending.WITHDRAWN, task.status, task.activity)

    def _close(self, lease: Lease, ending: Ending, status: TaskStatus, reason: str) -> None:
        """Let go of a lease: record the attempt, bring the task to its status, tell the worker."""
        del self._leases[lease.task_id]
        task, log, report = self._live.tasks[lease.task_id], "", lease.report
        withdrawn = ending is Ending.WITHDRAWN
        if report and not withdrawn:
            task = reported(task, report.content, report.seq)
            log = report.content.log or ""
        self.record(InsertAttempt(attempt_of(lease, ending, reason, task)))
        self._spread(self._live.release(lease.task_id, clock.now()))
        if not withdrawn:
            self._move(evolve(task, status=status, activity=reason), log)
        if report:
            refused = is_over(lease.task_id, lease.number) if withdrawn else None
            self.after_commit(report.answer, refused)
        revoke = None if report else lease.reason
        tell_worker(self, lease.worker_id, LeaseClosed(lease.task_id, lease.number, revoke))
        self._go_on_deleting()

    def _go_on_deleting(self) -> None:
        """End the leases of a job that is to be deleted, and erase it when it holds none any more.

        Some are open again if the Manager ended in the middle of that.
        """
        job = self._live.job
        if job.delete_requested_at is None:
            return
        for lease in self._leases.values():
            lease.end(Ending.RETURNED, "the job is being deleted")
        deletions = self.system.find(DELETIONS)
        if not self._leases and deletions:
            self.tell(deletions, Erase(job, len(self._live.tasks)))
            self._void_announcements()
            self.stop()

    # What the scheduler knows

    def _begin_announcing(self) -> None:
        """Tell the scheduler everything anew; what it knows of this job is void."""
        self._void_announcements()
        self._announced.clear()
        self._telling = next(self._services.tellings)
        self._live.lanes.changed.update(self._live.lanes.counts)
        self._announce()

    def _void_announcements(self) -> None:
        scheduler = self.system.find(SCHEDULER)
        if scheduler:
            self.tell(scheduler, JobBegins(self._id))

    def _announce(self) -> None:
        """Tell the scheduler how many tasks of which lanes could start, as far as that changed."""
        scheduler = self.system.find(SCHEDULER)
        lanes, job = self._live.lanes, self._live.job
        changed = [(-lane.priority, lanes.first(lane) or 0, lane) for lane in lanes.changed]
        lanes.changed.clear()
        for _, place, lane in sorted(changed, key=itemgetter(0, 1)):
            more = lanes.counts[lane] - self._announced[lane]
            if scheduler and (more or job.priority != self._announced_priority):
                self._count_announced(lane, more)
                self.tell(
                    scheduler,
                    LaneChanged(
                        job=self.ref,
                        telling=self._telling,
                        lane=lane,
                        job_priority=job.priority,
                        made=job.created.timestamp(),
                        place=place,
                        more=more,
                    ),
                )
        self._announced_priority = job.priority

    def _count_announced(self, lane: Lane, more: int) -> None:
        self._announced[lane] += more
        if not self._announced[lane]:
            del self._announced[lane]

    # The end

    def _retire_when_finished(self) -> None:
        if self._finished:
            self.after(RETIRE_SECONDS, Retire())

    @property
    def _finished(self) -> bool:
        return self._live.job.status in FINISHED_JOBS and not self._leases

    @actors.handles(Retire)
    def retire(self, _: Retire) -> None:
        """Stop if nothing is going on. Asks in flight are repeated by who wakes the job."""
        if self._finished:
            self._void_announcements()
            self.stop()


def stamped(text: str) -> str:
    """A line of the Manager's own in a task's log."""
    return f"{clock.now().astimezone().isoformat(timespec='seconds')} {text}"
