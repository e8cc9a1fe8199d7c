"""`flamenco jobs`: the list of jobs."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from flamenco.api.jobs import Job
from flamenco.api.lists import MOST, JobSort, JobsWanted
from flamenco.cli import showing
from flamenco.cli.reaching import SORTED, AsJson, ManagerUrl, reached, tag_id, worker_id
from flamenco.cli.showing import between, complain, print_json, print_table, short, when
from flamenco.config.worker import DEFAULT_MANAGER_URL
from flamenco.model.statuses import JobStatus

SHOWN = 50
"""Default number of jobs on a terminal."""

COLUMNS = ("ID", "NAME", "STATUS", "FRAMES", "PRIORITY", "TYPE", "CREATED", "ETA")


def jobs(
    *,
    status: Annotated[
        tuple[JobStatus, ...], Parameter(help="jobs with this status; repeatable", negative="")
    ] = (),
    type: Annotated[  # noqa: A002
        tuple[str, ...], Parameter(help="jobs of this type; repeatable", negative="")
    ] = (),
    name: Annotated[str, Parameter(help="part of the name")] = "",
    tag: Annotated[str, Parameter(help="jobs with this tag")] = "",
    owner: Annotated[
        tuple[str, ...], Parameter(help="jobs of this person; repeatable", negative="")
    ] = (),
    worker: Annotated[str, Parameter(help="jobs that this worker (name or id) worked on")] = "",
    archived: Annotated[bool, Parameter(help="archived jobs only", negative="")] = False,
    sort: Annotated[JobSort, SORTED] = "-created",
    limit: Annotated[
        int | None, Parameter(help="maximum; default: 50 on a terminal", validator=Number(gte=1))
    ] = None,
    json: AsJson = False,
    manager: ManagerUrl = DEFAULT_MANAGER_URL,
) -> int:
    """List jobs, newest first.

    Example: flamenco jobs --status active --status queued --sort -priority
    """
    most = SHOWN if limit is None and showing.on_terminal() and not json else limit
    with reached(manager) as client:
        wanted = JobsWanted(
            status=status,
            type=type,
            name=name,
            owner=owner,
            tag=tag_id(client, tag) if tag else "",
            worker=worker_id(client, worker) if worker else "",
            archived=archived,
            sort=sort,
            limit=min(most + 1, MOST) if most else None,
        )
        found: list[Job] = []
        for job in client.each_job(wanted):
            found.append(job)
            if most is not None and len(found) > most:
                break
    shown = found[:most]
    if json:
        print_json(shown)
    else:
        print_table(COLUMNS, map(_row, shown))
    if len(found) > len(shown) and limit is None:
        complain(f"there are more than {len(shown)}; --limit shows them")
    return 0


def _row(job: Job) -> tuple[str, ...]:
    frames = f"{job.frames.done}/{job.frames.total}"
    priority, created = str(job.priority), when(job.created)
    status = "parked" if job.parked else job.status.value
    eta = between(job.eta)
    return short(job.id), job.name, status, frames, priority, job.type, created, eta
