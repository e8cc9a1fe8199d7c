"""A page of 50 jobs out of many, beside one out of few.

python -m tests.bench.lists [--many 100000] [--few 1000] [--json FILE]
"""

import argparse
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter

import trio

from flamenco.logs import TaskLogs
from flamenco.model.jobs import Job
from flamenco.model.lists import JobFilter, Mark, Order, Paging
from flamenco.model.statuses import JobStatus
from flamenco.store import InsertJob, Reader, listed_jobs, open_reader, open_store
from flamenco.store.lists import JOB_KEYS, LISTED_JOBS

PAGE = 50
ROUNDS = 30
START = datetime(2026, 1, 1, tzinfo=UTC)


def jobs(count: int) -> Iterator[Job]:
    """A farm's history: nearly all are done, a few are under way."""
    random = Random(count)
    busy = sorted(LISTED_JOBS)
    for number in range(count):
        recent = number > count - PAGE
        yield Job(
            id=f"{random.getrandbits(128):032x}",
            name=f"shot {random.randrange(10_000):05}",
            type=random.choice(("simple-blender-render", "echo-sleep-test")),
            status=random.choice(busy) if recent else JobStatus.COMPLETED,
            priority=random.randrange(40, 60),
            settings={"frames": "1-250", "render_output_root": "/srv/farm/renders"},
            created=START + timedelta(seconds=number),
            updated=START + timedelta(seconds=number + random.randrange(10_000)),
        )


@asynccontextmanager
async def farm_of(count: int) -> AsyncIterator[Reader]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flamenco.sqlite"
        async with open_store(path, TaskLogs(Path(folder))) as store, open_reader(path) as reader:
            everything = [InsertJob(each) for each in jobs(count)]
            for begin in range(0, count, 5000):
                await store.commit(everything[begin : begin + 5000])
            yield reader


async def half_way(reader: Reader, key: str) -> Mark:
    """A place in the middle of the list."""
    rows = await reader.ids(listed_jobs(JobFilter()))
    job = await reader.job(sorted(rows)[len(rows) // 2])
    assert job is not None
    value = getattr(job, key)
    return Mark(value.isoformat() if isinstance(value, datetime) else value, job.id)


async def milliseconds(reader: Reader, wanted: JobFilter, paging: Paging) -> float:
    took = []
    for _ in range(ROUNDS):
        begin = perf_counter()
        await reader.page(listed_jobs(wanted), paging)
        took.append((perf_counter() - begin) * 1000)
    return median(took)


async def measure(count: int) -> dict[str, float]:
    found = {}
    async with farm_of(count) as reader:
        for key in JOB_KEYS:
            order = Order(key, descending=True)
            first = Paging(order=order, limit=PAGE)
            later = Paging(order=order, limit=PAGE, after=await half_way(reader, key))
            busy = JobFilter(status=(JobStatus.ACTIVE, JobStatus.QUEUED))
            found[f"by {key}"] = await milliseconds(reader, JobFilter(), first)
            found[f"by {key}, half way"] = await milliseconds(reader, JobFilter(), later)
            found[f"by {key}, active or queued"] = await milliseconds(reader, busy, first)
        counted = Paging(order=Order("created"), limit=PAGE, count=True)
        found["counted"] = await milliseconds(reader, JobFilter(), counted)
        searched = JobFilter(name="no such name")
        found["none has the name"] = await milliseconds(reader, searched, first)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.lists")
    parser.add_argument("--many", type=int, default=100_000)
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    few, many = trio.run(measure, arguments.few), trio.run(measure, arguments.many)
    print(f"{'a page of ' + str(PAGE):34}{arguments.few:>9} {arguments.many:>9}  ratio")
    for name, value in many.items():
        print(f"{name:34}{few[name]:>6.2f} ms {value:>6.2f} ms {value / few[name]:6.1f}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"few": few, "many": many}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
