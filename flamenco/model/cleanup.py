"""Jobs and workers that are old enough to be cleaned up."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import attrs

from flamenco.model.absence import AWAY
from flamenco.model.jobs import Job
from flamenco.model.statuses import FINISHED_JOBS
from flamenco.model.workers import Worker


@attrs.frozen
class Due:
    """Jobs that are due for clean-up."""

    archive: tuple[Job, ...]
    delete: tuple[Job, ...]


def due_jobs(jobs: Iterable[Job], now: datetime, archive_after: float, delete_after: float) -> Due:
    """Finished jobs to archive and to delete, without those marked "keep".

    The durations are seconds since the job last changed; 0 means never.
    """
    mortal = [job for job in jobs if job.status in FINISHED_JOBS and not job.keep]
    delete = [
        job
        for job in mortal
        if _over(job.updated, now, delete_after) and job.delete_requested_at is None
    ]
    going = {job.id for job in delete}
    archive = [
        job
        for job in mortal
        if job.id not in going
        and job.archived_at is None
        and _over(job.updated, now, archive_after)
    ]
    return Due(tuple(archive), tuple(delete))


def due_workers(workers: Iterable[Worker], now: datetime, after: float) -> list[Worker]:
    """Workers that have been away for at least ``after`` seconds; 0 means none."""
    return [
        worker
        for worker in workers
        if worker.status in AWAY and _over(worker.last_seen or worker.created, now, after)
    ]


def _over(since: datetime, now: datetime, seconds: float) -> bool:
    return seconds > 0 and now - since >= timedelta(seconds=seconds)
