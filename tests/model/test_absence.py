"""Time that a farm waits for a worker that is away."""

from datetime import timedelta

import pytest

from flamenco.model.absence import AWAY, Absence
from flamenco.model.statuses import WorkerStatus
from tests.model.test_cleanup import DAY, NOW, worker

LONG_AGO = NOW - timedelta(days=100)


@pytest.mark.parametrize("status", WorkerStatus)
def test_only_a_worker_that_left_or_was_lost_is_gone(status):
    silent = worker(status, 100 * DAY, 50 * DAY)
    assert Absence(DAY, LONG_AGO).gone(silent, NOW) == (status in AWAY)


@pytest.mark.parametrize(("seen", "gone"), [(DAY - 1, False), (DAY, True), (9 * DAY, True)])
def test_it_is_gone_when_its_time_is_over(seen, gone):
    left = worker(WorkerStatus.OFFLINE, 100 * DAY, seen)
    assert Absence(DAY, LONG_AGO).gone(left, NOW) is gone
    assert Absence(0, LONG_AGO).gone(left, NOW) is False


def test_while_the_manager_did_not_run_nobody_was_away():
    lost = worker(WorkerStatus.ERROR, 100 * DAY, 50 * DAY)
    assert not Absence(DAY, NOW - timedelta(seconds=DAY - 1)).gone(lost, NOW)
    assert Absence(DAY, NOW - timedelta(seconds=DAY)).gone(lost, NOW)
