"""The Worker tells what its machine has to do, each measurement once."""

import psutil
import pytest

from flamenco.model.load import GpuLoad
from flamenco.protocol import Heartbeat, StateChanged
from tests.worker.running import running_worker
from tests.worker.test_machine import shelf  # noqa: F401 - a fixture
from worker import load
from worker.load import measure_gpus, read_nvidia

CARDS = "NVIDIA RTX 4090, 87, 20480\nNVIDIA, the GB10, [N/A], [N/A]\n"
LOADS = (
    GpuLoad(name="NVIDIA RTX 4090", used=0.87, memory_mib=20480),
    GpuLoad(name="NVIDIA, the GB10"),
)


async def test_heartbeats_tell_each_measurement_once(manager, config, monkeypatch):
    monkeypatch.setattr(load, "LOAD_SECONDS", 0.3)
    async with running_worker(config):
        session = await manager.session()
        await session.welcome(heartbeat=0.05)
        await session.next(StateChanged)
        beats = [await session.next(Heartbeat) for _ in range(40)]
    told = [each.load for each in beats if each.load is not None]
    assert 0 < len(told) < 30
    for each in told:
        assert 0 <= each.cpu <= 1
        assert 0 < each.memory_mib < psutil.virtual_memory().total / 1024**2


def test_figures_that_a_driver_does_not_tell_are_unknown():
    assert read_nvidia(CARDS) == LOADS


@pytest.mark.parametrize("output", ["", "NVIDIA-SMI has failed\n", "a, b\n", "x" * 2_000_000])
def test_what_is_no_answer_is_no_gpu(output):
    assert read_nvidia(output) == ()


async def test_cards_are_asked_for_where_their_driver_is(shelf):  # noqa: F811
    assert await measure_gpus() == ()
    shelf("nvidia-smi", CARDS)
    assert await measure_gpus() == LOADS
    shelf("nvidia-smi", CARDS, status=9)
    assert await measure_gpus() == ()
