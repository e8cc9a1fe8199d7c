"""A Manager, as seen over HTTP from Trio."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

import attrs
import httpx
import msgspec
from msgspec import UNSET

from flamenco.api import jobs as wire_jobs
from flamenco.api import meta
from flamenco.api import workers as wire_workers
from flamenco.errors import Mendable

T = TypeVar("T")
TIMEOUT_SECONDS = 120.0
"""Submitting a large job takes its time; nothing takes longer."""


class ManagerError(Mendable):
    """A request was not carried out; the text says why."""


class Unreachable(ManagerError):
    """There is no answer from the Manager."""


class Rejected(ManagerError):
    """The Manager refused a request."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def _problem(answer: httpx.Response) -> Rejected:
    try:
        error = msgspec.json.decode(answer.content, type=meta.Error)
        return Rejected(answer.status_code, error.message)
    except msgspec.DecodeError:
        return Rejected(answer.status_code, f"HTTP {answer.status_code} {answer.reason_phrase}")


@attrs.frozen
class ManagerClient:
    """Requests to one Manager. Each raises `Unreachable` or `Rejected` when it fails."""

    url: str
    _http: httpx.AsyncClient

    async def version(self) -> meta.FlamencoVersion:
        return await self._get("version", meta.FlamencoVersion)

    async def shared_storage(self, audience: str, platform: str) -> meta.SharedStorageLocation:
        """Where the shared storage is for an audience (`users`, `workers`) on a platform."""
        path = f"configuration/shared-storage/{audience}/{platform}"
        return await self._get(path, meta.SharedStorageLocation)

    async def job_type(self, name: str) -> wire_jobs.AvailableJobType:
        return await self._get(f"jobs/type/{name}", wire_jobs.AvailableJobType)

    async def submit(self, job: wire_jobs.SubmittedJob) -> wire_jobs.Job:
        """Submit a job; the job as the Manager stored it."""
        return await self._send("jobs", job, wire_jobs.Job)

    # Jobs

    async def jobs(self, *, archived: bool = False) -> tuple[wire_jobs.Job, ...]:
        """The jobs that are not archived, or those that are; newest first."""
        path = "jobs?archived=true" if archived else "jobs"
        return (await self._get(path, wire_jobs.JobsQueryResult)).jobs

    async def job(self, job_id: str) -> wire_jobs.Job:
        return await self._get(f"jobs/{job_id}", wire_jobs.Job)

    async def tasks(self, job_id: str) -> tuple[wire_jobs.TaskSummary, ...]:
        """The tasks of a job, in order."""
        return (await self._get(f"jobs/{job_id}/tasks", wire_jobs.JobTasksSummary)).tasks

    async def why_job_waits(self, job_id: str) -> str:
        """One sentence."""
        path = f"jobs/{job_id}/why-waiting"
        return (await self._get(path, wire_jobs.WaitingReason)).reason

    async def set_job_status(self, job_id: str, change: wire_jobs.JobStatusChange) -> None:
        await self._request("POST", f"jobs/{job_id}/setstatus", change)

    async def set_job_priority(self, job_id: str, priority: int) -> None:
        """From 0 to 100; higher goes first."""
        change = wire_jobs.JobPriorityChange(priority=priority)
        await self._request("POST", f"jobs/{job_id}/setpriority", change)

    async def set_job_tag(self, job_id: str, tag_id: str | None) -> None:
        """Let only workers with this tag run it; None: all."""
        change = wire_jobs.JobTagChange(id=tag_id or UNSET)
        await self._request("POST", f"jobs/{job_id}/settag", change)

    async def keep_job(self, job_id: str, keep: bool = True) -> None:
        """Spare it from the automatic clean-up, or don't."""
        change = wire_jobs.JobKeepChange(keep=keep)
        await self._request("POST", f"jobs/{job_id}/setkeep", change)

    async def archive_job(self, job_id: str, archived: bool = True) -> None:
        """Take a finished job from the list, or bring it back."""
        change = wire_jobs.JobArchiveChange(archived=archived)
        await self._request("POST", f"jobs/{job_id}/setarchived", change)

    async def has_own_files(self, job_id: str) -> bool:
        """Whether the job has files of its own that can be deleted with it."""
        path = f"jobs/{job_id}/what-would-delete-do"
        return (await self._get(path, wire_jobs.JobDeletionInfo)).shaman_checkout

    async def delete_job(self, job_id: str, *, files: bool = False) -> None:
        """Delete it, running or not; with the files that were sent with it, or without."""
        await self._request("DELETE", f"jobs/{job_id}{'?files=true' if files else ''}")

    async def delete_old_jobs(self, last_updated_max: datetime) -> None:
        """Delete all jobs that did not change after a time, which has to have its zone.

        `Rejected` with status 416 if there are none.
        """
        wanted = wire_jobs.JobMassDeletionSelection(last_updated_max=last_updated_max)
        await self._request("DELETE", "jobs/mass-delete", wanted)

    async def blocklist(self, job_id: str) -> tuple[wire_jobs.JobBlocklistEntry, ...]:
        """Which workers get no tasks of which type in this job, and why."""
        path = f"jobs/{job_id}/blocklist"
        return await self._get(path, tuple[wire_jobs.JobBlocklistEntry, ...])

    async def unblock(self, job_id: str, *entries: wire_jobs.JobBlocklistEntry) -> None:
        """Take entries from the blocklist."""
        await self._request("DELETE", f"jobs/{job_id}/blocklist", entries)

    # Tasks

    async def task(self, task_id: str) -> wire_jobs.Task:
        return await self._get(f"tasks/{task_id}", wire_jobs.Task)

    async def attempts(self, task_id: str) -> tuple[wire_jobs.Attempt, ...]:
        """Who tried a task, and how that ended; the attempt under way is not among them."""
        return (await self._get(f"tasks/{task_id}/attempts", wire_jobs.TaskAttempts)).attempts

    async def why_task_waits(self, task_id: str) -> str:
        """One sentence."""
        path = f"tasks/{task_id}/why-waiting"
        return (await self._get(path, wire_jobs.WaitingReason)).reason

    async def set_task_status(self, task_id: str, change: wire_jobs.TaskStatusChange) -> None:
        """Also how a task is completed or failed by hand, an approval given or refused."""
        await self._request("POST", f"tasks/{task_id}/setstatus", change)

    # Workers

    async def workers(self) -> tuple[wire_workers.WorkerSummary, ...]:
        return (await self._get("worker-mgt/workers", wire_workers.WorkerList)).workers

    async def worker(self, worker_id: str) -> wire_workers.Worker:
        """A worker with its tags, what its machine has, and the task it holds or held last."""
        return await self._get(f"worker-mgt/workers/{worker_id}", wire_workers.Worker)

    async def set_worker_status(
        self, worker_id: str, change: wire_workers.WorkerStatusChangeRequest
    ) -> None:
        await self._request("POST", f"worker-mgt/workers/{worker_id}/setstatus", change)

    async def delete_worker(self, worker_id: str) -> None:
        """Forget it; its task goes to another one."""
        await self._request("DELETE", f"worker-mgt/workers/{worker_id}")

    async def set_worker_tags(self, worker_id: str, *tag_ids: str) -> None:
        """The tags that it is to have, in place of those it has."""
        change = wire_workers.WorkerTagChangeRequest(tag_ids=tag_ids)
        await self._request("POST", f"worker-mgt/workers/{worker_id}/settags", change)

    async def sleep_schedule(self, worker_id: str) -> wire_workers.WorkerSleepSchedule | None:
        """When it is to sleep; None if that was never said."""
        path = f"worker-mgt/workers/{worker_id}/sleep-schedule"
        answer = await self._request("GET", path)
        kind = wire_workers.WorkerSleepSchedule
        return msgspec.json.decode(answer, type=kind) if answer else None

    async def set_sleep_schedule(
        self, worker_id: str, schedule: wire_workers.WorkerSleepSchedule
    ) -> None:
        """Applied at once."""
        await self._request("POST", f"worker-mgt/workers/{worker_id}/sleep-schedule", schedule)

    # Tags

    async def tags(self) -> tuple[wire_workers.WorkerTag, ...]:
        return (await self._get("worker-mgt/tags", wire_workers.WorkerTagList)).tags

    async def create_tag(self, name: str, description: str = "") -> wire_workers.WorkerTag:
        """The new tag, with its id."""
        tag = wire_workers.WorkerTag(name=name, description=description)
        return await self._send("worker-mgt/tags", tag, wire_workers.WorkerTag)

    async def change_tag(self, tag: wire_workers.WorkerTag) -> None:
        """Give a tag another name; and another description, if it has one here."""
        await self._request("PUT", f"worker-mgt/tag/{tag.id}", tag)

    async def delete_tag(self, tag_id: str) -> None:
        """Jobs and workers lose it."""
        await self._request("DELETE", f"worker-mgt/tag/{tag_id}")

    # The wire

    async def _get(self, path: str, kind: type[T]) -> T:
        return msgspec.json.decode(await self._request("GET", path), type=kind)

    async def _send(self, path: str, body: object, kind: type[T]) -> T:
        return msgspec.json.decode(await self._request("POST", path, body), type=kind)

    async def _request(self, method: str, path: str, body: object = None) -> bytes:
        content: dict[str, Any] = {}
        if body is not None:
            headers = {"Content-Type": "application/json"}
            content = {"content": msgspec.json.encode(body), "headers": headers}
        try:
            answer = await self._http.request(method, f"/api/v3/{path}", **content)
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(f"no answer from the Manager at {self.url}: {reason}") from error
        if answer.is_error:
            raise _problem(answer)
        return answer.content


@asynccontextmanager
async def open_client(url: str) -> AsyncIterator[ManagerClient]:
    """A client of the Manager at ``url``; ``http://`` may be left out.

    Proxies of the environment are not used: a farm lies in the network of its users.
    """
    full = url if "://" in url else f"http://{url}"
    async with httpx.AsyncClient(base_url=full, timeout=TIMEOUT_SECONDS, trust_env=False) as http:
        yield ManagerClient(full.rstrip("/"), http)
