"""Operations tagged `jobs` that change a job: status, marks, deletion, blocklist."""

from contextlib import suppress
from datetime import timedelta

from flamenco.api import jobs as api
from flamenco.api.bulk import BulkResult
from flamenco.manager.asking import ask_job
from flamenco.manager.deletions import own_files
from flamenco.manager.jobs.messages import (
    ArchiveJob,
    KeepJob,
    RemoveJob,
    SetJobPriority,
    SetJobStatus,
    SetJobTag,
    Unblock,
    WhyWaiting,
)
from flamenco.manager.parking import TryAgain
from flamenco.manager.refusals import NotAllowed, NotFound
from flamenco.model.lists import TaskFilter
from flamenco.model.statuses import TaskStatus
from flamenco.store import listed_tasks
from web import views
from web.api.asking import ask, demand_job
from web.api.finding import find_job, workers_named
from web.api.many import to_tasks
from web.context import farm, reader, services
from web.operations import Id, Operations
from web.wire import Answer, failure

routes = Operations("jobs")


@routes.post("/jobs/<job_id>/setstatus", errors=[404, 409, 422])
async def set_job_status(job_id: Id, body: api.JobStatusChange) -> None:
    """Pause, cancel or requeue a job."""
    await ask(job_id, SetJobStatus(body.status, body.reason))


@routes.post("/jobs/<job_id>/requeue-failed", errors=[404, 409, 422])
async def requeue_failed_tasks(job_id: Id, body: api.FailedTasksRequeueing) -> BulkResult:
    """Queue all failed tasks of a job again, and leave the others as they are; their outcomes."""
    await find_job(job_id)
    failed = await reader().ids(listed_tasks(job_id, TaskFilter(status=(TaskStatus.FAILED,))))
    if not failed:
        raise NotAllowed("no task of the job has failed")
    result = await to_tasks(dict.fromkeys(failed, job_id), TaskStatus.QUEUED, body.reason)
    if not result.done:
        raise NotAllowed(result.reasons[0].message)
    return result


@routes.post("/jobs/<job_id>/setpriority", errors=[404, 409, 422])
async def set_job_priority(job_id: Id, body: api.JobPriorityChange) -> None:
    """Change the priority of a job."""
    await ask(job_id, SetJobPriority(body.priority))


@routes.post("/jobs/<job_id>/settag", errors=[404, 409, 422])
async def set_job_tag(job_id: Id, body: api.JobTagChange) -> None:
    """Let only workers with this tag run a job, or all workers.

    The tag is found by id, else by name; neither takes the tag away (reference api §4).
    """
    wanted = body.id or None
    if body.name and not wanted:
        named = [tag.id for tag in await reader().tags() if tag.name == body.name]
        if not named:
            raise NotAllowed(f"there is no tag {body.name}")
        (wanted,) = named
    await ask(job_id, SetJobTag(wanted))


@routes.post("/jobs/<job_id>/setkeep", errors=[404, 409, 422])
async def set_job_keep(job_id: Id, body: api.JobKeepChange) -> None:
    """Protect a job from the automatic clean-up, or don't."""
    await ask(job_id, KeepJob(body.keep))


@routes.post("/jobs/<job_id>/setarchived", errors=[404, 409, 422])
async def set_job_archived(job_id: Id, body: api.JobArchiveChange) -> None:
    """Take a finished job off the list, or bring it back."""
    await ask(job_id, ArchiveJob(body.archived))


@routes.post("/jobs/<job_id>/try-again", errors=[404, 409, 422])
async def try_job_again(job_id: Id) -> None:
    """Let a job that is parked begin anew."""
    await demand_job(job_id)
    await ask_job(farm().system, job_id, TryAgain())


@routes.get("/jobs/<job_id>/why-waiting", errors=[404, 409])
async def why_job_waits(job_id: Id) -> api.WaitingReason:
    """The reason why a job waits, in one sentence."""
    parked = (await find_job(job_id)).parked
    if parked is not None:
        return api.WaitingReason(reason=f"it is parked: {parked.reason}")
    return api.WaitingReason(reason=await ask_job(farm().system, job_id, WhyWaiting()))


# Deletion


@routes.get("/jobs/<job_id>/what-would-delete-do", errors=[404])
async def delete_job_what_would_it_do(job_id: Id) -> api.JobDeletionInfo:
    """Tell if a job has files of its own that could be deleted with it."""
    own = await own_files((await find_job(job_id)).item, services())
    return api.JobDeletionInfo(shaman_checkout=own is not None)


@routes.delete("/jobs/<job_id>", errors=[404, 409, 422])
async def delete_job(job_id: Id, query: api.JobDeletion) -> None:
    """Delete a job."""
    await ask(job_id, RemoveJob(files=query.files))


@routes.delete("/jobs/mass-delete", errors=[416])
async def delete_job_mass(body: api.JobMassDeletionSelection) -> Answer | None:
    """Delete all jobs that last changed at this time or before, in whole seconds."""
    latest = body.last_updated_max
    with suppress(OverflowError):  # the last possible second
        if latest.microsecond:
            latest = latest.replace(microsecond=0) + timedelta(seconds=1)
    found = await reader().jobs_to_delete(latest)
    if not found:
        return failure(416, f"no job last changed at {latest.isoformat()} or before")
    for job_id in found:
        with suppress(NotFound, NotAllowed):  # it is gone, or is needed again
            await ask(job_id, RemoveJob(unchanged_since=latest))
    return None


# The blocklist


@routes.get("/jobs/<job_id>/blocklist", errors=[404])
async def fetch_job_blocklist(job_id: Id) -> tuple[api.JobBlocklistEntry, ...]:
    """The blocklist of a job: workers that get no tasks of a type."""
    await find_job(job_id)
    blocks = await reader().blocks(job_id)
    workers = await workers_named(*(block.worker_id for block in blocks))
    entries = [views.block(each, workers) for each in blocks]
    return tuple(sorted(entries, key=lambda entry: str(entry.worker_name or "")))


@routes.delete("/jobs/<job_id>/blocklist", errors=[404, 409])
async def remove_job_blocklist(job_id: Id, body: api.JobBlocklist) -> None:
    """Remove these entries from the blocklist of a job."""
    pairs = tuple((entry.worker_id, entry.task_type) for entry in body)
    await ask(job_id, Unblock(pairs))
