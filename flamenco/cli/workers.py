"""`flamenco workers`: the list of workers."""

from typing import Annotated

from cyclopts import App, Parameter
from msgspec import UnsetType

from flamenco.api.lists import WorkerSort, WorkersWanted
from flamenco.api.workers import WorkerSummary
from flamenco.cli.reaching import SORTED, AsJson, ManagerUrl, reached, tag_id, worker_id
from flamenco.cli.showing import print_json, print_table, short, when
from flamenco.config.worker import DEFAULT_MANAGER_URL
from flamenco.model.statuses import WorkerStatus

Named = Annotated[str, Parameter(help="name or id, which may be shortened")]
COLUMNS = ("ID", "NAME", "STATUS", "ASKED", "SEEN", "VERSION")


app = App(name="workers")


@app.default
def workers(
    *,
    status: Annotated[
        tuple[WorkerStatus, ...],
        Parameter(help="workers with this status; repeatable", negative=""),
    ] = (),
    type: Annotated[  # noqa: A002
        tuple[str, ...], Parameter(help="workers for this task type; repeatable", negative="")
    ] = (),
    name: Annotated[str, Parameter(help="part of the name")] = "",
    tag: Annotated[str, Parameter(help="workers with this tag")] = "",
    sort: Annotated[WorkerSort, SORTED] = "name",
    json: AsJson = False,
    manager: ManagerUrl = DEFAULT_MANAGER_URL,
) -> int:
    """List workers.

    Example: flamenco workers --status error
    """
    with reached(manager) as client:
        wanted = WorkersWanted(
            status=status,
            type=type,
            name=name,
            tag=tag_id(client, tag) if tag else "",
            sort=sort,
        )
        found = client.workers_page(wanted).workers
    if json:
        print_json(found)
    else:
        print_table(COLUMNS, map(_row, found))
    return 0


app.command("flamenco.cli.joining:app", name="join-token")


@app.command
def approve(worker: Named, /, *, manager: ManagerUrl = DEFAULT_MANAGER_URL) -> int:
    """Let a worker work that waits for approval."""
    with reached(manager) as client:
        found = worker_id(client, worker)
        client.approve_worker(found)
    print(f"{found} may work")
    return 0


@app.command
def revoke(worker: Named, /, *, manager: ManagerUrl = DEFAULT_MANAGER_URL) -> int:
    """Let the credentials of a worker count no longer: it has to join anew."""
    with reached(manager) as client:
        found = worker_id(client, worker)
        client.revoke_worker_credentials(found)
    print(f"the credentials of {found} are over")
    return 0


@app.command(name="try-again")
def try_again(worker: Named, /, *, manager: ManagerUrl = DEFAULT_MANAGER_URL) -> int:
    """Let a worker begin anew that is parked because it crashed or could not be read."""
    with reached(manager) as client:
        found = worker_id(client, worker)
        client.try_worker_again(found)
    print(f"{found} begins anew")
    return 0


def _row(worker: WorkerSummary) -> tuple[str, ...]:
    change = worker.status_change
    asked = "" if isinstance(change, UnsetType) else change.status.value
    seen = when(worker.last_seen)
    status = "parked" if worker.parked else worker.status.value
    if worker.awaits_approval:
        status = "waits for approval"
    return short(worker.id), worker.name, status, asked, seen, worker.version
