"""Loads of a worker's machine, of which the mean of each minute is recorded."""

from collections import deque
from datetime import datetime

import attrs

import actors
from flamenco import clock
from flamenco.model.load import Load, LoadSample, mean_load, minute_of
from flamenco.store import PutLoad

MOST_LOADS = 60
"""Maximum number of measurements of a minute that count, the last ones."""


@attrs.define(eq=False)
class Loads:
    """The measurements of the present minute."""

    _actor: actors.Actor
    _minute: datetime | None = None
    _measured: deque[Load] = attrs.field(factory=lambda: deque(maxlen=MOST_LOADS))

    def take(self, worker_id: str, load: Load | None) -> None:
        """Record what the present minute comes to with a measurement, if there is one."""
        if load is None:
            return
        minute = minute_of(clock.now())
        if minute != self._minute:
            self._minute = minute
            self._measured.clear()
        self._measured.append(load)
        mean = mean_load(self._measured)
        sample = LoadSample(
            worker_id=worker_id,
            at=minute,
            cpu=mean.cpu,
            memory_mib=mean.memory_mib,
            gpus=mean.gpus,
        )
        self._actor.record(PutLoad(sample))
