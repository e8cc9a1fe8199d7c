"""Options that all commands for a running farm share, and the meaning of ids and names."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from flamenco.api.jobs import TaskSummary
from flamenco.api.lists import JobsWanted, TasksWanted
from flamenco.cli.errors import CommandError
from flamenco.client import SyncClient, open_sync_client
from flamenco.model.statuses import JobStatus, TaskStatus

ManagerUrl = Annotated[
    str, Parameter(name="--manager", env_var="FLAMENCO_MANAGER", help="URL of the Manager")
]
SORTED = Parameter(help="sort key; with - in front: descending", allow_leading_hyphen=True)
Priority = Annotated[
    int, Parameter(help="priority, 0 to 100; higher goes first", validator=Number(gte=0, lte=100))
]
AsJson = Annotated[bool, Parameter(name="--json", help="print JSON, for scripts", negative="")]

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHOWN = 5


@contextmanager
def reached(manager: str) -> Iterator[SyncClient]:
    """A client of the Manager at a URL."""
    with open_sync_client(manager, "CLI") as client:
        yield client


def job_id(client: SyncClient, text: str) -> str:
    """The id of the only job that ``text`` begins, archived or not. Raises `CommandError`."""
    start = text.lower()
    if _UUID.fullmatch(start):
        return start
    found = [
        job
        for archived in (False, True)
        for job in client.jobs_page(JobsWanted(id=start, archived=archived, limit=_SHOWN)).jobs
    ]
    if not found:
        raise CommandError(f"there is no job whose id begins with {text}")
    return _only("job", text, [(job.id, job.name) for job in found])


def worker_id(client: SyncClient, text: str) -> str:
    """The id of the only worker with this name or beginning of its id. Raises `CommandError`."""
    known = [(worker.id, worker.name) for worker in client.workers()]
    named = [each for each in known if each[1] == text]
    begins = [each for each in known if each[0].startswith(text.lower())]
    return _only("worker", text, named or begins)


def tag_id(client: SyncClient, text: str) -> str:
    """The id of the tag with this name or id. Raises `CommandError`."""
    tags = [(str(tag.id), tag.name) for tag in client.tags()]
    return _only("tag", text, [each for each in tags if text in each])


def first_failed(client: SyncClient, job: str) -> TaskSummary | None:
    """The task of a job that failed first; None if none has failed."""
    wanted = TasksWanted(status=(TaskStatus.FAILED,), sort="updated", limit=1)
    return next(iter(client.tasks_page(job, wanted).tasks), None)


def task_of(client: SyncClient, job: str, text: str | None) -> TaskSummary:
    """A task of a job by its name, its place or the beginning of its id.

    Without it, of a job that failed its first failed task, else the latest one.

    Raises `CommandError`.
    """
    if text is None:
        is_failed = client.job(job).status is JobStatus.FAILED
        failed = first_failed(client, job) if is_failed else None
        if failed:
            return failed
        latest = client.tasks_page(job, TasksWanted(sort="-updated", limit=1)).tasks
        if not latest:
            raise CommandError(f"job {job} has no tasks")
        return latest[0]
    tasks = client.tasks(job)
    found = [task for task in tasks if text in (task.name, str(task.index_in_job))]
    found = found or [task for task in tasks if task.id.startswith(text.lower())]
    only = _only("task", text, [(task.id, task.name) for task in found])
    return next(task for task in found if task.id == only)


def _only(what: str, text: str, found: Sequence[tuple[str, str]]) -> str:
    if len(found) == 1:
        return found[0][0]
    if not found:
        raise CommandError(f"there is no {what} {text}")
    names = ", ".join(f"{each} ({name})" for each, name in found[:_SHOWN])
    raise CommandError(f"{text} could be more than one {what}: {names}")
