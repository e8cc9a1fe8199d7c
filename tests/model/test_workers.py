"""A worker's status follows from what it did, what was asked of it, and its sleep schedule."""

import attrs
import pytest

from flamenco.model.statuses import WorkerStatus
from flamenco.model.workers import (
    StatusRequest,
    after_sign_off,
    after_status_change,
    scheduled_request,
    status_at_sign_on,
)
from tests.model.test_cleanup import worker

W = WorkerStatus
NOBODY = None


def worker_in(status: WorkerStatus, asked: WorkerStatus | None = None, lazy: bool = False):
    """A worker in a status, which was perhaps asked for another one."""
    request = None if asked is None else StatusRequest(asked, lazy)
    return attrs.evolve(worker(status, 0, 0), request=request)


@pytest.mark.parametrize("sleep_time", [False, True])
@pytest.mark.parametrize(
    ("status", "asked", "expected"),
    [
        (W.AWAKE, NOBODY, W.AWAKE),
        (W.ASLEEP, NOBODY, W.ASLEEP),
        (W.AWAKE, W.ASLEEP, W.ASLEEP),
        (W.ASLEEP, W.AWAKE, W.AWAKE),
        (W.OFFLINE, W.ASLEEP, W.ASLEEP),
        (W.OFFLINE, W.AWAKE, W.AWAKE),
        (W.ERROR, W.RESTART, W.RESTART),
    ],
)
def test_a_worker_that_signs_on_does_what_was_asked_or_goes_on(status, asked, expected, sleep_time):
    assert status_at_sign_on(worker_in(status, asked), sleep_time=sleep_time) is expected


@pytest.mark.parametrize("status", [W.OFFLINE, W.ERROR, W.STARTING, W.TESTING, W.RESTART])
def test_one_that_comes_anew_goes_by_its_schedule(status):
    assert status_at_sign_on(worker_in(status)) is W.AWAKE
    assert status_at_sign_on(worker_in(status), sleep_time=True) is W.ASLEEP


@pytest.mark.parametrize(
    ("status", "asked", "expected"),
    [
        (W.AWAKE, NOBODY, W.AWAKE),
        (W.ASLEEP, NOBODY, W.ASLEEP),
        (W.STARTING, NOBODY, NOBODY),
        (W.ERROR, NOBODY, NOBODY),
        (W.AWAKE, W.OFFLINE, NOBODY),
        (W.ASLEEP, W.RESTART, NOBODY),
        (W.AWAKE, W.ASLEEP, W.ASLEEP),
        (W.ASLEEP, W.AWAKE, W.AWAKE),
        (W.STARTING, W.AWAKE, W.AWAKE),
    ],
)
def test_one_that_signs_off_takes_up_its_status_next_time(status, asked, expected):
    left = after_sign_off(worker_in(status, asked))
    assert left.status is W.OFFLINE
    assert left.request == (None if expected is None else StatusRequest(expected, lazy=False))


@pytest.mark.parametrize(
    ("asked", "goes_to", "still_asked"),
    [
        (NOBODY, W.ASLEEP, NOBODY),
        (W.ASLEEP, W.ASLEEP, NOBODY),
        (W.ASLEEP, W.AWAKE, W.ASLEEP),
        (W.RESTART, W.STARTING, W.RESTART),
    ],
)
def test_a_request_ends_when_it_is_fulfilled(asked, goes_to, still_asked):
    gone = after_status_change(worker_in(W.AWAKE, asked), goes_to)
    assert gone.status is goes_to
    assert (gone.request and gone.request.status) is still_asked


@pytest.mark.parametrize(
    ("status", "asked", "lazy", "wanted", "expected"),
    [
        (W.AWAKE, NOBODY, False, W.ASLEEP, W.ASLEEP),
        (W.ASLEEP, NOBODY, False, W.AWAKE, W.AWAKE),
        (W.AWAKE, NOBODY, False, W.AWAKE, NOBODY),
        (W.OFFLINE, NOBODY, False, W.ASLEEP, W.ASLEEP),
        (W.AWAKE, W.ASLEEP, False, W.ASLEEP, NOBODY),
        (W.AWAKE, W.ASLEEP, True, W.ASLEEP, W.ASLEEP),
        (W.AWAKE, W.OFFLINE, False, W.ASLEEP, W.ASLEEP),
        (W.AWAKE, W.OFFLINE, True, W.AWAKE, W.AWAKE),
        (W.AWAKE, W.ASLEEP, False, W.AWAKE, W.AWAKE),
        (W.ERROR, NOBODY, False, W.ASLEEP, NOBODY),
        (W.ERROR, W.OFFLINE, True, W.ASLEEP, NOBODY),
    ],
)
def test_a_schedule_overrides_what_was_asked_but_for_workers_in_error(
    status, asked, lazy, wanted, expected
):
    request = scheduled_request(worker_in(status, asked, lazy), wanted)
    assert request == (None if expected is None else StatusRequest(expected, lazy=False))
