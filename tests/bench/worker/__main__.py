"""Measure a Worker that has nothing to do: what it takes from the machine that others render on.

python -m tests.bench.worker [--seconds 60] [--json FILE]

A real Manager and a real Worker, awake, with its session. The first seconds, in which it looks at
its machine, don't count.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import httpx
import psutil

from tests.e2e.running import running_manager, running_worker, wait_for

MIB = 1024 * 1024
SETTLE_SECONDS = 5.0
GOALS = {"idle_cpu_percent": 0.5, "idle_rss_mib": 80.0}


def measure(seconds: float) -> dict[str, float]:
    """Processor time of one core and resident memory, of the Worker and all it has started."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_manager(Path(folder) / "farm") as url,
        running_worker(url, Path(folder) / "home", "idle") as worker,
    ):
        wait_for(lambda: is_awake(url))
        time.sleep(SETTLE_SECONDS)
        process = psutil.Process(worker.pid)
        before, began = busy(process), time.monotonic()
        time.sleep(seconds)
        took = time.monotonic() - began
        family = [process, *process.children(recursive=True)]
        return {
            "idle_cpu_percent": 100 * (busy(process) - before) / took,
            "idle_rss_mib": sum(each.memory_info().rss for each in family) / MIB,
        }


def is_awake(url: str) -> bool:
    workers = httpx.get(f"{url}api/v3/worker-mgt/workers").json()["workers"]
    return [worker["status"] for worker in workers] == ["awake"]


def busy(process: psutil.Process) -> float:
    """Seconds of processor time, with those of children that have ended."""
    times = process.cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.worker")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--json", type=Path, help="write figure -> value to this file")
    arguments = parser.parse_args()
    figures = measure(arguments.seconds)
    for name, value in figures.items():
        met = "ok" if value < GOALS[name] else "MISSED"
        print(f"{name:20}{value:8.2f}  < {GOALS[name]:g}  {met}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
