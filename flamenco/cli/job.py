"""`flamenco job`: show jobs and control them."""

import sys
from collections import Counter
from typing import Annotated, Any

from cyclopts import App, Parameter
from msgspec import UNSET

from flamenco.api.bulk import BulkOfJobs, Nothing
from flamenco.api.frames import ListedFrame
from flamenco.api.jobs import Job, JobDeletion, JobPriorityChange, JobStatusChange, TaskSummary
from flamenco.api.lists import MOST
from flamenco.api.logs import LogSearch
from flamenco.cli.failures import tell_failure
from flamenco.cli.joblog import print_log
from flamenco.cli.reaching import AsJson, ManagerUrl, Priority, job_id, reached, task_of
from flamenco.cli.running import until_interrupted
from flamenco.cli.showing import between, complain, print_facts, print_json, print_table, when
from flamenco.cli.texts import visible
from flamenco.config.worker import DEFAULT_MANAGER_URL
from flamenco.model.statuses import FINISHED_JOBS, FrameState, JobStatus

JobId = Annotated[str, Parameter(help="id of a job, or its beginning")]
Reason = Annotated[str, Parameter(help="reason, shown with the job")]

app = App(name="job", help="Show jobs and control them. Ids may be shortened.")


@app.command
def show(
    id: JobId,  # noqa: A002
    /,
    *,
    json: AsJson = False,
    manager: ManagerUrl = DEFAULT_MANAGER_URL,
) -> int:
    """Show a job, and the status of its tasks."""
    with reached(manager) as client:
        job = client.job(job_id(client, id))
        if json:
            print_json(job)
            return 0
        tasks = client.tasks(job.id)
        why = "" if job.status in FINISHED_JOBS else client.why_job_waits(job.id)
        print_facts([*_facts(job), ("Tasks", _counts(tasks)), ("Waits", why)])
        if job.status is JobStatus.FAILED:
            sys.stdout.flush()
            tell_failure(client, job.id)
    return 0


def _facts(job: Job) -> list[tuple[str, str]]:
    settings = {name: str(value) for name, value in job.settings.items() if value != ""}
    return [
        ("ID", job.id),
        ("Name", job.name),
        ("Type", job.type),
        ("Status", job.status.value),
        ("Parked", job.parked.reason if job.parked else ""),
        ("Activity", job.activity),
        *(("Warning", warning) for warning in job.warnings or ()),
        ("Priority", str(job.priority)),
        ("Owner", job.owner or ""),
        ("Progress", str(job.frames)),
        ("Done", between(job.eta)),
        ("Created", when(job.created)),
        ("Started", when(job.started)),
        ("Ended", when(job.ended)),
        ("Updated", when(job.updated)),
        ("Archived", when(job.archived_at)),
        *settings.items(),
    ]


def _counts(tasks: tuple[TaskSummary, ...]) -> str:
    counts = Counter(task.status.value for task in tasks)
    return ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))


@app.command
def why(id: JobId, /, *, manager: ManagerUrl = DEFAULT_MANAGER_URL) -> int:  # noqa: A002
    """Print why a job waits, in one sentence."""
    with reached(manager) as client:
        print(visible(client.why_job_waits(job_id(client, id))))
    return 0


@app.command
def log(
    id: JobId,  # noqa: A002
    task: Annotated[
        str | None, Parameter(help="name, number or id of a task; default: the failed or latest")
    ] = None,
    /,
    *,
    follow: Annotated[bool, Parameter(help="go on until the task ends", negative="")] = False,
    manager: ManagerUrl = DEFAULT_MANAGER_URL,
) -> int:
    """Print the log of a task, by default of the first that failed, or else was active last.

    With --follow, the exit status is 0 only if the task was completed.
    """
    with reached(manager) as client:
        job = job_id(client, id)
        found = task_of(client, job, task)
    return until_interrupted(print_log, manager, job, found.id, follow)


@app.command
def search(
    id: JobId,  # noqa: A002
    text: Annotated[str, Parameter(help="text; its case counts if it has a capital letter")],
    /,
    *,
    json: AsJson = False,
    manager: ManagerUrl = DEFAULT_MANAGER_URL,
) -> int:
    """Print the lines with a text in the logs of a job; the exit status is 1 if there are none."""
    with reached(manager) as client:
        job, after, found = job_id(client, id), "", False
        while True:
            answer = client.found_lines(job, LogSearch(q=text, limit=MOST, after=after))
            found = found or bool(answer.lines)
            for line in answer.lines:
                if json:
                    print_json(line)
                else:
                    print(f"{visible(line.task_name)}: {visible(line.text)}")
            if not answer.next:
                return 0 if found else 1
            after = answer.next


@app.command
def frames(
    id: JobId,  # noqa: A002
    /,
    *,
    state: Annotated[
        tuple[FrameState, ...], Parameter(help="frames in this state; repeatable", negative="")
    ] = (),
    json: AsJson = False,
    manager: ManagerUrl = DEFAULT_MANAGER_URL,
) -> int:
    """List the frames of a job, with what became of each.

    Example: flamenco job frames 1f3a --state failed
    """
    with reached(manager) as client:
        found = client.each_frame(job_id(client, id))
        shown = [each for each in found if not state or each.state in state]
    if json:
        print_json(shown)
    else:
        print_table(("FRAME", "STATE", "ATTEMPT", "WORKER", "SECONDS", "FILES"), map(_row, shown))
    return 0


def _row(frame: ListedFrame) -> tuple[str, ...]:
    worker = frame.worker.name if frame.worker else ""
    seconds = f"{frame.seconds:.1f}" if frame.seconds else ""
    files = " ".join(frame.files or ())
    return str(frame.frame), frame.state.value, str(frame.attempt or ""), worker, seconds, files


# Steering


@app.command
def cancel(
    id: JobId,  # noqa: A002
    /,
    *others: JobId,
    reason: Reason = "canceled from the command line",
    manager: ManagerUrl = DEFAULT_MANAGER_URL,
) -> int:
    """Stop jobs."""
    change = JobStatusChange(status=JobStatus.CANCEL_REQUESTED, reason=reason)
    return _change((id, *others), manager, "canceled", setstatus=change)


@app.command
def requeue(
    id: JobId,  # noqa: A002
    /,
    *others: JobId,
    reason: Reason = "requeued from the command line",
    manager: ManagerUrl = DEFAULT_MANAGER_URL,
) -> int:
    """Requeue canceled, failed or paused tasks of jobs; for completed jobs, all tasks."""
    change = JobStatusChange(status=JobStatus.REQUEUEING, reason=reason)
    return _change((id, *others), manager, "requeued", setstatus=change)


@app.command
def pause(
    id: JobId,  # noqa: A002
    /,
    *others: JobId,
    reason: Reason = "paused from the command line",
    manager: ManagerUrl = DEFAULT_MANAGER_URL,
) -> int:
    """Start no more tasks of jobs; running ones are finished."""
    change = JobStatusChange(status=JobStatus.PAUSE_REQUESTED, reason=reason)
    return _change((id, *others), manager, "paused", setstatus=change)


@app.command
def priority(
    number: Priority,
    id: JobId,  # noqa: A002
    /,
    *others: JobId,
    manager: ManagerUrl = DEFAULT_MANAGER_URL,
) -> int:
    """Change the priority of jobs.

    Example: flamenco job priority 80 1f3a
    """
    change = JobPriorityChange(priority=number)
    return _change((id, *others), manager, f"given priority {number}", setpriority=change)


@app.command(name="try-again")
def try_again(
    id: JobId,  # noqa: A002
    /,
    *others: JobId,
    manager: ManagerUrl = DEFAULT_MANAGER_URL,
) -> int:
    """Let jobs begin anew that are parked because they crashed or could not be read."""
    return _change((id, *others), manager, "begins anew", try_again=Nothing())


@app.command
def delete(
    id: JobId,  # noqa: A002
    /,
    *others: JobId,
    files: Annotated[
        bool, Parameter(help="also delete the files that were sent with them", negative="")
    ] = False,
    manager: ManagerUrl = DEFAULT_MANAGER_URL,
) -> int:
    """Delete jobs with their logs and pictures, but never rendered frames."""
    return _change((id, *others), manager, "deleted", delete=JobDeletion(files=files))


def _change(texts: tuple[str, ...], manager: str, done: str, **action: Any) -> int:
    """Do one thing to jobs; returns 1 if it was refused for some, with a line for each."""
    with reached(manager) as client:
        ids = tuple(job_id(client, text) for text in texts)
        result = client.change_jobs(BulkOfJobs(ids=ids, **action))
    for each in result.outcomes:
        if each.message is UNSET:
            print(f"{each.id} {done}")
        else:
            complain(f"{each.id}: {each.message}")
    return 1 if result.refused else 0
