"""Operations tagged `jobs`, on whole jobs: types, submission, lists, pictures."""

from collections.abc import Iterable, Mapping, Sequence

import attrs
from msgspec import UNSET, UnsetType

from flamenco.api import jobs as api
from flamenco.api.lists import JobsWanted, TasksWanted
from flamenco.jobtypes import UnknownJobType
from flamenco.logs import job_folder
from flamenco.manager.dryruns import check, dry_run
from flamenco.manager.pictures import image_info
from flamenco.manager.refusals import NotFound, Refusal
from flamenco.manager.services import Services
from flamenco.manager.submissions import FindSubmitted, SubmitJob, checked_settings
from flamenco.model.access import Role
from flamenco.model.bounds import Word
from flamenco.model.jobs import OWNER, Job
from flamenco.model.names import fault
from flamenco.model.parking import Parked
from flamenco.model.statuses import JobStatus
from flamenco.model.unc import with_backslashes
from flamenco.model.variables import settings_to_variables
from flamenco.model.warnings import standing
from flamenco.platforms import PLATFORM
from flamenco.shaman import BadPath, checkout_path
from flamenco.store import listed_jobs, listed_tasks, read_steps, waiting_approvals
from web import views
from web.api.asking import who
from web.api.finding import find_job, workers_named
from web.api.packs import key_of
from web.askers import asker
from web.context import compiling, farm, reader, services
from web.operations import Id, Operations
from web.paging import paging, rest
from web.turns import address

SUBMIT_SECONDS = 120.0
"""Maximum seconds for compiling and storing a job."""

DEEPEST = 100
"""Maximum nesting of lists and objects in a setting; some more could be stored, but not shown."""

routes = Operations("jobs")


@routes.get("/jobs/types")
async def get_job_types() -> api.AvailableJobTypes:
    """All job types with their settings; a broken one has an `error` instead."""
    types = await services().compiler.job_types()
    return api.AvailableJobTypes(job_types=tuple(map(views.job_type, types)))


@routes.get("/jobs/type/<name>", errors=[404])
async def get_job_type(name: Word) -> api.AvailableJobType:
    """One job type."""
    try:
        return views.job_type(await services().compiler.job_type(name))
    except UnknownJobType as error:
        raise NotFound(str(error)) from None


@routes.get("/jobs")
async def fetch_jobs(query: JobsWanted) -> api.JobsQueryResult:
    """The jobs that match, newest first; by default all that are not archived."""
    page = await reader().page(listed_jobs(query), paging(query))
    jobs = await _seen_now(page.items, page.parked)
    return api.JobsQueryResult(jobs=jobs, **rest(page, query.sort))


@routes.post("/jobs", errors=[404, 409, 412, 422, 429])
async def submit_job(body: api.SubmittedJob, headers: api.SubmissionHeaders) -> api.Job:
    """Compile and store a job, or, if this was done with the same key before, find that job."""
    key = key_of(body, headers)
    if key is not None and (known := await farm().submissions.ask(FindSubmitted(key))) is not None:
        return views.job(known)
    submission = attrs.evolve(submitted(body, services()), key=key)
    await _check_tag(submission.worker_tag)
    await checked_settings(submission, services().compiler)
    async with compiling().turn(address()):
        job = await farm().submissions.ask(submission, timeout=SUBMIT_SECONDS)
    return views.job(job)


@routes.post("/jobs/check", errors=[412, 429])
async def submit_job_check(body: api.SubmittedJob) -> None:
    """Compile a job without storing it, to check it."""
    submission = submitted(body, services())
    await _check_tag(submission.worker_tag)
    await checked_settings(submission, services().compiler)
    async with compiling().turn(address()):
        await check(submission, services())


@routes.post("/jobs/dry-run", errors=[412, 429])
async def dry_run_job(body: api.SubmittedJob, query: api.DryRunWanted) -> api.DryRun:
    """The job and the tasks that a submission would come to, without storing anything."""
    submission = submitted(body, services())
    await _check_tag(submission.worker_tag)
    await checked_settings(submission, services().compiler)
    async with compiling().turn(address()):
        return views.dry_run(await dry_run(submission, services()), query.after, query.limit)


@routes.get("/jobs/<job_id>", errors=[404])
async def fetch_job(job_id: Id) -> api.Job:
    """One job."""
    found = await find_job(job_id)
    (job,) = await _seen_now([found.item], {job_id: found.parked})
    return job


async def _seen_now(
    jobs: Sequence[Job], parked: Mapping[str, Parked | None]
) -> tuple[api.Job, ...]:
    """Jobs, with the warnings that apply now, and the approvals that wait."""
    if any(job.warnings for job in jobs):
        offered = await reader().offered_types()
        jobs = [attrs.evolve(job, warnings=standing(job, offered)) for job in jobs]
    deciding = [job.id for job in jobs if job.approvals]
    found = await reader().ask(lambda db: waiting_approvals(db, deciding)) if deciding else {}
    return tuple(views.job(job, parked.get(job.id), found.get(job.id, ())) for job in jobs)


@routes.get("/jobs/<job_id>/tasks", errors=[404])
async def fetch_job_tasks(job_id: Id, query: TasksWanted) -> api.JobTasksSummary:
    """The tasks of a job that match, in order; by default all."""
    await find_job(job_id)
    wanted = attrs.evolve(paging(query), skip=query.skip)
    page = await reader().page(listed_tasks(job_id, query), wanted)
    workers = await workers_named(*(task.worker_id for task in page.items))
    summaries = tuple(
        views.task_summary(task, workers, page.parked.get(task.id)) for task in page.items
    )
    everywhere = listed_tasks(job_id, attrs.evolve(query, status=()))
    counts = await reader().counts(everywhere, "status") if query.count else UNSET
    return api.JobTasksSummary(tasks=summaries, counts=counts, **rest(page, query.sort))


@routes.get("/jobs/<job_id>/steps", errors=[404])
async def fetch_job_steps(job_id: Id) -> api.JobSteps:
    """The steps of a job: groups of tasks that are alike, and which of them need which."""
    await find_job(job_id)
    found = await reader().ask(lambda db: read_steps(db, job_id))
    return views.job_steps(found)


@routes.get("/jobs/<job_id>/last-rendered")
async def fetch_job_last_rendered_info(job_id: Id) -> api.JobLastRenderedImageInfo | None:
    """The address of a job's newest frame."""
    exists = await services().pictures.exist(job_folder(job_id))
    return image_info(job_id) if exists else None


@routes.get("/jobs/last-rendered")
async def fetch_global_last_rendered_info() -> api.JobLastRenderedImageInfo | None:
    """The address of the newest frame of the whole farm."""
    job_id = await reader().last_rendered_job()
    return image_info(job_id) if job_id else None


async def _check_tag(tag_id: str | None) -> None:
    if tag_id is not None and all(tag.id != tag_id for tag in await reader().tags()):
        raise Refusal(f"worker_tag: there is no tag {tag_id}")


def submitted(job: api.SubmittedJob, services: Services) -> SubmitJob:
    """A submission for the farm, with paths of two-way variables replaced by variables."""
    platform = job.submitter_platform
    platform = PLATFORM if platform == "manager" else platform
    storage = job.storage
    wrong, user = fault(job.name), asker().user
    if wrong:
        raise Refusal(wrong)
    if _deeper_than(DEEPEST, job.settings):
        raise Refusal(f"settings: expected at most {DEEPEST} levels of nesting")
    return SubmitJob(
        name=job.name,
        type=job.type,
        etag=_or_none(job.type_etag),
        priority=job.priority,
        settings=with_backslashes(
            settings_to_variables(job.settings, services.variables, platform), platform
        ),
        metadata={
            **settings_to_variables(job.metadata, services.variables, platform),
            **({OWNER: user.name} if user else {}),
        },
        worker_tag=_or_none(job.worker_tag),
        shaman_checkout_id=_checkout(storage),
        requirements=views.requirements(job.requirements),
        keep=job.keep is True,
        status=JobStatus.QUEUED if job.initial_status is UNSET else JobStatus(job.initial_status),
        by=who(),
        owner_id=user.id if user else "",
        role=user.role if user else Role.OPERATOR,
    )


def _checkout(storage: api.JobStorageInfo | UnsetType) -> str | None:
    """The checkout that a job says is its own, as Shaman wrote it. Raises `BadPath`."""
    given = None if isinstance(storage, UnsetType) else _or_none(storage.shaman_checkout_id)
    if not given:
        return None
    path = checkout_path(given).as_posix()
    if path != given:
        raise BadPath(f"storage.shaman_checkout_id: expected {path!r}, as Shaman writes this path")
    return path


def _deeper_than(levels: int, value: object) -> bool:
    match value:
        case dict():
            parts: Iterable[object] = value.values()
        case list():
            parts = value
        case _:
            return False
    return levels == 0 or any(_deeper_than(levels - 1, each) for each in parts)


def _or_none(text: str | UnsetType) -> str | None:
    return None if isinstance(text, UnsetType) else text or None
