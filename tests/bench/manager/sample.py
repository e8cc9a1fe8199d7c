"""One figure, in a fresh process: python -m tests.bench.manager.sample FIGURE"""

import json
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import trio

from flamenco.manager.farm import Farm
from flamenco.manager.jobs.messages import SetJobStatus, WakeJob
from flamenco.model.statuses import JobStatus
from tests.bench.manager import scale, sessions
from tests.bench.manager.farm import farm, hire, open_up, submit

MIB = 1024 * 1024
ROUNDS = 5


async def sqlite_commits_per_s() -> float:
    commits = 2000
    with tempfile.TemporaryDirectory(dir=os.environ.get("FLAMENCO_BENCH_FOLDER")) as folder:
        connection = sqlite3.connect(Path(folder) / "plain.sqlite", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT)")
        began = time.perf_counter()
        for _ in range(commits):
            connection.execute("INSERT INTO rows (text) VALUES ('a task went on')")
        took = time.perf_counter() - began
        connection.close()
    return commits / took


async def cycles_per_s_in_process() -> float:
    """100 workers, ten jobs, 1,000 tasks a round."""
    async with farm() as opened:
        for _ in range(10):
            await open_up(opened, await submit(opened, 1000))
        load = await hire(opened, 100)
        await load.run(500)
        return statistics.median([1000 / await load.run(1000) for _ in range(ROUNDS)])


async def cost_1m_over_1k() -> float:
    """Rounds of 500 cycles by 20 workers, on both farms in turn."""
    async with farm() as small, farm() as large:
        await open_up(small, await submit(small, 1000 + (ROUNDS + 1) * 500))
        for _ in range(10):
            await open_up(large, await submit(large, 100_000))
        loads = [await hire(each, 20) for each in (small, large)]
        for load in loads:
            await load.run(500)
        ratios = []
        for number in range(ROUNDS):
            order = loads if number % 2 else loads[::-1]
            took = {id(load): await load.run(500) for load in order}
            ratios.append(took[id(loads[1])] / took[id(loads[0])])
        return statistics.median(ratios)


async def submit_100k_s() -> float:
    """From the request to the answer, the job compiled in the child process; median of three."""
    async with farm() as opened:
        await submit(opened, 10)
        times = []
        for _ in range(3):
            began = time.perf_counter()
            await submit(opened, 100_000)
            times.append(time.perf_counter() - began)
            await trio.sleep(3)  # its actor loads it meanwhile
        return statistics.median(times)


async def rss_1m_mib() -> float:
    async with farm() as opened:
        for _ in range(10):
            await open_up(opened, await submit(opened, 100_000))
        return psutil.Process().memory_info().rss / MIB


async def rss_finished_mib() -> float:
    async with farm() as opened:
        for _ in range(20):
            await come_and_go(opened)
        before = psutil.Process().memory_info().rss
        for _ in range(1000):
            await come_and_go(opened)
        await trio.sleep(31)
        return (psutil.Process().memory_info().rss - before) / MIB


async def come_and_go(opened: Farm) -> None:
    job = await submit(opened, 20)
    actor = await opened.jobs.ask(WakeJob(job.id))
    await actor.ask(SetJobStatus(JobStatus.CANCEL_REQUESTED, "done"))


SAMPLES: dict[str, Callable[[], Awaitable[float]]] = {
    function.__name__: function
    for function in (
        sqlite_commits_per_s,
        cycles_per_s_in_process,
        sessions.cycles_per_s_sessions,
        sessions.cycles_per_s_unsynced,
        sessions.ready_to_pushed_p99_ms,
        sessions.ready_to_pushed_submitting_p99_ms,
        cost_1m_over_1k,
        submit_100k_s,
        scale.clean_up_hold_ms,
        scale.wake_400k_s,
        scale.wake_400k_others_p99_ms,
        scale.start_100k_s,
        rss_1m_mib,
        rss_finished_mib,
    )
}

if __name__ == "__main__":
    print(json.dumps(trio.run(SAMPLES[sys.argv[1]])))
