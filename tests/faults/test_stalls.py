"""A Manager that stands still, being stopped or swapped out, takes nobody's work away."""

import signal

import pytest
import trio

from tests.faults.farm import appears, open_farm, shell, task

pytestmark = pytest.mark.slow

STALL_SECONDS = 45


async def test_a_manager_that_is_stopped_for_long_takes_no_render_away(tmp_path):
    began = tmp_path / "began"
    script = f"echo yes > {began}; sleep {STALL_SECONDS + 10}"
    async with open_farm(tmp_path, worker_timeout="20s", task_timeout="20s") as farm:
        await farm.worker("anna")
        job = await farm.submit(task("sleep", shell(script)))
        await appears(began)
        farm.manager.send(signal.SIGSTOP)
        await trio.sleep(STALL_SECONDS)
        farm.manager.send(signal.SIGCONT)
        assert await farm.finished(job, 120) == "completed"
        assert [each["ending"] for each in await farm.attempts(job)] == ["completed"]
        assert farm.manager.said("stood still for 0:00:")
