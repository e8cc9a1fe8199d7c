"""The operations of the API, each described once; both clients carry them out."""

from datetime import datetime
from operator import attrgetter
from typing import TypeVar

from msgspec import UNSET

from flamenco.api import bulk, meta
from flamenco.api import jobs as wire_jobs
from flamenco.api import workers as wire_workers
from flamenco.api.lists import JobsWanted, TasksWanted, WorkersWanted
from flamenco.client.calls import Call, get, nothing, operation, post, read_as, send, then
from flamenco.client.setup import SetupOperations
from flamenco.client.shaman import ShamanOperations

A = TypeVar("A")


class Operations(SetupOperations, ShamanOperations):
    """What can be asked of a Manager."""

    # The Manager

    @operation
    def version(self) -> Call[meta.FlamencoVersion]:
        """Its version and name."""
        return get("version", meta.FlamencoVersion)

    @operation
    def farm_status(self) -> Call[meta.FarmStatusReport]:
        """What the farm as a whole does."""
        return get("status", meta.FarmStatusReport)

    @operation
    def shared_storage(self, audience: str, platform: str) -> Call[meta.SharedStorageLocation]:
        """Where the shared storage is for an audience (`users`, `workers`) on a platform."""
        path = f"configuration/shared-storage/{audience}/{platform}"
        return get(path, meta.SharedStorageLocation)

    @operation
    def variables(self, audience: str, platform: str) -> Call[dict[str, meta.ManagerVariable]]:
        """Variables for an audience on a platform."""
        path = f"configuration/variables/{audience}/{platform}"
        return get(path, dict[str, meta.ManagerVariable])

    # Job types and submission

    @operation
    def job_types(self) -> Call[tuple[wire_jobs.AvailableJobType, ...]]:
        """All that can be used."""
        return then(get("jobs/types", wire_jobs.AvailableJobTypes), attrgetter("job_types"))

    @operation
    def job_type(self, name: str) -> Call[wire_jobs.AvailableJobType]:
        """One, usable or not."""
        return get(f"jobs/type/{name}", wire_jobs.AvailableJobType)

    @operation
    def submit(self, job: wire_jobs.SubmittedJob) -> Call[wire_jobs.Job]:
        """Submit a job; the job as the Manager stored it."""
        return send("jobs", job, wire_jobs.Job)

    @operation
    def check(self, job: wire_jobs.SubmittedJob) -> Call[None]:
        """Compile a job and store nothing."""
        return post("jobs/check", job)

    # Jobs

    @operation
    def jobs(self, *, archived: bool = False) -> Call[tuple[wire_jobs.Job, ...]]:
        """The jobs that are not archived, or those that are; newest first."""
        listed = get("jobs", wire_jobs.JobsQueryResult, JobsWanted(archived=archived))
        return then(listed, attrgetter("jobs"))

    @operation
    def jobs_page(self, wanted: JobsWanted) -> Call[wire_jobs.JobsQueryResult]:
        """Jobs by filter and order, a page of them; see also `each_job`."""
        return get("jobs", wire_jobs.JobsQueryResult, wanted)

    @operation
    def change_jobs(self, change: bulk.BulkOfJobs) -> Call[bulk.BulkResult]:
        """Do one thing to many jobs; what became of each."""
        return send("jobs/bulk", change, bulk.BulkResult)

    @operation
    def job(self, job_id: str) -> Call[wire_jobs.Job]:
        """One job."""
        return get(f"jobs/{job_id}", wire_jobs.Job)

    @operation
    def tasks(self, job_id: str) -> Call[tuple[wire_jobs.TaskSummary, ...]]:
        """The tasks of a job, in order."""
        return then(get(f"jobs/{job_id}/tasks", wire_jobs.JobTasksSummary), attrgetter("tasks"))

    @operation
    def tasks_page(self, job_id: str, wanted: TasksWanted) -> Call[wire_jobs.JobTasksSummary]:
        """Tasks of a job by filter and order, a page of them."""
        return get(f"jobs/{job_id}/tasks", wire_jobs.JobTasksSummary, wanted)

    @operation
    def why_job_waits(self, job_id: str) -> Call[str]:
        """One sentence."""
        return then(
            get(f"jobs/{job_id}/why-waiting", wire_jobs.WaitingReason), attrgetter("reason")
        )

    @operation
    def set_job_status(self, job_id: str, change: wire_jobs.JobStatusChange) -> Call[None]:
        """Pause, cancel or requeue it."""
        return post(f"jobs/{job_id}/setstatus", change)

    @operation
    def set_job_priority(self, job_id: str, priority: int) -> Call[None]:
        """From 0 to 100; higher goes first."""
        return post(f"jobs/{job_id}/setpriority", wire_jobs.JobPriorityChange(priority=priority))

    @operation
    def set_job_tag(self, job_id: str, tag_id: str | None) -> Call[None]:
        """Let only workers with this tag run it; None: all."""
        return post(f"jobs/{job_id}/settag", wire_jobs.JobTagChange(id=tag_id or UNSET))

    @operation
    def keep_job(self, job_id: str, keep: bool = True) -> Call[None]:
        """Spare it from the automatic clean-up, or don't."""
        return post(f"jobs/{job_id}/setkeep", wire_jobs.JobKeepChange(keep=keep))

    @operation
    def archive_job(self, job_id: str, archived: bool = True) -> Call[None]:
        """Take a finished job from the list, or bring it back."""
        return post(f"jobs/{job_id}/setarchived", wire_jobs.JobArchiveChange(archived=archived))

    @operation
    def has_own_files(self, job_id: str) -> Call[bool]:
        """Whether the job has files of its own that can be deleted with it."""
        asked = get(f"jobs/{job_id}/what-would-delete-do", wire_jobs.JobDeletionInfo)
        return then(asked, attrgetter("shaman_checkout"))

    @operation
    def delete_job(self, job_id: str, *, files: bool = False) -> Call[None]:
        """Delete it, running or not; with the files that were sent with it, or without."""
        query = {"files": ["true"]} if files else {}
        return Call("DELETE", f"jobs/{job_id}", nothing, query)

    @operation
    def delete_old_jobs(self, last_updated_max: datetime) -> Call[None]:
        """Delete all jobs that did not change after a time, which has to have its zone.

        `NothingMatches` if there are none.
        """
        wanted = wire_jobs.JobMassDeletionSelection(last_updated_max=last_updated_max)
        return Call("DELETE", "jobs/mass-delete", nothing, body=wanted)

    @operation
    def blocklist(self, job_id: str) -> Call[tuple[wire_jobs.JobBlocklistEntry, ...]]:
        """Which workers get no tasks of which type in this job, and why."""
        return get(f"jobs/{job_id}/blocklist", tuple[wire_jobs.JobBlocklistEntry, ...])

    @operation
    def unblock(self, job_id: str, *entries: wire_jobs.JobBlocklistEntry) -> Call[None]:
        """Take entries from the blocklist."""
        return Call("DELETE", f"jobs/{job_id}/blocklist", nothing, body=entries)

    @operation
    def last_rendered(self, job_id: str) -> Call[wire_jobs.JobLastRenderedImageInfo | None]:
        """Where the job's newest frame is served; None if there is none."""
        return _if_any(f"jobs/{job_id}/last-rendered", wire_jobs.JobLastRenderedImageInfo)

    @operation
    def newest_rendered(self) -> Call[wire_jobs.JobLastRenderedImageInfo | None]:
        """Where the newest frame of the whole farm is served; None if there is none."""
        return _if_any("jobs/last-rendered", wire_jobs.JobLastRenderedImageInfo)

    # Tasks

    @operation
    def task(self, task_id: str) -> Call[wire_jobs.Task]:
        """One task with its commands."""
        return get(f"tasks/{task_id}", wire_jobs.Task)

    @operation
    def attempts(self, task_id: str) -> Call[tuple[wire_jobs.Attempt, ...]]:
        """Who tried a task, and how that ended; the attempt under way is not among them."""
        return then(
            get(f"tasks/{task_id}/attempts", wire_jobs.TaskAttempts), attrgetter("attempts")
        )

    @operation
    def why_task_waits(self, task_id: str) -> Call[str]:
        """One sentence."""
        return then(
            get(f"tasks/{task_id}/why-waiting", wire_jobs.WaitingReason), attrgetter("reason")
        )

    @operation
    def task_log(self, task_id: str) -> Call[wire_jobs.TaskLogInfo | None]:
        """Where its log is served; None if there is none."""
        return _if_any(f"tasks/{task_id}/log", wire_jobs.TaskLogInfo)

    @operation
    def log_from(self, log: wire_jobs.TaskLogInfo, offset: int) -> Call[bytes]:
        """What a log has from a place on, in bytes, that is before its end."""
        return Call("GET", log.url, bytes, headers={"Range": f"bytes={offset}-"})

    @operation
    def task_log_tail(self, task_id: str) -> Call[str]:
        """The last 2 KiB of its log."""
        return Call("GET", f"tasks/{task_id}/logtail", bytes.decode)

    @operation
    def set_task_status(self, task_id: str, change: wire_jobs.TaskStatusChange) -> Call[None]:
        """Also how a task is completed or failed by hand."""
        return post(f"tasks/{task_id}/setstatus", change)

    @operation
    def approve_task(self, task_id: str, decision: wire_jobs.Decision) -> Call[None]:
        """Say yes to a task of type `approval`."""
        return post(f"tasks/{task_id}/approve", decision)

    @operation
    def reject_task(self, task_id: str, decision: wire_jobs.Decision) -> Call[None]:
        """Say no to a task of type `approval`: it fails."""
        return post(f"tasks/{task_id}/reject", decision)

    @operation
    def change_tasks(self, change: bulk.BulkOfTasks) -> Call[bulk.BulkResult]:
        """Do one thing to many tasks; what became of each."""
        return send("tasks/bulk", change, bulk.BulkResult)

    # Workers

    @operation
    def workers(self) -> Call[tuple[wire_workers.WorkerSummary, ...]]:
        """All workers, by name."""
        return then(get("worker-mgt/workers", wire_workers.WorkerList), attrgetter("workers"))

    @operation
    def workers_page(self, wanted: WorkersWanted) -> Call[wire_workers.WorkerList]:
        """Workers by filter and order, a page of them."""
        return get("worker-mgt/workers", wire_workers.WorkerList, wanted)

    @operation
    def worker(self, worker_id: str) -> Call[wire_workers.Worker]:
        """A worker with its tags, what its machine has, and the task it holds or held last."""
        return get(f"worker-mgt/workers/{worker_id}", wire_workers.Worker)

    @operation
    def set_worker_status(
        self, worker_id: str, change: wire_workers.WorkerStatusChangeRequest
    ) -> Call[None]:
        """Ask it to wake up, sleep, leave or restart."""
        return post(f"worker-mgt/workers/{worker_id}/setstatus", change)

    @operation
    def delete_worker(self, worker_id: str) -> Call[None]:
        """Forget it; its task goes to another one."""
        return Call("DELETE", f"worker-mgt/workers/{worker_id}", nothing)

    @operation
    def set_worker_tags(self, worker_id: str, *tag_ids: str) -> Call[None]:
        """The tags that it is to have, in place of those it has."""
        change = wire_workers.WorkerTagChangeRequest(tag_ids=tag_ids)
        return post(f"worker-mgt/workers/{worker_id}/settags", change)

    @operation
    def change_workers(self, change: bulk.BulkOfWorkers) -> Call[bulk.BulkResult]:
        """Do one thing to many workers; what became of each."""
        return send("worker-mgt/workers/bulk", change, bulk.BulkResult)

    @operation
    def sleep_schedule(self, worker_id: str) -> Call[wire_workers.WorkerSleepSchedule | None]:
        """When it is to sleep; None if that was never said."""
        path = f"worker-mgt/workers/{worker_id}/sleep-schedule"
        return _if_any(path, wire_workers.WorkerSleepSchedule)

    @operation
    def set_sleep_schedule(
        self, worker_id: str, schedule: wire_workers.WorkerSleepSchedule
    ) -> Call[None]:
        """Applied at once."""
        return post(f"worker-mgt/workers/{worker_id}/sleep-schedule", schedule)

    # Tags

    @operation
    def tags(self) -> Call[tuple[wire_workers.WorkerTag, ...]]:
        """All tags, by name."""
        return then(get("worker-mgt/tags", wire_workers.WorkerTagList), attrgetter("tags"))

    @operation
    def tag(self, tag_id: str) -> Call[wire_workers.WorkerTag]:
        """One tag."""
        return get(f"worker-mgt/tag/{tag_id}", wire_workers.WorkerTag)

    @operation
    def create_tag(self, name: str, description: str = "") -> Call[wire_workers.WorkerTag]:
        """The new tag, with its id."""
        tag = wire_workers.WorkerTag(name=name, description=description)
        return send("worker-mgt/tags", tag, wire_workers.WorkerTag)

    @operation
    def change_tag(self, tag: wire_workers.WorkerTag) -> Call[None]:
        """Give a tag another name; and another description, if it has one here."""
        return Call("PUT", f"worker-mgt/tag/{tag.id}", nothing, body=tag)

    @operation
    def delete_tag(self, tag_id: str) -> Call[None]:
        """Jobs and workers lose it."""
        return Call("DELETE", f"worker-mgt/tag/{tag_id}", nothing)


def _if_any(path: str, kind: type[A]) -> Call[A | None]:
    """Ask for what may not be there."""
    read = read_as(kind)
    return Call("GET", path, lambda content: read(content) if content else None)
