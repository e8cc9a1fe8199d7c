"""Programs that misbehave: that do not end, that run away, that never stop talking."""

import re

import pytest

from tests.faults.farm import appears, ends, open_farm, shell, task
from tests.faults.flood import MOST_MEMORY, flood

pytestmark = pytest.mark.slow

STUBBORN = "trap '' TERM INT HUP; echo $$ > {0}/stubborn; while :; do sleep 0.1; done"
RUNAWAY = "setsid sh -c '{0}' & wait"


async def test_a_canceled_task_ends_also_if_it_ignores_signals_and_leaves_its_group(tmp_path):
    stubborn = STUBBORN.format(tmp_path).replace("''", '""')
    async with open_farm(tmp_path) as farm:
        await farm.worker("anna")
        job = await farm.submit(task("stubborn", shell(RUNAWAY.format(stubborn))))
        pid = int(await appears(tmp_path / "stubborn"))
        await farm.post(f"jobs/{job}/setstatus", status="cancel-requested", reason="enough")
        await ends(pid)
        assert await farm.finished(job) == "canceled"
        after = await farm.submit(task("hello", ("echo", {"message": "hello"})))
        assert await farm.finished(after) == "completed"


async def test_a_killed_workers_task_leaves_nothing_whatever_it_does_to_stay(tmp_path):
    stubborn = STUBBORN.format(tmp_path).replace("''", '""')
    async with open_farm(tmp_path) as farm:
        anna = await farm.worker("anna")
        await farm.submit(task("stubborn", shell(RUNAWAY.format(stubborn))))
        pid = int(await appears(tmp_path / "stubborn"))
        await anna.kill()
        await ends(pid)


async def test_a_flood_of_output_fills_nobodys_memory_and_its_head_and_tail_are_kept(tmp_path):
    seen = await flood(tmp_path, megabytes=100, seconds=6)
    assert seen.status == "completed"
    assert seen.worker_mib < MOST_MEMORY
    assert seen.manager_mib < MOST_MEMORY
    assert "> the first word\n" in seen.log[:1000]
    assert "> the last word\n" in seen.log[-1000:]
    assert re.search(r"^\[... \d+ characters were left out here ...\]$", seen.log, re.MULTILINE)
    assert len(seen.log) < 80_000_000
