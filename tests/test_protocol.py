"""The agreement of both ends of a worker session."""

import pytest

from flamenco import protocol
from flamenco.protocol import HEARTBEAT_SECONDS, heartbeat_period


@pytest.mark.parametrize(
    ("timeouts", "seconds"),
    [((60.0, 600.0), HEARTBEAT_SECONDS), ((2.0, 600.0), 0.5), ((60.0, 4.0), 1.0), ((0.0, 0.0), 10)],
)
def test_several_heartbeats_fall_into_each_timeout_that_there_is(timeouts, seconds):
    assert heartbeat_period(*timeouts) == seconds


@pytest.mark.parametrize(
    ("seq", "numbers"),
    [
        (2**63, {}),
        (1, {"exit_code": 2**63}),
        (1, {"peak_memory": 2**63}),
        (1, {"exit_code": -(2**64)}),
    ],
)
def test_a_number_that_can_not_be_stored_is_no_message(seq, numbers):
    report = protocol.Report(task_id="x", lease=1, **numbers)
    with pytest.raises(protocol.ProtocolError, match="Expected `int`"):
        protocol.decode(protocol.encode(report, seq))


def test_the_largest_numbers_are_understood():
    report = protocol.Report(task_id="x", lease=1, exit_code=2**32 - 1, peak_memory=2**63 - 1)
    assert protocol.decode(protocol.encode(report, 2**63 - 1)) == (report, 2**63 - 1)
