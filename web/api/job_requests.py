"""Operations tagged `jobs` that ask something of a job: status, marks, deletion, blocklist."""

from datetime import timedelta

from quart import Blueprint, request

from flamenco.api import jobs as api
from flamenco.manager.deletions import own_files
from flamenco.manager.messages import NotAllowed, Refusal
from flamenco.manager.requests import (
    ArchiveJob,
    DeleteJob,
    KeepJob,
    SetJobPriority,
    SetJobStatus,
    SetJobTag,
    Unblock,
    WhyWaiting,
)
from web import views
from web.api.asking import ask_job
from web.api.finding import find_job, workers_by_id
from web.context import reader, services
from web.wire import Answer, body, empty, failure, reply

PRIORITIES = range(101)

routes = Blueprint("job_requests", __name__)


def checked_priority(priority: int) -> int:
    """The priority. Raises `Refusal` if it is none."""
    if priority not in PRIORITIES:
        raise Refusal(f"priority: expected 0 to {PRIORITIES[-1]}, got {priority}")
    return priority


@routes.post("/jobs/<job_id>/setstatus")
async def set_job_status(job_id: str) -> Answer:
    change = await body(api.JobStatusChange)
    await ask_job(job_id, SetJobStatus(change.status, change.reason))
    return empty()


@routes.post("/jobs/<job_id>/setpriority")
async def set_job_priority(job_id: str) -> Answer:
    priority = checked_priority((await body(api.JobPriorityChange)).priority)
    await ask_job(job_id, SetJobPriority(priority))
    return empty()


@routes.post("/jobs/<job_id>/settag")
async def set_job_tag(job_id: str) -> Answer:
    """By id, else by name; neither takes the tag away (reference api §4)."""
    change = await body(api.JobTagChange)
    tags = await reader().tags()
    wanted = change.id or change.name
    found = [tag.id for tag in tags if wanted in ((tag.id,) if change.id else (tag.name,))]
    if wanted and not found:
        raise NotAllowed(f"there is no tag {wanted}")
    await ask_job(job_id, SetJobTag(found[0] if wanted else None))
    return empty()


@routes.post("/jobs/<job_id>/setkeep")
async def set_job_keep(job_id: str) -> Answer:
    await ask_job(job_id, KeepJob((await body(api.JobKeepChange)).keep))
    return empty()


@routes.post("/jobs/<job_id>/setarchived")
async def set_job_archived(job_id: str) -> Answer:
    await ask_job(job_id, ArchiveJob((await body(api.JobArchiveChange)).archived))
    return empty()


@routes.get("/jobs/<job_id>/why-waiting")
async def why_job_waits(job_id: str) -> Answer:
    return reply(api.WaitingReason(reason=await ask_job(job_id, WhyWaiting())))


# Deletion


@routes.get("/jobs/<job_id>/what-would-delete-do")
async def what_would_delete_do(job_id: str) -> Answer:
    own = own_files(await find_job(job_id), services().paths)
    return reply(api.JobDeletionInfo(shaman_checkout=own is not None))


@routes.delete("/jobs/<job_id>")
async def delete_job(job_id: str) -> Answer:
    await ask_job(job_id, DeleteJob(files=request.args.get("files") == "true"))
    return empty()


@routes.delete("/jobs/mass-delete")
async def delete_jobs() -> Answer:
    """All jobs that last changed at this time or before, counted in whole seconds."""
    latest = (await body(api.JobMassDeletionSelection)).last_updated_max
    if latest.tzinfo is None:
        raise Refusal("last_updated_max: expected a time with its zone: 2026-01-31T12:00:00Z")
    if latest.microsecond:
        latest = latest.replace(microsecond=0) + timedelta(seconds=1)
    found = await reader().jobs_to_delete(latest)
    if not found:
        return failure(416, f"no job last changed at {latest.isoformat()} or before")
    for job_id in found:
        await ask_job(job_id, DeleteJob())
    return empty()


# The blocklist


@routes.get("/jobs/<job_id>/blocklist")
async def fetch_job_blocklist(job_id: str) -> Answer:
    await find_job(job_id)
    workers = await workers_by_id()
    entries = [views.block(each, workers) for each in await reader().blocks(job_id)]
    return reply(sorted(entries, key=lambda entry: str(entry.worker_name or "")))


@routes.delete("/jobs/<job_id>/blocklist")
async def remove_job_blocklist(job_id: str) -> Answer:
    entries = await body(tuple[api.JobBlocklistEntry, ...])
    if not entries:
        raise Refusal("expected a list of entries to take from the blocklist")
    pairs = tuple((entry.worker_id, entry.task_type) for entry in entries)
    await ask_job(job_id, Unblock(pairs))
    return empty()
