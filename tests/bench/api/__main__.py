"""Measure the HTTP API of a Manager in a process of its own, under the load of a large farm.

1,000 workers poll at Flamenco 3's intervals (400 render, 400 idle, 200 sleep), 300 requests a
second come on top, and 50 browsers follow.

python -m tests.bench.api [--seconds N] [--idle-sockets N] [--attacks] [--sign-ins N] [--json FILE]

With `--idle-sockets N`, N live sockets are then opened that nobody uses, and the same is measured
again: `p99_ratio` is what the others' p99 became, goal 1.2 at most. The others are 50 workers and
4 people then, who wait for each answer: with a Manager that is busy all the time, the ratio would
say nothing about the sockets. With `--attacks`, attacks are measured instead
(`tests/bench/api/attacks.py`); with `--sign-ins N`, what others wait while N people sign in each
second (`tests/bench/api/signing.py`).
"""

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import trio

from tests.bench.api.attacks import measure_attacks
from tests.bench.api.client import Client, Measured
from tests.bench.api.idle import idle_sockets
from tests.bench.api.load import Worker, follow, known
from tests.bench.api.signing import manager_of_users, measure_sign_ins
from tests.e2e.running import running_manager

WAYS = 400 * ["render"] + 400 * ["idle"] + 200 * ["sleep"]
JOBS = 100
WARM_UP_SECONDS = 25.0
SETTLING_SECONDS = 10.0
LIGHTER = 20
"""Number by which workers and browsers are divided beside idle sockets."""
PEOPLE = 4
"""Number of people who ask one thing after the other beside idle sockets."""
AT_ONCE = 20
OF_ADDRESS = 20
"""Number of workers on one address, since each may register a few at once only."""


async def register(host: str, port: int, measured: Measured, ways: list[str]) -> list[Worker]:
    workers = [
        Worker(Client(host, port, measured, address=f"127.0.1.{number // OF_ADDRESS + 1}"), way)
        for number, way in enumerate(ways)
    ]
    limit = trio.CapacityLimiter(AT_ONCE)

    async def one(worker: Worker, number: int) -> None:
        async with limit:
            await worker.register(number)

    async with trio.open_nursery() as nursery:
        for number, worker in enumerate(workers):
            nursery.start_soon(one, worker, number)
    return workers


async def measure(
    url: str, manager: psutil.Process, seconds: float, rate: float, browsers: int, idle: int
) -> dict[str, object]:
    address = urlsplit(url)
    host, port = address.hostname or "", address.port or 0
    measured, heard, part = Measured(), [0], LIGHTER if idle else 1
    workers = await register(host, port, measured, WAYS[::part])
    people = await known(Client(host, port, measured, keep=True), JOBS)
    assert not measured.errors, measured.errors
    async with trio.open_nursery() as nursery:
        for worker in workers:
            nursery.start_soon(worker.live)
        for number in range(browsers // part):
            job = people.jobs[number % len(people.jobs)]
            nursery.start_soon(follow, host, port, job, heard)
        kept = partial(Client, host, port, measured, keep=True)
        if idle:
            for _ in range(PEOPLE):
                nursery.start_soon(people.ask_on, kept())
        else:
            nursery.start_soon(people.come, kept, rate)
        await trio.sleep(WARM_UP_SECONDS)
        result = await window(measured, heard, manager, seconds)
        if idle:
            async with idle_sockets(host, port, idle):
                print(f"\nwith {idle} idle sockets")
                await trio.sleep(SETTLING_SECONDS)
                beside = await window(measured, heard, manager, seconds)
            result |= {f"{name}_with_idle_sockets": value for name, value in beside.items()}
            for name in ("p50", "p99"):
                result[f"{name}_ratio"] = round(beside[f"{name}_ms"] / result[f"{name}_ms"], 2)
                print(f"{name}_ratio{result[f'{name}_ratio']:>27}  (goal of p99: at most 1.2)")
        nursery.cancel_scope.cancel()
    return {**result, "goal_p99_ms": 250}


async def window(
    measured: Measured, heard: list[int], manager: psutil.Process, seconds: float
) -> dict[str, float]:
    """What happens in so many seconds."""
    measured.times.clear()
    heard[0] = 0
    before = sum(manager.cpu_times()[:2])
    await trio.sleep(seconds)
    processor = sum(manager.cpu_times()[:2]) - before
    return report(measured, heard[0], processor, seconds)


def report(measured: Measured, heard: int, processor: float, seconds: float) -> dict[str, float]:
    requests = sum(map(len, measured.times.values()))
    result = {
        "requests_per_s": round(requests / seconds, 1),
        "events_to_browsers_per_s": round(heard / seconds, 1),
        "processor_percent": round(100 * processor / seconds, 1),
        "errors": sum(measured.errors.values()),
        "p50_ms": round(measured.percentile(0.5), 1),
        "p99_ms": round(measured.percentile(0.99), 1),
    }
    for name, value in result.items():
        print(f"{name:26}{value:10}")
    print(f"\n{'kind':26}{'a second':>10}{'p50 ms':>10}{'p99 ms':>10}")
    for kind, times in sorted(measured.times.items()):
        low, high = (measured.percentile(share, kind) for share in (0.5, 0.99))
        print(f"{kind:26}{len(times) / seconds:10.1f}{low:10.1f}{high:10.1f}")
    for error, count in measured.errors.most_common(10):
        print(f"error: {count} times {error}")
    return result


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.api")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=300.0, help="requests a second on top")
    parser.add_argument("--browsers", type=int, default=50)
    parser.add_argument("--idle-sockets", type=int, default=0, metavar="N")
    parser.add_argument("--attacks", action="store_true")
    parser.add_argument("--sign-ins", type=float, default=0.0, metavar="N")
    parser.add_argument("--json", type=Path, help="write figure -> value to this file")
    arguments = parser.parse_args()
    with ExitStack() as farm:
        folder = Path(farm.enter_context(tempfile.TemporaryDirectory()))
        if arguments.sign_ins:
            url, token = farm.enter_context(manager_of_users(folder))
        else:
            url = farm.enter_context(running_manager(folder))
        manager, address = psutil.Process().children()[0], urlsplit(url)
        host, port = address.hostname or "", address.port or 0
        if arguments.sign_ins:
            rate, seconds = arguments.sign_ins, arguments.seconds
            result: dict[str, Any] = trio.run(measure_sign_ins, host, port, token, rate, seconds)
        elif arguments.attacks:
            result = trio.run(measure_attacks, host, port, manager)
        else:
            result = trio.run(
                measure,
                url,
                manager,
                arguments.seconds,
                arguments.rate,
                arguments.browsers,
                arguments.idle_sockets,
            )
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")
    return 1 if result["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
