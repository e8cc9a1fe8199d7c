"""How long a Worker stays on the farm, if not for ever."""

import logging
import math

import attrs
import trio

from worker.worker import Worker

log = logging.getLogger(__name__)

IDLE_SECONDS = 30.0
"""So long without a task, awake, is idle."""


@attrs.frozen(kw_only=True)
class Stay:
    """When to leave, after the task that runs then; whatever comes first."""

    once: bool = False
    """After one task."""
    until_idle: bool = False
    """When there was nothing to do for `IDLE_SECONDS`."""
    seconds: float = math.inf


FOR_EVER = Stay()


async def leave_in_time(worker: Worker, stay: Stay) -> None:
    """Let the Worker leave when its time is over."""
    async with trio.open_nursery() as nursery:
        if stay.once:
            nursery.start_soon(_after_one_task, worker)
        if stay.until_idle:
            nursery.start_soon(_when_idle, worker)
        if stay.seconds < math.inf:
            await trio.sleep(stay.seconds)
            log.info("The time of this Worker is over")
            worker.retire()


async def _after_one_task(worker: Worker) -> None:
    while not worker.is_busy:
        await worker.changed()
    worker.retire()


async def _when_idle(worker: Worker) -> None:
    while True:
        while not worker.is_idle:
            await worker.changed()
        with trio.move_on_after(IDLE_SECONDS) as patience:
            while worker.is_idle:
                await worker.changed()
        if patience.cancelled_caught:
            log.info("Nothing to do for %.0f s", IDLE_SECONDS)
            worker.retire()
            return
