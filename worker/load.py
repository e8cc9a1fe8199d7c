"""The load of this Worker's machine, measured for the Manager."""

import shutil

import psutil
import trio

from flamenco.model.load import MOST_GPUS, GpuLoad, Load
from worker.asking import output_of
from worker.probes import MIB, whole

LOAD_SECONDS = 10.0
"""Seconds between two measurements; each is the mean of the time since the one before."""

NVIDIA = [
    "nvidia-smi",
    "--query-gpu=name,utilization.gpu,memory.used",
    "--format=csv,noheader,nounits",
]


class Meter:
    """The newest measurement of this machine."""

    def __init__(self) -> None:
        self._load: Load | None = None

    def take(self) -> Load | None:
        """The load, if it was measured since this was last asked."""
        load, self._load = self._load, None
        return load

    async def run(self) -> None:
        """Measure until cancelled."""
        psutil.cpu_percent()  # the first call only notes where the next one begins
        while True:
            await trio.sleep(LOAD_SECONDS)
            gpus = await measure_gpus()
            self._load = Load(
                cpu=min(1.0, psutil.cpu_percent() / 100),
                memory_mib=_memory_mib(),
                gpus=gpus,
            )


def _memory_mib() -> int:
    memory = psutil.virtual_memory()
    return int(memory.total - memory.available) // MIB


async def measure_gpus() -> tuple[GpuLoad, ...]:
    """The load of NVIDIA's cards; none where its driver does not tell."""
    if shutil.which(NVIDIA[0]) is None:
        return ()
    return read_nvidia(await output_of(NVIDIA) or "")


def read_nvidia(output: str) -> tuple[GpuLoad, ...]:
    """The loads of NVIDIA's cards, from a line each: name, per cent of the time, MiB in use."""
    gpus = []
    for line in filter(None, map(str.strip, output.splitlines())):
        name, *figures = (word.strip() for word in line.rsplit(",", 2))
        if len(figures) == 2:
            used, memory = figures
            share = min(1.0, whole(used) / 100) if used.isdecimal() else None
            gpus.append(GpuLoad(name=name[:200], used=share, memory_mib=whole(memory)))
    return tuple(gpus[:MOST_GPUS])
