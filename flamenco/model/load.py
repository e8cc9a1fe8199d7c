"""The load of a worker's machine: samples of a minute each, kept for a day."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated

import attrs
from msgspec import Meta

from flamenco.model.bounds import Count, Share, Word

KEPT = timedelta(days=1)
NEW = timedelta(minutes=2)
"""Age up to which a sample tells what a machine does now."""
MOST_GPUS = 64


@attrs.frozen(kw_only=True)
class GpuLoad:
    """The load of a GPU."""

    name: Word
    used: Share | None = None
    """Share of the time in which it computed; None: its driver does not tell."""
    memory_mib: Count = 0
    """MiB of its memory that are in use; 0: its driver does not tell."""


Gpus = Annotated[tuple[GpuLoad, ...], Meta(max_length=MOST_GPUS)]


@attrs.frozen(kw_only=True)
class Load:
    """The load of a machine by all its programs, not only the Worker's."""

    cpu: Share
    """Share of its processors' time that was used."""
    memory_mib: Count
    """MiB of memory that are in use, beside what the system would give back at once."""
    gpus: Gpus = ()


@attrs.frozen(kw_only=True)
class LoadSample:
    """The load of a worker's machine in one minute, the mean of what was measured."""

    worker_id: str
    at: datetime
    """Beginning of the minute."""
    cpu: float = 0.0
    memory_mib: int = 0
    gpus: tuple[GpuLoad, ...] = ()


def minute_of(moment: datetime) -> datetime:
    """The beginning of a minute."""
    return moment.replace(second=0, microsecond=0)


def mean_load(loads: Iterable[Load]) -> Load:
    """The mean of some loads, at least one; of GPUs, those that the last one names."""
    every = list(loads)
    return Load(
        cpu=_mean(each.cpu for each in every),
        memory_mib=round(_mean(each.memory_mib for each in every)),
        gpus=tuple(_mean_gpu(every, place) for place in range(len(every[-1].gpus))),
    )


def _mean_gpu(loads: list[Load], place: int) -> GpuLoad:
    last = loads[-1].gpus[place]
    same = [
        each.gpus[place]
        for each in loads
        if place < len(each.gpus) and each.gpus[place].name == last.name
    ]
    used = [each.used for each in same if each.used is not None]
    return GpuLoad(
        name=last.name,
        used=_mean(used) if used else None,
        memory_mib=round(_mean(each.memory_mib for each in same)),
    )


def _mean(values: Iterable[float]) -> float:
    every = list(values)
    return sum(every) / len(every)
