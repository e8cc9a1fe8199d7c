"""Ten Workers render jobs to the end while everything happens at random."""

import pytest

from tests.faults.chaos import FAULTS, LEAST_JOBS, MANAGER_FAULTS, run_chaos

pytestmark = pytest.mark.slow

SECONDS = 25


@pytest.mark.minutes
async def test_ten_workers_render_to_the_end_whatever_happens(tmp_path):
    chaos = await run_chaos(tmp_path, seed=7, seconds=SECONDS, workers=10)
    assert len(chaos.promised) >= LEAST_JOBS
    assert chaos.happened.keys() & {fault.__name__ for fault in MANAGER_FAULTS}
    assert len(chaos.happened.keys() & {fault.__name__ for fault in FAULTS}) > 3
