"""The reason why a task waits, as one sentence, from the scheduler's own rules."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from flamenco.model.board import TAKE_TASKS, Candidate, Kind, Presence, lacks
from flamenco.model.jobs import APPROVAL, Task
from flamenco.model.livejob import LiveJob
from flamenco.model.statuses import RUNNABLE_JOBS, RUNNABLE_TASKS, JobStatus, TaskStatus

NAMED_TASKS = 3
"""Maximum number of tasks that are named; more are counted."""

NAMED_LACKS = 3
"""Maximum number of things that are named because other workers lack them."""

_STATES = {
    Presence.POLLING: "about to ask for a task",
    Presence.BUSY: "busy",
    Presence.LEAVING: "about to change status",
    Presence.ASLEEP: "asleep",
    Presence.AWAY: "not connected",
}


def why_waiting(
    kind: Kind,
    tag: str | None,
    workers: Iterable[tuple[Candidate, Presence]],
    gone: Collection[str] = (),
) -> str:
    """The reason why a ready task has not started: the workers for it, and their state.

    ``tag`` is the name of the tag that the kind needs; ``gone`` are the ids of workers that nobody
    waits for any more.
    """
    everybody = tuple(workers)
    if not everybody:
        return "There is no worker yet."
    needs = f"tag {tag}" if tag else "the job's tag"
    lacking = {worker.worker_id: lacks(worker.profile, kind, needs) for worker, _ in everybody}
    fitting = [
        (worker, presence) for worker, presence in everybody if not lacking[worker.worker_id]
    ]
    if not fitting:
        return f"No worker has what it needs; {_nearest(everybody, lacking)}."
    allowed = [each for each in fitting if each[0].worker_id not in kind.excluded]
    able = [each for each in allowed if each[0].worker_id not in gone]
    missed = len(allowed) - len(able)
    if any(presence in TAKE_TASKS for _, presence in able):
        return "A worker is about to start it."
    if able:
        said = [_what_they_do(able)]
        if missed:
            said.append(f"{_many(missed, 'more worker')} {_away(missed)}.")
        left_out = [lacking[worker.worker_id] for worker, _ in everybody]
        return " ".join([*said, *_what_others_lack(left_out, len(fitting) - len(allowed))])
    who = _many(len(fitting), "worker")
    if missed == len(fitting):
        return f"{who} could run it, but {_away(missed)}."
    blamed = f"failed it or {_be(len(fitting))} blocklisted"
    return f"{who} could run it, but {blamed}{f', or {_away(len(fitting))}' if missed else ''}."


def _nearest(
    workers: Sequence[tuple[Candidate, Presence]], lacking: Mapping[str, Sequence[str]]
) -> str:
    nearest = min((worker for worker, _ in workers), key=lambda each: len(lacking[each.worker_id]))
    return f"{nearest.name} lacks {' and '.join(lacking[nearest.worker_id])}"


def _what_they_do(able: Sequence[tuple[Candidate, Presence]]) -> str:
    states = Counter(presence for _, presence in able)
    who = able[0][0].name if len(able) == 1 else _many(len(able), "worker")
    parts = [(count, _STATES[presence]) for presence, count in states.items()]
    if len(parts) == 1:
        all_of_them = "it is" if len(able) == 1 else "both are" if len(able) == 2 else "all are"
        return f"{who} could run it; {all_of_them} {parts[0][1]}."
    return f"{who} could run it: {', '.join(f'{count} {state}' for count, state in parts)}."


def _what_others_lack(lacking: Iterable[Sequence[str]], excluded: int) -> Iterable[str]:
    """Reasons that keep the workers from it that it doesn't wait for, the most frequent first."""
    for what, count in Counter(each[0] for each in lacking if each).most_common(NAMED_LACKS):
        yield f"{_many(count, 'other')} {'lacks' if count == 1 else 'lack'} {what}."
    if excluded:
        yield f"{_many(excluded, 'other')} failed it or {_be(excluded)} blocklisted."


def _many(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _away(number: int) -> str:
    return f"{'has' if number == 1 else 'have'} been away for too long to be waited for"


def _be(number: int) -> str:
    return "is" if number == 1 else "are"


def why_job_waits(live: LiveJob) -> str | None:
    """The reason why no task of a job can start; None if some could."""
    job = live.job
    if job.delete_requested_at is not None:
        return "The job is being deleted."
    if job.status in (JobStatus.PAUSED, JobStatus.PAUSE_REQUESTED):
        return "The job is paused."
    if job.status not in RUNNABLE_JOBS:
        return f"The job is {job.status.value}."
    return None


def why_task_waits(live: LiveJob, task: Task) -> str | None:
    """The reason why a task can't be given to a worker; None if it could."""
    whole = why_job_waits(live)
    if whole:
        return whole
    if task.status not in RUNNABLE_TASKS:
        return f"The task is {task.status.value}, it does not wait."
    needed = live.unfinished(task.id)
    if needed:
        return f"It waits for {_names(needed)}."
    if task.type == APPROVAL:
        return "It waits for somebody to approve it."
    return None


def why_nothing_is_ready(live: LiveJob) -> str:
    """The reason why a job that could run has no task that could start."""
    if live.approvals:
        names = " and ".join(live.tasks[task_id].name for task_id in sorted(live.approvals))
        return f"It waits for somebody to approve {names}."
    running = live.counts[TaskStatus.ACTIVE]
    return f"The rest waits for the {running} tasks that run." if running else "Nothing waits."


def _names(tasks: Sequence[Task]) -> str:
    if len(tasks) > NAMED_TASKS:
        failed = sum(task.status in (TaskStatus.FAILED, TaskStatus.CANCELED) for task in tasks)
        return f"{len(tasks)} tasks" + (
            f", {failed} of which failed or were canceled" if failed else ""
        )
    return " and ".join(f"{task.name} ({task.status.value})" for task in tasks)
