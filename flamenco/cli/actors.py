"""`flamenco actors`: the inside of a running Manager."""

from collections.abc import Iterator
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from flamenco.api.inspection import MOST_ACTORS, ActorFigures, ActorsWanted, ManagerActors
from flamenco.cli import showing
from flamenco.cli.reaching import AsJson, ManagerUrl, reached
from flamenco.cli.showing import complain, print_facts, print_json, print_table
from flamenco.config.worker import DEFAULT_MANAGER_URL

COLUMNS = ("PATH", "STATE", "WAITING", "HANDLED", "RESTARTS", "MEAN MS", "BUSY S", "KIND")


def actors(
    under: Annotated[str, Parameter(help="path of an actor, shown with all below it")] = "",
    /,
    *,
    limit: Annotated[
        int, Parameter(help="maximum number of actors", validator=Number(gte=1, lte=MOST_ACTORS))
    ] = 1000,
    json: AsJson = False,
    manager: ManagerUrl = DEFAULT_MANAGER_URL,
) -> int:
    """Show the Manager's actors, what went wrong among them, and what is parked.

    Example: flamenco actors /workers
    """
    with reached(manager) as client:
        found = client.actors(ActorsWanted(under=under, limit=limit))
    if json:
        print_json(found)
        return 0
    print_table(COLUMNS, map(_row, found.actors))
    if showing.on_terminal():
        print()
        print_facts(_facts(found))
    if found.total > len(found.actors):
        complain(f"there are {found.total}; --limit shows more of them")
    return 0


def _row(actor: ActorFigures) -> tuple[str, ...]:
    busy = f"{actor.busy_seconds:.1f}" if isinstance(actor.busy_seconds, float) else ""
    counts = (actor.waiting, actor.handled, actor.restarts)
    return actor.path, actor.state, *map(str, counts), f"{actor.handler_ms:.2f}", busy, actor.kind


def _facts(found: ManagerActors) -> Iterator[tuple[str, str]]:
    yield "Crashes", str(found.crashes)
    yield "Restarts", str(found.restarts)
    yield "Failed commits", str(found.failed_commits)
    yield "Messages nobody handles", str(found.unhandled)
    lost = [f"{count} {reason}" for reason, count in found.dead_letters.items() if count]
    yield "Messages to nobody", ", ".join(lost) or "0"
    for kind, parked in (("job", found.parked_jobs), ("worker", found.parked_workers)):
        for name, why in parked.items():
            yield f"Parked {kind} {name}", why.reason
    for part in found.parked:
        yield f"Parked {part.path}", part.reason
