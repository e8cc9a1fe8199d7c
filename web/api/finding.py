"""Objects that requests name, read from the store. Raises `NotFound` if one does not exist."""

from collections.abc import Mapping

from flamenco.manager.refusals import NotFound
from flamenco.model.jobs import Job, Task
from flamenco.model.workers import Worker, WorkerTag
from flamenco.store import Shown
from web.context import reader


async def find_job(job_id: str) -> Shown[Job]:
    job = await reader().shown_job(job_id)
    if job is None:
        raise NotFound(f"there is no job {job_id}")
    return job


async def find_task(task_id: str) -> Shown[Task]:
    task = await reader().shown_task(task_id)
    if task is None:
        raise NotFound(f"there is no task {task_id}")
    return task


async def find_worker(worker_id: str) -> Shown[Worker]:
    worker = await reader().shown_worker(worker_id)
    if worker is None:
        raise NotFound(f"there is no worker {worker_id}")
    return worker


async def find_tag(tag_id: str) -> WorkerTag:
    for tag in await reader().tags():
        if tag.id == tag_id:
            return tag
    raise NotFound(f"there is no tag {tag_id}")


async def workers_named(*ids: str | None) -> Mapping[str, Worker]:
    """The workers with these ids that were not deleted; {id: worker}."""
    wanted = {id_ for id_ in ids if id_}
    found = await reader().workers_among(wanted) if wanted else ()
    return {worker.id: worker for worker in found}
