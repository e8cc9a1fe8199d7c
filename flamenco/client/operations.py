"""The operations of the API, each described once; both clients carry them out."""

from datetime import datetime
from operator import attrgetter
from typing import TypeVar

import attrs
from msgspec import UNSET

from flamenco.api import blendfiles as wire_blends
from flamenco.api import bulk, meta, past
from flamenco.api import frames as wire_frames
from flamenco.api import jobs as wire_jobs
from flamenco.api import packs as wire_packs
from flamenco.api import pictures as wire_pictures
from flamenco.api import workers as wire_workers
from flamenco.api.inspection import (
    ActorsWanted,
    ActorTriedAgain,
    ManagerActors,
    ManagerConnections,
)
from flamenco.api.lists import JobsWanted, TasksWanted, WorkersWanted
from flamenco.api.logs import FoundLines, LogSearch
from flamenco.client.access import AccessOperations
from flamenco.client.calls import Call, get, keyed, nothing, operation, post, read_as, send, then
from flamenco.client.joining import JoiningOperations
from flamenco.client.notices import NoticeOperations
from flamenco.client.setup import SetupOperations
from flamenco.client.shaman import ShamanOperations

A = TypeVar("A")


class Operations(
    AccessOperations, JoiningOperations, SetupOperations, NoticeOperations, ShamanOperations
):
    """Operations of a Manager."""

    # The Manager

    @operation
    def farm_statistics(self, wanted: past.FarmWanted) -> Call[past.FarmStatistics]:
        """Recent work of the farm, and the work that waits."""
        return get("farm/statistics", past.FarmStatistics, wanted)

    @operation
    def version(self) -> Call[meta.FlamencoVersion]:
        """Its version and name."""
        return get("version", meta.FlamencoVersion)

    @operation
    def farm_status(self) -> Call[meta.FarmStatusReport]:
        """The status of the farm as a whole."""
        return get("status", meta.FarmStatusReport)

    @operation
    def actors(self, wanted: ActorsWanted) -> Call[ManagerActors]:
        """The Manager's actors with their figures, and what went wrong among them."""
        return get("manager/actors", ManagerActors, wanted)

    @operation
    def try_actor_again(self, path: str) -> Call[None]:
        """Let a parked part of the Manager begin anew before its pause is over."""
        return Call("POST", "manager/actors/try-again", nothing, body=ActorTriedAgain(path=path))

    @operation
    def connections(self) -> Call[ManagerConnections]:
        """The Manager's lasting connections to services outside, and how they are."""
        return get("manager/connections", ManagerConnections)

    @operation
    def shared_storage(self, audience: str, platform: str) -> Call[meta.SharedStorageLocation]:
        """The path of the shared storage for an audience (`users`, `workers`) on a platform."""
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
        """All usable job types."""
        return then(get("jobs/types", wire_jobs.AvailableJobTypes), attrgetter("job_types"))

    @operation
    def job_type(self, name: str) -> Call[wire_jobs.AvailableJobType]:
        """One job type, usable or not."""
        return get(f"jobs/type/{name}", wire_jobs.AvailableJobType)

    @operation
    def submit(self, job: wire_jobs.SubmittedJob, *, key: str = "") -> Call[wire_jobs.Job]:
        """Submit a job, and get it as the Manager stored it.

        With a ``key``, such as a UUID, it may be repeated when the answer was lost: for a day, the
        same key and job are the same submission.
        """
        return attrs.evolve(send("jobs", job, wire_jobs.Job), headers=keyed(key))

    @operation
    def hand_out_pack(self, name: str, *, key: str) -> Call[str]:
        """The path, below the shared storage, of a folder for the files of a job.

        Whoever submits the job with this ``key`` creates and fills it before.
        """
        call = send("jobs/packs", wire_packs.PackRequest(name=name), wire_packs.Pack)
        return then(attrs.evolve(call, headers=keyed(key)), attrgetter("path"))

    @operation
    def give_up_files(self, *, key: str) -> Call[None]:
        """Give up the folder, and Shaman's checkouts, of the submission with this ``key``.

        Whatever of it has no job is removed.
        """
        return Call("DELETE", "jobs/packs", nothing, headers=keyed(key))

    @operation
    def check(self, job: wire_jobs.SubmittedJob) -> Call[None]:
        """Compile a job without storing it, to check it."""
        return post("jobs/check", job)

    @operation
    def blend_files(self, wanted: wire_blends.BlendFilesWanted) -> Call[wire_blends.BlendFiles]:
        """A part of the .blend files of the shared storage."""
        return get("blend-files", wire_blends.BlendFiles, wanted)

    @operation
    def blend_facts(self, question: wire_blends.BlendQuestion) -> Call[wire_blends.BlendFacts]:
        """Facts that the Manager's Blender knows of one of them."""
        return send("blend-files/facts", question, wire_blends.BlendFacts)

    @operation
    def dry_run(
        self, job: wire_jobs.SubmittedJob, wanted: wire_jobs.DryRunWanted
    ) -> Call[wire_jobs.DryRun]:
        """Tasks and settings that a job would come to, without storing it."""
        return send("jobs/dry-run", job, wire_jobs.DryRun, wanted)

    # Jobs

    @operation
    def jobs(self, *, archived: bool = False) -> Call[tuple[wire_jobs.Job, ...]]:
        """The jobs that are not archived, or those that are; newest first."""
        listed = get("jobs", wire_jobs.JobsQueryResult, JobsWanted(archived=archived))
        return then(listed, attrgetter("jobs"))

    @operation
    def jobs_page(self, wanted: JobsWanted) -> Call[wire_jobs.JobsQueryResult]:
        """A page of jobs, by filter and order; see also `each_job`."""
        return get("jobs", wire_jobs.JobsQueryResult, wanted)

    @operation
    def change_jobs(self, change: bulk.BulkOfJobs) -> Call[bulk.BulkResult]:
        """Do one thing to many jobs, and get the outcome for each."""
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
        """A page of a job's tasks, by filter and order."""
        return get(f"jobs/{job_id}/tasks", wire_jobs.JobTasksSummary, wanted)

    @operation
    def why_job_waits(self, job_id: str) -> Call[str]:
        """The reason why a job waits, in one sentence."""
        return then(
            get(f"jobs/{job_id}/why-waiting", wire_jobs.WaitingReason), attrgetter("reason")
        )

    @operation
    def job_history(self, job_id: str) -> Call[tuple[past.HistoryEntry, ...]]:
        """History of a job, the newest first."""
        return then(get(f"jobs/{job_id}/history", past.JobHistory), attrgetter("entries"))

    @operation
    def job_workers(self, job_id: str) -> Call[tuple[past.WorkDone, ...]]:
        """Work of each worker on a job, the last one first."""
        return then(get(f"jobs/{job_id}/workers", past.JobWorkers), attrgetter("workers"))

    @operation
    def timeline(self, job_id: str, wanted: past.AttemptsWanted) -> Call[past.Timeline]:
        """The attempts at the tasks of a job."""
        return get(f"jobs/{job_id}/timeline", past.Timeline, wanted)

    @operation
    def steps(self, job_id: str) -> Call[wire_jobs.JobSteps]:
        """Groups of its tasks that are alike, and which of them need which."""
        return get(f"jobs/{job_id}/steps", wire_jobs.JobSteps)

    @operation
    def frame_times(self, job_id: str) -> Call[past.JobFrameTimes]:
        """How long the finished frames of a job took, and which stand out."""
        return get(f"jobs/{job_id}/frame-times", past.JobFrameTimes)

    @operation
    def worker_history(
        self, worker_id: str, wanted: past.AttemptsWanted
    ) -> Call[past.WorkerHistory]:
        """The attempts of a worker, and what they come to by job."""
        return get(f"worker-mgt/workers/{worker_id}/history", past.WorkerHistory, wanted)

    @operation
    def worker_load(self, worker_id: str) -> Call[tuple[wire_workers.WorkerLoad, ...]]:
        """Load of a worker's machine in the last day, minute by minute."""
        loads = get(f"worker-mgt/workers/{worker_id}/load", wire_workers.WorkerLoads)
        return then(loads, attrgetter("samples"))

    @operation
    def requeue_failed_tasks(
        self, job_id: str, change: wire_jobs.FailedTasksRequeueing
    ) -> Call[bulk.BulkResult]:
        """Queue the failed tasks of a job again, and no others; their outcomes."""
        return send(f"jobs/{job_id}/requeue-failed", change, bulk.BulkResult)

    @operation
    def frames_page(
        self, job_id: str, wanted: wire_frames.FramesWanted
    ) -> Call[wire_frames.JobFrames]:
        """A page of a job's frames."""
        return get(f"jobs/{job_id}/frames", wire_frames.JobFrames, wanted)

    @operation
    def frame_states(self, job_id: str) -> Call[wire_frames.FrameStates]:
        """The states of all frames of a job, in few bytes."""
        return get(f"jobs/{job_id}/frame-states", wire_frames.FrameStates)

    @operation
    def video(
        self, job_id: str, wanted: wire_frames.VideoWanted
    ) -> Call[bytes | wire_frames.VideoInTheMaking]:
        """The video of a job's frames, or how far it is."""
        asked = get(f"jobs/{job_id}/video", wire_frames.VideoInTheMaking, wanted)
        return Call(
            asked.method,
            asked.path,
            lambda content: asked.read(content) if content.startswith(b"{") else content,
            asked.query,
        )

    @operation
    def pictures_page(
        self, job_id: str, wanted: wire_pictures.PicturesWanted
    ) -> Call[wire_pictures.JobPictures]:
        """A page of the pictures of a job's frames."""
        return get(f"jobs/{job_id}/pictures", wire_pictures.JobPictures, wanted)

    @operation
    def newest_pictures(
        self, wanted: wire_pictures.NewestWanted
    ) -> Call[tuple[wire_pictures.NewestPicture, ...]]:
        """The newest pictures of the whole farm."""
        listed = get("pictures", wire_pictures.NewestPictures, wanted)
        return then(listed, attrgetter("pictures"))

    @operation
    def picture(self, job_id: str, name: str, size: str) -> Call[bytes]:
        """A picture of a frame as JPEG; name and size stand in its address in `pictures_page`."""
        return Call("GET", f"jobs/{job_id}/pictures/{name}/{size}", bytes)

    @operation
    def set_job_status(self, job_id: str, change: wire_jobs.JobStatusChange) -> Call[None]:
        """Pause, cancel or requeue a job."""
        return post(f"jobs/{job_id}/setstatus", change)

    @operation
    def set_job_priority(self, job_id: str, priority: int) -> Call[None]:
        """Set a job's priority, from 0 to 100; higher goes first."""
        return post(f"jobs/{job_id}/setpriority", wire_jobs.JobPriorityChange(priority=priority))

    @operation
    def set_job_tag(self, job_id: str, tag_id: str | None) -> Call[None]:
        """Let only workers with this tag run a job; None: all workers."""
        return post(f"jobs/{job_id}/settag", wire_jobs.JobTagChange(id=tag_id or UNSET))

    @operation
    def keep_job(self, job_id: str, keep: bool = True) -> Call[None]:
        """Protect a job from the automatic clean-up, or don't."""
        return post(f"jobs/{job_id}/setkeep", wire_jobs.JobKeepChange(keep=keep))

    @operation
    def archive_job(self, job_id: str, archived: bool = True) -> Call[None]:
        """Take a finished job off the list, or bring it back."""
        return post(f"jobs/{job_id}/setarchived", wire_jobs.JobArchiveChange(archived=archived))

    @operation
    def try_job_again(self, job_id: str) -> Call[None]:
        """Let a job that is parked begin anew."""
        return Call("POST", f"jobs/{job_id}/try-again", nothing)

    @operation
    def has_own_files(self, job_id: str) -> Call[bool]:
        """True if a job has files of its own that can be deleted with it."""
        asked = get(f"jobs/{job_id}/what-would-delete-do", wire_jobs.JobDeletionInfo)
        return then(asked, attrgetter("shaman_checkout"))

    @operation
    def delete_job(self, job_id: str, *, files: bool = False) -> Call[None]:
        """Delete a job, running or not, with or without the files that were sent with it."""
        query = {"files": ["true"]} if files else {}
        return Call("DELETE", f"jobs/{job_id}", nothing, query)

    @operation
    def delete_old_jobs(self, last_updated_max: datetime) -> Call[None]:
        """Delete all jobs that have not changed since a time, which must have a time zone.

        Raises `NothingMatches` if there are none.
        """
        wanted = wire_jobs.JobMassDeletionSelection(last_updated_max=last_updated_max)
        return Call("DELETE", "jobs/mass-delete", nothing, body=wanted)

    @operation
    def blocklist(self, job_id: str) -> Call[tuple[wire_jobs.JobBlocklistEntry, ...]]:
        """The workers that get no tasks of a type in this job, with the type and the reason."""
        return get(f"jobs/{job_id}/blocklist", tuple[wire_jobs.JobBlocklistEntry, ...])

    @operation
    def unblock(self, job_id: str, *entries: wire_jobs.JobBlocklistEntry) -> Call[None]:
        """Take entries from the blocklist."""
        return Call("DELETE", f"jobs/{job_id}/blocklist", nothing, body=entries)

    @operation
    def last_rendered(self, job_id: str) -> Call[wire_jobs.JobLastRenderedImageInfo | None]:
        """The address of the job's newest frame; None if there is none."""
        return _if_any(f"jobs/{job_id}/last-rendered", wire_jobs.JobLastRenderedImageInfo)

    @operation
    def newest_rendered(self) -> Call[wire_jobs.JobLastRenderedImageInfo | None]:
        """The address of the newest frame of the whole farm; None if there is none."""
        return _if_any("jobs/last-rendered", wire_jobs.JobLastRenderedImageInfo)

    # Tasks

    @operation
    def task(self, task_id: str) -> Call[wire_jobs.Task]:
        """One task with its commands."""
        return get(f"tasks/{task_id}", wire_jobs.Task)

    @operation
    def attempts(self, task_id: str) -> Call[tuple[wire_jobs.Attempt, ...]]:
        """The attempts at a task and their outcomes, without the one under way."""
        return then(
            get(f"tasks/{task_id}/attempts", wire_jobs.TaskAttempts), attrgetter("attempts")
        )

    @operation
    def why_task_waits(self, task_id: str) -> Call[str]:
        """The reason why a task waits, in one sentence."""
        return then(
            get(f"tasks/{task_id}/why-waiting", wire_jobs.WaitingReason), attrgetter("reason")
        )

    @operation
    def task_log(self, task_id: str) -> Call[wire_jobs.TaskLogInfo | None]:
        """The address of a task's log; None if there is none."""
        return _if_any(f"tasks/{task_id}/log", wire_jobs.TaskLogInfo)

    @operation
    def log_from(self, log: wire_jobs.TaskLogInfo, offset: int) -> Call[bytes]:
        """The content of a log from byte ``offset`` on, which must be before its end."""
        return Call("GET", log.url, bytes, headers={"Range": f"bytes={offset}-"})

    @operation
    def found_lines(self, job_id: str, wanted: LogSearch) -> Call[FoundLines]:
        """Lines with a text in the logs of a job, and where to go on."""
        return get(f"jobs/{job_id}/logs/search", FoundLines, wanted)

    @operation
    def task_log_tail(self, task_id: str) -> Call[str]:
        """The last 2 KiB of a task's log."""
        return Call("GET", f"tasks/{task_id}/logtail", bytes.decode)

    @operation
    def set_task_status(self, task_id: str, change: wire_jobs.TaskStatusChange) -> Call[None]:
        """Cancel or requeue a task, or complete or fail it by hand."""
        return post(f"tasks/{task_id}/setstatus", change)

    @operation
    def approve_task(self, task_id: str, decision: wire_jobs.Decision) -> Call[None]:
        """Approve a task of type `approval`."""
        return post(f"tasks/{task_id}/approve", decision)

    @operation
    def reject_task(self, task_id: str, decision: wire_jobs.Decision) -> Call[None]:
        """Reject a task of type `approval`, which fails it."""
        return post(f"tasks/{task_id}/reject", decision)

    @operation
    def change_tasks(self, change: bulk.BulkOfTasks) -> Call[bulk.BulkResult]:
        """Do one thing to many tasks, and get the outcome for each."""
        return send("tasks/bulk", change, bulk.BulkResult)

    # Workers

    @operation
    def workers(self) -> Call[tuple[wire_workers.WorkerSummary, ...]]:
        """All workers, by name."""
        return then(get("worker-mgt/workers", wire_workers.WorkerList), attrgetter("workers"))

    @operation
    def workers_page(self, wanted: WorkersWanted) -> Call[wire_workers.WorkerList]:
        """A page of workers, by filter and order."""
        return get("worker-mgt/workers", wire_workers.WorkerList, wanted)

    @operation
    def worker(self, worker_id: str) -> Call[wire_workers.Worker]:
        """A worker with its tags, its equipment, and the task that it holds or held last."""
        return get(f"worker-mgt/workers/{worker_id}", wire_workers.Worker)

    @operation
    def set_worker_status(
        self, worker_id: str, change: wire_workers.WorkerStatusChangeRequest
    ) -> Call[None]:
        """Ask a worker to wake up, sleep, shut down or restart."""
        return post(f"worker-mgt/workers/{worker_id}/setstatus", change)

    @operation
    def try_worker_again(self, worker_id: str) -> Call[None]:
        """Let a worker that is parked begin anew."""
        return Call("POST", f"worker-mgt/workers/{worker_id}/try-again", nothing)

    @operation
    def delete_worker(self, worker_id: str) -> Call[None]:
        """Forget a worker; its task goes to another one."""
        return Call("DELETE", f"worker-mgt/workers/{worker_id}", nothing)

    @operation
    def set_worker_tags(self, worker_id: str, *tag_ids: str) -> Call[None]:
        """Replace the tags of a worker."""
        change = wire_workers.WorkerTagChangeRequest(tag_ids=tag_ids)
        return post(f"worker-mgt/workers/{worker_id}/settags", change)

    @operation
    def change_workers(self, change: bulk.BulkOfWorkers) -> Call[bulk.BulkResult]:
        """Do one thing to many workers, and get the outcome for each."""
        return send("worker-mgt/workers/bulk", change, bulk.BulkResult)

    @operation
    def sleep_schedule(self, worker_id: str) -> Call[wire_workers.WorkerSleepSchedule | None]:
        """The sleep schedule of a worker; None if it never had one."""
        path = f"worker-mgt/workers/{worker_id}/sleep-schedule"
        return _if_any(path, wire_workers.WorkerSleepSchedule)

    @operation
    def set_sleep_schedule(
        self, worker_id: str, schedule: wire_workers.WorkerSleepSchedule
    ) -> Call[None]:
        """Set the sleep schedule of a worker, which applies at once."""
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
        """Create a tag, and get it with its id."""
        tag = wire_workers.WorkerTag(name=name, description=description)
        return send("worker-mgt/tags", tag, wire_workers.WorkerTag)

    @operation
    def change_tag(self, tag: wire_workers.WorkerTag) -> Call[None]:
        """Change the name of a tag, and its description if ``tag`` has one."""
        return Call("PUT", f"worker-mgt/tag/{tag.id}", nothing, body=tag)

    @operation
    def delete_tag(self, tag_id: str) -> Call[None]:
        """Delete a tag; jobs and workers lose it."""
        return Call("DELETE", f"worker-mgt/tag/{tag_id}", nothing)


def _if_any(path: str, kind: type[A]) -> Call[A | None]:
    """A request for an instance of this class, or None if the answer is empty."""
    read = read_as(kind)
    return Call("GET", path, lambda content: read(content) if content else None)
