"""Signals of the operating system, and their meaning for the Worker (reference rules §15)."""

import logging
import signal
import sys

import trio

from flamenco.model.statuses import WorkerStatus
from worker.console import stopped_by_console
from worker.worker import Worker

log = logging.getLogger(__name__)

STATUSES: dict[int, WorkerStatus] = {
    getattr(signal, name): status
    for name, status in (("SIGUSR1", WorkerStatus.ASLEEP), ("SIGUSR2", WorkerStatus.AWAKE))
    if hasattr(signal, name)
}


def stops(*, at_terminal: bool) -> frozenset[int]:
    """The signals that stop a Worker. SIGHUP is one if it means that the terminal is gone."""
    names = ("SIGINT", "SIGTERM", "SIGBREAK", *(["SIGHUP"] if at_terminal else []))
    return frozenset(getattr(signal, name) for name in names if hasattr(signal, name))


def reloads(*, at_terminal: bool) -> frozenset[int]:
    """The signals that let a Worker look at its machine again."""
    return frozenset({signal.SIGHUP} if hasattr(signal, "SIGHUP") and not at_terminal else ())


async def watch_signals(worker: Worker, everything: trio.CancelScope) -> None:
    """Stop, sleep, wake up and look again by signal; a second stop cancels ``everything``."""
    at_terminal = sys.stdin is not None and sys.stdin.isatty()
    stopping, looking = stops(at_terminal=at_terminal), reloads(at_terminal=at_terminal)
    token = trio.lowlevel.current_trio_token()
    with (
        trio.open_signal_receiver(*stopping, *looking, *STATUSES) as signals,
        stopped_by_console(lambda: token.run_sync_soon(worker.stop)),
    ):
        async for number in signals:
            if number in STATUSES:
                worker.request(STATUSES[number], lazy=False)
            elif number in looking:
                log.info("Looking at this machine again")
                worker.machine.look_again()
            elif worker.stopping:
                log.warning("Stopping now, without telling the Manager")
                everything.cancel()
            else:
                log.info("Stopping; a second signal stops at once")
                worker.stop()
