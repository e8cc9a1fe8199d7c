"""Operations tagged `jobs`, on what was done of a job."""

from msgspec import UNSET

from flamenco.api import past as api
from flamenco.model.framelist import FramesPart
from flamenco.model.frametimes import MOST_OUTLIERS, frame_times
from flamenco.store import JobFrames, Share, Tried, attempts_of, going_on, history_of, shares
from web.api.finding import find_job
from web.context import reader
from web.operations import Id, Operations

MOST_SHARES = 10_000
"""Maximum number of workers of a job that are told."""

routes = Operations("jobs")


@routes.get("/jobs/<job_id>/history", errors=[404])
async def fetch_job_history(job_id: Id) -> api.JobHistory:
    """History of a job: changes of its status, and requests, the newest first."""
    await find_job(job_id)
    found = await reader().ask(lambda db: history_of(db, job_id))
    return api.JobHistory(
        entries=tuple(
            api.HistoryEntry(
                at=each.at,
                kind=each.kind,
                what=each.what,
                detail=each.detail,
                by=each.author,
                count=each.count,
            )
            for each in found
        )
    )


@routes.get("/jobs/<job_id>/workers", errors=[404])
async def fetch_job_workers(job_id: Id) -> api.JobWorkers:
    """Work of each worker on a job, the last one first."""
    await find_job(job_id)
    found = await reader().ask(lambda db: shares(db, "job_id", job_id, MOST_SHARES))
    return api.JobWorkers(workers=tuple(map(work_done, found)))


@routes.get("/jobs/<job_id>/timeline", errors=[404])
async def fetch_job_timeline(job_id: Id, query: api.AttemptsWanted) -> api.Timeline:
    """The attempts at the tasks of a job."""
    await find_job(job_id)
    over = await reader().ask(
        lambda db: attempts_of(db, "job_id", job_id, query.before, query.limit + 1)
    )
    running = await reader().ask(lambda db: going_on(db, "job_id", job_id))
    return api.Timeline(
        running=tuple(map(past_attempt, running)),
        attempts=tuple(map(past_attempt, over[: query.limit])),
        more=len(over) > query.limit,
    )


@routes.get("/jobs/<job_id>/frame-times", errors=[404])
async def fetch_job_frame_times(job_id: Id) -> api.JobFrameTimes:
    """How long the finished frames of a job took, and which stand out."""
    await find_job(job_id)
    return await reader().frames(job_id, FramesPart(), _measured)


def _measured(found: JobFrames) -> api.JobFrameTimes:
    took = [(seconds, frame) for frame in found.frames if (seconds := found.seconds_of(frame))]
    times = frame_times([seconds for seconds, _ in took])
    if times is None:
        return api.JobFrameTimes()
    limit = times.limit
    slow = [] if limit is None else [each for each in took if each[0] > limit]
    slow.sort(key=lambda each: (-each[0], each[1].number))
    return api.JobFrameTimes(
        count=times.count,
        mean=times.mean,
        shortest=times.shortest,
        first_quartile=times.first_quartile,
        median=times.median,
        third_quartile=times.third_quartile,
        longest=times.longest,
        limit=UNSET if limit is None else limit,
        outliers=tuple(
            api.SlowFrame(
                frame=frame.number,
                seconds=seconds,
                task=frame.task.id,
                attempt=frame.task.lease,
                worker_id=frame.task.worker_id or "",
                worker_name=found.workers.get(frame.task.worker_id or "", ""),
            )
            for seconds, frame in slow[:MOST_OUTLIERS]
        ),
    )


def past_attempt(tried: Tried) -> api.PastAttempt:
    return api.PastAttempt(
        task_id=tried.task_id,
        task_name=tried.task_name,
        job_id=tried.job_id,
        job_name=tried.job_name,
        attempt=tried.lease,
        worker_id=tried.worker_id,
        worker_name=tried.worker_name,
        started=tried.started,
        frames=tried.frames,
        ended=tried.ended or UNSET,
        ending=tried.ending or UNSET,
        reason=tried.reason or UNSET,
    )


def work_done(share: Share) -> api.WorkDone:
    return api.WorkDone(
        worker_id=share.worker_id,
        worker_name=share.worker_name,
        job_id=share.job_id,
        job_name=share.job_name,
        seconds=share.seconds,
        frames=share.frames,
        completed=share.completed,
        failed=share.failed,
        last=share.last,
    )
