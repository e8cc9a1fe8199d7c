"""Operations tagged `meta` that show the inside of the Manager, for operators."""

from collections.abc import Iterator, Mapping
from itertools import islice

from msgspec import UNSET

import actors
from flamenco.api.inspection import ActorFigures, ActorsWanted, ManagerActors
from flamenco.api.meta import Parked
from flamenco.model.parking import ParkedKind
from web import views
from web.context import farm, reader
from web.operations import Operations

routes = Operations("meta")


@routes.get("/manager/actors")
async def fetch_manager_actors(query: ActorsWanted) -> ManagerActors:
    """The Manager's actors with their figures, what went wrong among them, and what is parked."""
    found = [each for each in _each(farm().system.tree()) if _is_under(query.under, each.path)]
    counts = farm().system.statistics()
    return ManagerActors(
        actors=tuple(map(_figures, islice(found, query.limit))),
        total=len(found),
        dead_letters={str(reason): count for reason, count in counts.dead_letters.items()},
        unhandled=counts.unhandled,
        crashes=counts.crashes,
        restarts=counts.restarts,
        failed_commits=counts.failed_commits,
        parked_jobs=await _parked(ParkedKind.JOB),
        parked_workers=await _parked(ParkedKind.WORKER),
    )


def _each(info: actors.ActorInfo) -> Iterator[actors.ActorInfo]:
    """All actors below an actor, each before its own children."""
    for child in info.children:
        yield child
        yield from _each(child)


def _is_under(top: str, path: str) -> bool:
    return not top.strip("/") or f"{path}/".startswith(f"/{top.strip('/')}/")


def _figures(info: actors.ActorInfo) -> ActorFigures:
    return ActorFigures(
        path=info.path,
        kind=info.kind,
        state=info.state,
        waiting=info.mailbox,
        handled=info.handled,
        restarts=info.restarts,
        handler_ms=round(info.handler_ms, 3),
        busy_seconds=UNSET if info.busy_for is None else round(info.busy_for, 3),
    )


async def _parked(kind: ParkedKind) -> Mapping[str, Parked]:
    found = await reader().parked(kind)
    return {key: shown for key, why in found.items() if (shown := views.parked(why))}
