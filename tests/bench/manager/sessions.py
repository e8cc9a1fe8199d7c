"""Figures over real sessions: a Manager, a thousand workers, and who submits, each a process."""

import json
import math
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import trio

from tests.bench.manager.timed import CHAIN, LATENCIES, UNSYNCED
from tests.e2e.running import submit
from tests.load.worker import LoadWorker, Tally

WORKERS = 1000
FROM_ONE_ADDRESS = 40
"""Number of them that may register from one address at once."""
CYCLES = 5000
CHAINS = 100
"""Jobs whose tasks each wait for the one before; a task takes a second, so 100 cycles a second."""
STEADY_SECONDS = 30
HUGE = 100_000


@contextmanager
def processes(
    tmp: str, seconds: float, *options: str
) -> Iterator[tuple[str, subprocess.Popen[str], Path]]:
    """A Manager's URL, its process and storage; a thousand workers are connected to it.

    They take ``seconds`` for each task. The ``options`` are those of the Manager.
    """
    storage = Path(tmp)
    (storage / "scripts").mkdir()
    (storage / "scripts" / "chain.py").write_text(CHAIN)
    manager = _program("tests.bench.manager.timed", str(storage), *options)
    url = manager.stdout.readline().split()[-1]
    workers = _program("tests.bench.manager.sessions", url, str(seconds))
    try:
        assert workers.stdout.readline() == "ready\n"
        yield url, manager, storage
    finally:
        workers.kill()
        manager.kill()


def _program(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", *arguments]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE)


def submit_fan(url: str, tasks: int) -> str:
    """A job of a task, and so many that wait for it."""
    settings = {"message": "hi", "sleep_duration_seconds": 0, "sleep_repeats": tasks}
    return submit(url, name="job", type="echo-sleep-test", settings=settings)


def submit_chain(url: str, length: int, task_type: str) -> str:
    """A job of so many tasks that each wait for the one before."""
    settings = {"length": length, "task_type": task_type}
    return submit(url, name="job", type="chain", settings=settings)


def completed(url: str, job: str) -> int:
    return int(httpx.get(f"{url}api/v3/jobs/{job}").json()["steps_completed"])


async def cycles_per_s_sessions() -> float:
    """1,000 workers complete each task at once: starts and completions per second."""
    return _cycles_per_s()


async def cycles_per_s_unsynced() -> float:
    """The same where logs are not synced to the disk."""
    return _cycles_per_s(UNSYNCED)


def _cycles_per_s(*options: str) -> float:
    with tempfile.TemporaryDirectory() as tmp, processes(tmp, 0.0, *options) as (url, _, _):
        job = submit_fan(url, 4 * CYCLES)
        before = _when(url, job, WORKERS)
        after = _when(url, job, WORKERS + CYCLES)
        return (after[0] - before[0]) / (after[1] - before[1])


def _when(url: str, job: str, steps: int) -> tuple[int, float]:
    """Number of completed steps of a job, and the time, as soon as it reaches a number."""
    while (now := completed(url, job)) < steps:
        time.sleep(0.1)
    return now, time.perf_counter()


async def ready_to_pushed_p99_ms() -> float:
    """From the commit that makes a task ready to the bytes of its assignment at the socket."""
    return _steady(lambda _: time.sleep(STEADY_SECONDS))


async def ready_to_pushed_submitting_p99_ms() -> float:
    """The same while jobs of 100,000 tasks, for no worker of this farm, are submitted."""

    def storm(url: str) -> None:
        ends = time.monotonic() + STEADY_SECONDS
        while time.monotonic() < ends:
            submit_chain(url, HUGE, "exotic")

    return _steady(storm)


def _steady(meanwhile: Callable[[str], None]) -> float:
    with tempfile.TemporaryDirectory() as tmp, processes(tmp, 1.0) as (url, manager, storage):
        for _ in range(CHAINS):
            submit_chain(url, 1000, "misc")
        time.sleep(5)
        (storage / LATENCIES).unlink(missing_ok=True)
        meanwhile(url)
        manager.send_signal(signal.SIGTERM)
        manager.wait(60)
        lines = (storage / LATENCIES).read_text().splitlines()
        times = sorted(json.loads(line) for line in lines)
        print(f"{len(times)} tasks, median {1000 * times[len(times) // 2]:.1f} ms", file=sys.stderr)
        return 1000 * float(times[math.ceil(0.99 * len(times)) - 1])


async def work(url: str, seconds: float) -> None:
    """Be a thousand workers, until killed."""
    tally = Tally()
    async with trio.open_nursery() as nursery:
        for host in range(WORKERS // FROM_ONE_ADDRESS):
            transport = httpx.AsyncHTTPTransport(local_address=f"127.0.1.{host + 1}")
            async with httpx.AsyncClient(timeout=60, transport=transport) as client:
                for number in range(FROM_ONE_ADDRESS):
                    worker = LoadWorker(url, f"load{host}-{number}", tally, seconds=seconds)
                    await worker.register(client)
                    nursery.start_soon(worker.live)
        await tally.all_connected(WORKERS)
        print("ready", flush=True)
        await trio.sleep_forever()


if __name__ == "__main__":
    trio.run(work, sys.argv[1], float(sys.argv[2]))
