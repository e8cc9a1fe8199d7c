"""The farm has one status, whatever its jobs and workers do."""

import pytest

from flamenco.model.farm import farm_status
from flamenco.model.statuses import FarmStatus, JobStatus, WorkerStatus

J, W, F = JobStatus, WorkerStatus, FarmStatus


@pytest.mark.parametrize(
    ("jobs", "workers", "status"),
    [
        ({J.ACTIVE: 1}, {}, F.INOPERATIVE),
        ({J.ACTIVE: 1}, {W.OFFLINE: 2, W.ERROR: 1, W.AWAKE: 0}, F.INOPERATIVE),
        ({J.ACTIVE: 1, J.QUEUED: 3}, {W.AWAKE: 1, W.ASLEEP: 1}, F.ACTIVE),
        ({J.ACTIVE: 1}, {W.ASLEEP: 1}, F.WAITING),
        ({J.QUEUED: 1}, {W.AWAKE: 1}, F.WAITING),
        ({J.QUEUED: 1}, {W.ASLEEP: 1}, F.WAITING),
        ({J.COMPLETED: 5}, {W.ASLEEP: 1, W.OFFLINE: 1}, F.ASLEEP),
        ({J.PAUSED: 1, J.FAILED: 1}, {W.AWAKE: 1, W.ASLEEP: 1}, F.IDLE),
        ({}, {W.STARTING: 1}, F.IDLE),
        ({}, {W.TESTING: 1, W.ASLEEP: 1}, F.ASLEEP),
    ],
)
def test_the_status_of_the_farm_follows_from_its_jobs_and_workers(jobs, workers, status):
    assert farm_status(jobs, workers) is status
