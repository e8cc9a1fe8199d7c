"""A Manager, as seen over HTTP from Trio."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import attrs
import httpx
import msgspec

from flamenco.api import jobs as wire_jobs
from flamenco.api import meta
from flamenco.api import workers as wire_workers

T = TypeVar("T")
TIMEOUT_SECONDS = 120.0
"""Submitting a large job takes its time; nothing takes longer."""


class ManagerError(Exception):
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

    async def jobs(self) -> tuple[wire_jobs.Job, ...]:
        return (await self._get("jobs", wire_jobs.JobsQueryResult)).jobs

    async def job(self, job_id: str) -> wire_jobs.Job:
        return await self._get(f"jobs/{job_id}", wire_jobs.Job)

    async def tasks(self, job_id: str) -> tuple[wire_jobs.TaskSummary, ...]:
        """The tasks of a job, in order."""
        return (await self._get(f"jobs/{job_id}/tasks", wire_jobs.JobTasksSummary)).tasks

    async def task(self, task_id: str) -> wire_jobs.Task:
        return await self._get(f"tasks/{task_id}", wire_jobs.Task)

    async def set_job_status(self, job_id: str, change: wire_jobs.JobStatusChange) -> None:
        await self._request("POST", f"jobs/{job_id}/setstatus", change)

    async def set_task_status(self, task_id: str, change: wire_jobs.TaskStatusChange) -> None:
        await self._request("POST", f"tasks/{task_id}/setstatus", change)

    async def workers(self) -> tuple[wire_workers.WorkerSummary, ...]:
        return (await self._get("worker-mgt/workers", wire_workers.WorkerList)).workers

    async def set_worker_status(
        self, worker_id: str, change: wire_workers.WorkerStatusChangeRequest
    ) -> None:
        await self._request("POST", f"worker-mgt/workers/{worker_id}/setstatus", change)

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
