"""Model objects as the API shows them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import attrs
import trio
from msgspec import UNSET, UnsetType

import actors
from flamenco import clock
from flamenco.api import jobs as api
from flamenco.api import meta
from flamenco.api import workers as worker_api
from flamenco.manager.dryruns import Planned
from flamenco.manager.events import eta_now, worker_task
from flamenco.model.jobs import Attempt, Block, Command, Job, JobRequirements, Task
from flamenco.model.jobtypes import JobType, setting_values
from flamenco.model.load import LoadSample
from flamenco.model.parking import Parked
from flamenco.model.schedules import SleepSchedule, days_text, time_text
from flamenco.model.specs import Requirements, Specs
from flamenco.model.steps import Steps
from flamenco.model.workers import Worker, WorkerTag
from flamenco.store import Held

Workers = Mapping[str, Worker]
"""Workers by id."""


def job_type(job_type: JobType) -> api.AvailableJobType:
    return api.AvailableJobType(
        name=job_type.name,
        label=job_type.label,
        description=job_type.description or UNSET,
        settings=tuple(setting_values(each) for each in job_type.settings),
        etag=job_type.etag,
        error=job_type.error or UNSET,
        warnings=job_type.warnings or UNSET,
    )


def parked(parked: Parked | None) -> meta.Parked | UnsetType:
    if parked is None:
        return UNSET
    return meta.Parked(reason=parked.reason, since=parked.since or UNSET)


def parked_parts(pauses: Mapping[str, actors.Pause]) -> tuple[meta.ParkedPart, ...]:
    """The parts of the Manager that are parked; their clock is Trio's."""
    now, ticks = clock.now(), trio.current_time()
    return tuple(
        meta.ParkedPart(
            path=path,
            reason=f"it kept crashing, at last with {pause.reason}",
            since=now - timedelta(seconds=ticks - pause.began),
            tried_again_at=now + timedelta(seconds=pause.until - ticks),
        )
        for path, pause in pauses.items()
    )


def job(
    job: Job, why_parked: Parked | None = None, approvals: Iterable[tuple[str, str]] = ()
) -> api.Job:
    """A job, with ids and names of its ``approvals`` that wait."""
    storage = (
        api.JobStorageInfo(shaman_checkout_id=job.shaman_checkout_id)
        if job.shaman_checkout_id
        else UNSET
    )
    return api.Job(
        id=job.id,
        name=job.name,
        type=job.type,
        priority=job.priority,
        submitter_platform="",
        settings=job.settings,
        metadata=job.metadata,
        storage=storage,
        worker_tag=job.worker_tag or UNSET,
        created=job.created,
        updated=job.updated,
        status=job.status,
        activity=job.activity,
        steps_completed=job.steps_completed,
        steps_total=job.steps_total,
        frames=job.frames,
        approvals=job.approvals,
        waiting_approvals=tuple(api.WaitingApproval(id=key, name=name) for key, name in approvals)
        or UNSET,
        owner=job.owner or UNSET,
        started=job.started or UNSET,
        ended=job.ended or UNSET,
        eta=eta_now(job),
        delete_requested_at=job.delete_requested_at or UNSET,
        archived_at=job.archived_at or UNSET,
        requirements=_requirements(job.requirements),
        keep=job.keep or UNSET,
        warnings=job.warnings or UNSET,
        parked=parked(why_parked),
    )


def _requirements(needs: JobRequirements) -> api.JobRequirements | UnsetType:
    if needs == JobRequirements():
        return UNSET
    every = {name: getattr(needs.every_task, name) for name in attrs.fields_dict(Requirements)}
    return api.JobRequirements(**every, task_types=needs.by_task_type)


def requirements(needs: api.JobRequirements | UnsetType) -> JobRequirements:
    """A submitter's requirements, in the farm's form."""
    if isinstance(needs, UnsetType):
        return JobRequirements()
    every = {name: getattr(needs, name) for name in attrs.fields_dict(Requirements)}
    return JobRequirements(Requirements(**every), dict(needs.task_types))


def dry_run(planned: Planned, after: int, limit: int) -> api.DryRun:
    """A job that is not stored, and the tasks behind a number."""
    job, every = planned.live.job, list(planned.live.tasks.values())
    numbers = {task.id: task.idx for task in every}
    some = every[after : after + limit]
    return api.DryRun(
        name=job.name,
        priority=job.priority,
        frames=job.frames,
        total=len(every),
        task_types=Counter(task.type for task in every),
        warnings=job.warnings,
        settings=job.settings,
        tasks=tuple(_planned(task, planned.commands[task.idx - 1], numbers) for task in some),
        next=after + limit if len(every) > after + limit else UNSET,
    )


def _planned(task: Task, commands: tuple[str, ...], numbers: Mapping[str, int]) -> api.PlannedTask:
    needed = task.depends_on[: api.LONGEST_DEPENDS_ON]
    return api.PlannedTask(
        index_in_job=task.idx,
        name=task.name,
        task_type=task.type,
        priority=task.priority,
        frames=task.frames,
        steps_total=task.steps_total,
        commands=commands,
        depends_on=tuple(numbers[each] for each in needed),
        more_dependencies=len(task.depends_on) - len(needed),
    )


def attempt(attempt: Attempt, workers: Workers) -> api.Attempt:
    known = workers.get(attempt.worker_id)
    worker = api.TaskWorker(
        id=attempt.worker_id,
        name=attempt.worker_name,
        address=known.address if known else "",
    )
    return api.Attempt(
        lease=attempt.lease,
        worker=worker,
        started=attempt.started,
        ended=attempt.ended,
        ending=attempt.ending,
        reason=attempt.reason,
        exit_code=UNSET if attempt.exit_code is None else attempt.exit_code,
        peak_memory=UNSET if attempt.peak_memory is None else attempt.peak_memory,
    )


def block(block: Block, workers: Workers) -> api.JobBlocklistEntry:
    known = workers.get(block.worker_id)
    return api.JobBlocklistEntry(
        worker_id=block.worker_id,
        task_type=block.task_type,
        worker_name=known.name if known else UNSET,
        reason=block.reason,
        created=block.created,
    )


def tag(tag: WorkerTag) -> worker_api.WorkerTag:
    return worker_api.WorkerTag(id=tag.id, name=tag.name, description=tag.description or UNSET)


def schedule(
    schedule: SleepSchedule, next_change: datetime | None
) -> worker_api.WorkerSleepSchedule:
    return worker_api.WorkerSleepSchedule(
        is_active=schedule.is_active,
        days_of_week=days_text(schedule),
        start_time=time_text(schedule.start),
        end_time=time_text(schedule.end),
        timezone=schedule.timezone or UNSET,
        next_change=next_change or UNSET,
    )


def task_worker(worker_id: str | None, workers: Workers) -> api.TaskWorker:
    """The worker of a task; empty texts for a worker that is deleted or never existed."""
    worker = workers.get(worker_id or "")
    if worker is None:
        return api.TaskWorker(id=worker_id or "", name="", address="")
    return api.TaskWorker(id=worker.id, name=worker.name, address=worker.address)


def job_steps(found: Steps) -> api.JobSteps:
    steps = [
        api.JobStep(
            type=step.type,
            name=step.name,
            counts={status.value: count for status, count in step.counts.items()},
        )
        for step in found.steps
    ]
    links = [api.StepLink(before=before, after=after) for before, after in found.links]
    return api.JobSteps(steps=tuple(steps), links=tuple(links))


def task_summary(task: Task, workers: Workers, why_parked: Parked | None = None) -> api.TaskSummary:
    return api.TaskSummary(
        id=task.id,
        name=task.name,
        status=task.status,
        index_in_job=task.idx,
        priority=task.priority,
        task_type=task.type,
        updated=task.updated,
        steps_completed=task.steps_completed,
        steps_total=task.steps_total,
        worker=task_worker(task.worker_id, workers),
        parked=parked(why_parked),
    )


def task(
    task: Task,
    commands: tuple[Command, ...],
    workers: Workers,
    why_parked: Parked | None = None,
) -> api.Task:
    return api.Task(
        id=task.id,
        created=task.created,
        updated=task.updated,
        job_id=task.job_id,
        index_in_job=task.idx,
        name=task.name,
        status=task.status,
        priority=task.priority,
        task_type=task.type,
        activity=task.activity,
        commands=commands,
        steps_completed=task.steps_completed,
        steps_total=task.steps_total,
        worker=task_worker(task.worker_id, workers) if task.worker_id else UNSET,
        started=task.started or UNSET,
        last_touched=task.last_touched or UNSET,
        warnings=task.warnings or UNSET,
        failed_by_workers=tuple(task_worker(each, workers) for each in task.failed_by),
        depends_on=task.depends_on,
        parked=parked(why_parked),
    )


def worker_load(sample: LoadSample) -> worker_api.WorkerLoad:
    return worker_api.WorkerLoad(
        at=sample.at, cpu=sample.cpu, memory_mib=sample.memory_mib, gpus=sample.gpus
    )


def worker_summary(
    worker: Worker,
    held: Held | None = None,
    why_parked: Parked | None = None,
    load: LoadSample | None = None,
) -> worker_api.WorkerSummary:
    return worker_api.WorkerSummary(
        id=worker.id,
        name=worker.name,
        status=worker.status,
        version=worker.software,
        can_restart=worker.can_restart,
        status_change=_status_change(worker),
        last_seen=worker.last_seen or UNSET,
        parked=parked(why_parked),
        task=_task_of(worker, held) if held else UNSET,
        running_since=worker.running_since or UNSET,
        specs=UNSET if worker.specs == Specs() else worker.specs,
        load=worker_load(load) if load else UNSET,
        tag_ids=worker.tags or UNSET,
        awaits_approval=worker.awaits_approval or UNSET,
        used_twice=worker.used_twice or UNSET,
    )


def _task_of(worker: Worker, held: Held) -> worker_api.WorkerTask:
    by = task_worker(worker.id, {worker.id: worker})
    return attrs.evolve(worker_task(held.task, held.job_name), worker=by)


def _status_change(worker: Worker) -> worker_api.WorkerStatusChangeRequest | UnsetType:
    request = worker.request
    if request is None:
        return UNSET
    return worker_api.WorkerStatusChangeRequest(status=request.status, is_lazy=request.lazy)


def worker(
    worker: Worker,
    held: Held | None,
    tags: Iterable[WorkerTag],
    why_parked: Parked | None = None,
    load: LoadSample | None = None,
) -> worker_api.Worker:
    summary = worker_summary(worker, held, why_parked, load)
    return worker_api.Worker(
        **attrs.asdict(summary, recurse=False),
        ip_address=worker.address,
        platform=worker.platform,
        supported_task_types=worker.task_types,
        tags=tuple(tag(each) for each in tags if each.id in worker.tags) or UNSET,
        settings=worker.settings or UNSET,
    )
