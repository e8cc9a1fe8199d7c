"""What both ends of a worker session agree on."""

import pytest

from flamenco.protocol import HEARTBEAT_SECONDS, heartbeat_period


@pytest.mark.parametrize(
    ("timeouts", "seconds"),
    [((60.0, 600.0), HEARTBEAT_SECONDS), ((2.0, 600.0), 0.5), ((60.0, 4.0), 1.0), ((0.0, 0.0), 10)],
)
def test_several_heartbeats_fall_into_each_timeout_that_there_is(timeouts, seconds):
    assert heartbeat_period(*timeouts) == seconds
