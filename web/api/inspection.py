"""Operations tagged `meta` that show the inside of the Manager, for operators."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice

from msgspec import UNSET

import actors
from flamenco import clock
from flamenco.api.inspection import (
    ActorFigures,
    ActorsWanted,
    ActorTriedAgain,
    ManagerActors,
    ManagerConnections,
    ShownConnection,
)
from flamenco.api.meta import Parked
from flamenco.api.past import (
    FailureReason,
    FarmHour,
    FarmStatistics,
    FarmWanted,
    WaitingJob,
)
from flamenco.manager.asking import ask_job
from flamenco.manager.connections import GetConnection
from flamenco.manager.jobs.messages import WhyWaiting
from flamenco.manager.refusals import NotAllowed, NotFound, Refusal
from flamenco.model.connections import Connection
from flamenco.model.jobs import Job
from flamenco.model.lists import JobFilter, Order, Paging
from flamenco.model.parking import ParkedKind
from flamenco.model.statuses import JobStatus
from flamenco.model.usage import HOUR, Hour
from flamenco.store import farm_since, listed_jobs
from web import views
from web.context import farm, reader
from web.operations import Operations

_WAITING = Paging(order=Order("priority", descending=True), limit=20, count=True)
"""The jobs of which it is told why they wait."""

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
        parked=views.parked_parts(farm().system.parked),
    )


@routes.post("/manager/actors/try-again", errors=[404, 422])
async def try_actor_again(body: ActorTriedAgain) -> None:
    """Let a part of the Manager that is parked begin anew now."""
    found = farm().system.find(body.path)
    if found is None:
        raise NotFound(f"there is no actor {body.path}")
    if not found.retry():
        raise NotAllowed(f"{body.path} is not parked")


@routes.get("/manager/connections")
async def fetch_manager_connections() -> ManagerConnections:
    """The Manager's lasting connections to services outside, and how they are."""
    return ManagerConnections(
        mqtt=_shown(await farm().mqtt.ask(GetConnection())),
        upstream=_shown(await farm().upstream.ask(GetConnection())),
    )


def _shown(connection: Connection) -> ShownConnection:
    return ShownConnection(
        state=connection.state,
        to=connection.to or UNSET,
        since=connection.since,
        reason=connection.reason or UNSET,
        sent=connection.sent,
        lost=connection.lost,
    )


@routes.get("/farm/statistics")
async def fetch_farm_statistics(query: FarmWanted) -> FarmStatistics:
    """Recent work of the farm, and the work that waits."""
    now = clock.now()
    since = now - timedelta(hours=query.hours)
    past = await reader().ask(lambda db: farm_since(db, since, now))
    whole = query.hours * HOUR.total_seconds() * past.workers
    waiting = await reader().page(listed_jobs(JobFilter(status=(JobStatus.QUEUED,))), _WAITING)
    return FarmStatistics(
        hours=tuple(_hour(hour, past.workers, since, now) for hour in past.hours),
        frames_per_hour=sum(hour.frames for hour in past.hours) / query.hours,
        utilisation=_share(sum(hour.busy_seconds for hour in past.hours), whole),
        workers=past.workers,
        failures=tuple(FailureReason(reason=why, count=count) for why, count in past.failures),
        waiting=tuple([await _waits(job) for job in waiting.items]),
        waiting_total=waiting.total or 0,
    )


def _hour(hour: Hour, workers: int, since: datetime, now: datetime) -> FarmHour:
    length = min(hour.start + HOUR, now) - max(hour.start, since)
    return FarmHour(
        start=hour.start,
        frames=hour.frames,
        completed=hour.completed,
        failed=hour.failed,
        utilisation=_share(hour.busy_seconds, length.total_seconds() * workers),
    )


def _share(part: float, whole: float) -> float:
    return min(1.0, part / whole) if whole > 0 else 0.0


async def _waits(job: Job) -> WaitingJob:
    try:
        reason = await ask_job(farm().system, job.id, WhyWaiting())
    except (Refusal, actors.ActorError):
        reason = ""
    return WaitingJob(id=job.id, name=job.name, priority=job.priority, reason=reason)


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
