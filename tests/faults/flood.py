"""A program that floods its output through a whole farm, and what that costs.

``python -m tests.faults flood`` sends 1 GB in a minute; the test sends a tenth of that.
"""

import sys
from datetime import datetime
from pathlib import Path

import attrs

from tests.faults.farm import open_farm, task

MOST_MEMORY = 150
"""MiB, of the Worker and of the Manager."""
PROGRAM = """
import sys, time
megabytes, seconds = float(sys.argv[1]), float(sys.argv[2])
print("the first word", flush=True)
began, piece = time.monotonic(), ("x" * 99 + "\\n") * 1000
for number in range(int(megabytes * 10)):
    sys.stdout.write(piece)
    late = began + seconds * number / (megabytes * 10) - time.monotonic()
    if late > 0:
        time.sleep(late)
print("the last word")
"""


@attrs.frozen(kw_only=True)
class Flood:
    """Observations of one flood."""

    status: str
    seconds: float
    worker_mib: float
    manager_mib: float
    log: str


async def flood(folder: Path, megabytes: float, seconds: float) -> Flood:
    """Run a task that prints so much in so much time."""
    program = {"exe": sys.executable, "args": ["-c", PROGRAM, str(megabytes), str(seconds)]}
    async with open_farm(folder) as farm:
        anna = await farm.worker("anna")
        job = await farm.submit(task("flood", ("exec", program)))
        status = await farm.finished(job, seconds=seconds * 3 + 60)
        (attempt,) = await farm.attempts(job)
        return Flood(
            status=status,
            seconds=attempt_seconds(attempt),
            worker_mib=anna.memory(),
            manager_mib=farm.manager.memory(),
            log=farm.task_log(job),
        )


def attempt_seconds(attempt: dict) -> float:
    """Seconds that an attempt took."""
    began, ended = (datetime.fromisoformat(attempt[key]) for key in ("started", "ended"))
    return (ended - began).total_seconds()
