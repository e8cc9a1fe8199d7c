"""Figures over real sessions: the Manager in one process, a thousand workers in another.

Run as a program it is the other process: ``python -m tests.bench.manager.sessions URL WORKERS``.
It reads orders from its standard input, a line each, and answers each with a line of JSON.
"""

import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import trio

from flamenco import protocol
from tests.e2e.running import running_manager
from tests.load.worker import LoadWorker, Tally

WORKERS = 1000
CYCLES = 5000
STEADY_PER_SECOND = 100
STEADY_SECONDS = 20
REGISTER_AT_ONCE = 20
HUGE = 100_000


@contextmanager
def farm() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A Manager at a URL, and a process of workers that are all connected."""
    with tempfile.TemporaryDirectory() as folder, running_manager(Path(folder)) as url:
        command = [sys.executable, "-m", "tests.bench.manager.sessions", url, str(WORKERS)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, text=True, **pipes) as process:
            assert process.stdout is not None
            assert json.loads(process.stdout.readline()) == WORKERS
            try:
                yield url, process
            finally:
                process.kill()


def order(process: subprocess.Popen[str], what: str) -> float:
    """Have the workers do something; the figure that they answer."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{what}\n")
    process.stdin.flush()
    return float(json.loads(process.stdout.readline()))


def submit(url: str, tasks: int) -> str:
    """A job of so many tasks besides the first; its id."""
    settings = {"message": "hi", "sleep_duration_seconds": 0, "sleep_repeats": tasks}
    body = {
        "name": "job",
        "type": "echo-sleep-test",
        "submitter_platform": "linux",
        "settings": settings,
    }
    answer = httpx.post(f"{url}api/v3/jobs", json=body, timeout=120)
    answer.raise_for_status()
    return str(answer.json()["id"])


async def cycles_per_s_sessions() -> float:
    """1,000 workers that complete each task at once: starts and completions per second."""
    with farm() as (url, process):
        submit(url, WORKERS + 3 * CYCLES)
        order(process, f"cycles {CYCLES}")
        return order(process, f"cycles {CYCLES}")


async def ready_to_pushed_p99_ms() -> float:
    """A task becomes ready, its worker idles; the Manager itself says how long the push took."""
    with farm() as (url, process):
        return pushed(url, process)


async def ready_to_pushed_p99_ms_submitting() -> float:
    """The same while a job of 100,000 tasks is submitted again and again."""
    with farm() as (url, process):
        command = [sys.executable, "-c", SUBMIT, url, str(HUGE)]
        with subprocess.Popen(command) as submitting:
            try:
                return pushed(url, process)
            finally:
                submitting.kill()


SUBMIT = """
import sys
from tests.bench.manager.sessions import submit
while True:
    submit(sys.argv[1], int(sys.argv[2]))
"""
