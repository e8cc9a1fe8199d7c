"""What the operating system's signals mean to the Worker (reference rules §15)."""

import logging
import signal

import trio

from flamenco.model.statuses import WorkerStatus
from worker.worker import Worker

log = logging.getLogger(__name__)

STOPS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)
)
STATUSES: dict[int, WorkerStatus] = {
    getattr(signal, name): status
    for name, status in (("SIGUSR1", WorkerStatus.ASLEEP), ("SIGUSR2", WorkerStatus.AWAKE))
    if hasattr(signal, name)
}


async def watch_signals(worker: Worker, everything: trio.CancelScope) -> None:
    """Stop, sleep and wake by signal; a second stop cancels ``everything``."""
    with trio.open_signal_receiver(*STOPS, *STATUSES) as signals:
        async for number in signals:
            if number in STATUSES:
                worker.request(STATUSES[number], lazy=False)
            elif worker.stopping:
                log.warning("Stopping now, without a word to the Manager")
                everything.cancel()
            else:
                log.info("Stopping; a second signal stops at once")
                worker.stop()
