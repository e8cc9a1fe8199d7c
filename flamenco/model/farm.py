"""The status of the farm as a whole (reference rules §7)."""

from collections.abc import Mapping

from flamenco.model.statuses import FarmStatus, JobStatus, WorkerStatus

_GONE = (WorkerStatus.OFFLINE, WorkerStatus.ERROR)


def farm_status(jobs: Mapping[JobStatus, int], workers: Mapping[WorkerStatus, int]) -> FarmStatus:
    """The farm's status, from the number of jobs and workers in each status."""
    if not any(count for status, count in workers.items() if status not in _GONE):
        return FarmStatus.INOPERATIVE
    awake = workers.get(WorkerStatus.AWAKE, 0)
    if jobs.get(JobStatus.ACTIVE, 0) and awake:
        return FarmStatus.ACTIVE
    if jobs.get(JobStatus.ACTIVE, 0) or jobs.get(JobStatus.QUEUED, 0):
        return FarmStatus.WAITING
    if not awake and workers.get(WorkerStatus.ASLEEP, 0):
        return FarmStatus.ASLEEP
    return FarmStatus.IDLE
