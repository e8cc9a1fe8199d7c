"""Recording of a job's changes in the database, for browsers and in its tasks' logs."""

import attrs

import actors
from flamenco import clock
from flamenco.api.events import EventFramesUpdate, EventTaskLogUpdate, EventWorkerTask
from flamenco.manager.events import (
    differs,
    frames_event,
    job_event,
    task_event,
    worker_task_event,
)
from flamenco.manager.jobs.asked import happening, status_change
from flamenco.manager.jobs.messages import OfPerson
from flamenco.manager.notices import give
from flamenco.model.jobs import Attempt, Task
from flamenco.model.livejob import LiveJob, Ripple
from flamenco.model.notices import of_job
from flamenco.model.statuses import TaskStatus
from flamenco.store import (
    AppendLog,
    DeleteBlocks,
    InsertAttempt,
    PutHappening,
    PutJob,
    PutTask,
    SweepTasks,
)

MOST_LOG = 256 * 2**20
"""Bytes of a task's log, about, after which nothing more of a worker is added. Ours send less."""

FULL = "The rest of what the Worker said is left out: this log is full."


@attrs.define(eq=False)
class Recording:
    """The recorder, which records and publishes in the transaction of its job's actor."""

    _actor: actors.Actor
    _job_id: str
    worker_names: dict[str, str] = attrs.field(factory=dict)
    """Names of the workers that hold leases, for browsers: {worker id: name}."""

    def spread(self, live: LiveJob, ripple: Ripple) -> None:
        """Record all consequences of one change, and tell browsers."""
        job, before = live.job, ripple.job_before
        for task_id, earlier in ripple.tasks.items():
            task = live.tasks[task_id]
            self._actor.record(PutTask(task))
            name = self.worker_names.get(task.worker_id or "")
            self._actor.publish(task_event(task, earlier, name))
            if task.status is TaskStatus.ACTIVE:
                self._actor.publish(worker_task_event(task, job.name))
        self._tell_frames(live, ripple)
        if ripple.forgot:
            self._actor.record(DeleteBlocks(self._job_id))
        for swept in ripple.sweeps:
            sweep = SweepTasks(self._job_id, swept.sweep, swept.activity, job.updated)
            self._actor.record(sweep)
        if job is not before:
            self._actor.record(PutJob(job))
            give(self._actor, of_job(before, job), job_id=job.id)
            if job.status is not before.status:
                self._actor.record(PutHappening(status_change(job)))
            self._actor.publish(job_event(job, before, refresh_tasks=bool(ripple.sweeps)))

    def asked(self, request: OfPerson) -> None:
        """Record that a request was granted."""
        self._actor.record(PutHappening(happening(self._job_id, request)))

    def ended(self, attempt: Attempt) -> None:
        """Record an attempt that is over, and tell browsers that its worker holds it no longer."""
        self._actor.record(InsertAttempt(attempt))
        self._actor.publish(EventWorkerTask(worker_id=attempt.worker_id))

    def _tell_frames(self, live: LiveJob, ripple: Ripple) -> None:
        """Tell browsers what became of the frames."""
        changed = [(was, live.tasks[was.id]) for was in ripple.tasks.values() if was.frames]
        event: EventFramesUpdate | None = None
        if ripple.sweeps or (live.shares_frames and any(differs(*each) for each in changed)):
            event = EventFramesUpdate(job_id=self._job_id, refresh=True)
        elif not live.shares_frames:  # a frame of several tasks is no further by a step of one
            named = [(*each, self.worker_names.get(each[1].worker_id or "")) for each in changed]
            event = frames_event(self._job_id, named)
        if event:
            self._actor.publish(event)

    def log(self, before: Task, task: Task, said: str, note: str) -> int:
        """Append to a changed task's log; returns its new size in bytes.

        It gets the worker's text ``said``, then the Manager's own ``note`` and the change.
        """
        lines = [stamped(note)] if note else []
        if before.status is not task.status:
            change = f"Task went from {before.status.value} to {task.status.value}: {task.activity}"
            lines.append(stamped(change))
        size = task.log_size
        said = _that_fits(said, MOST_LOG - size)
        for text, own in ((said, False), ("\n".join(lines), True)):
            if text:
                whole = text if text.endswith("\n") else f"{text}\n"
                content = whole.encode()
                self._actor.record(AppendLog(self._job_id, task.id, size, content, own))
                self._actor.publish(EventTaskLogUpdate(task_id=task.id, log=whole))
                size += len(content)
        return size


def _that_fits(said: str, room: int) -> str:
    """Lines of a worker, cut off with a sentence where its task's log is full."""
    if len(said) <= room:
        return said
    return f"{said[:room]}\n{stamped(FULL)}" if room > 0 else ""


def stamped(text: str) -> str:
    """A line by the Manager in a task's log."""
    return f"{clock.now().astimezone().isoformat(timespec='seconds')} {text}"
