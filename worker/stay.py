"""Limits of a Worker's stay on the farm."""

import logging
import math

import attrs
import trio

from worker.worker import Worker

log = logging.getLogger(__name__)

IDLE_SECONDS = 30.0
"""Seconds without a task, while awake, after which a Worker is idle."""


@attrs.frozen(kw_only=True)
class Stay:
    """Conditions for leaving, after the running task; the first one counts."""

    once: bool = False
    """True to leave after one task."""
    until_idle: bool = False
    """True to leave when there was nothing to do for `IDLE_SECONDS`."""
    seconds: float = math.inf


FOR_EVER = Stay()


async def leave_in_time(worker: Worker, stay: Stay) -> None:
    """Let the Worker leave when its stay is over."""
    async with trio.open_nursery() as nursery:
        if stay.once:
            nursery.start_soon(_after_one_task, worker)
        if stay.until_idle:
            nursery.start_soon(_when_idle, worker)
        if stay.seconds < math.inf:
            await trio.sleep(stay.seconds)
            log.info("This Worker's time is over")
            worker.retire()


async def _after_one_task(worker: Worker) -> None:
    while not worker.is_busy:
        await worker.wait_for_change()
    worker.retire()


async def _when_idle(worker: Worker) -> None:
    while True:
        while not worker.is_idle:
            await worker.wait_for_change()
        with trio.move_on_after(IDLE_SECONDS) as patience:
            while worker.is_idle:
                await worker.wait_for_change()
        if patience.cancelled_caught:
            log.info("Nothing to do for %.0f s", IDLE_SECONDS)
            worker.retire()
            return
