"""Simulate many days on the farm, each from a seed that tells it again.

python -m tests.simulation [--seeds N] [--first N] [--verbose]
"""

import argparse
import faulthandler
import gc
import logging
import os
import resource
import signal
import sys
import time
import traceback

import trio

from tests.simulation.world import Violation, simulate


def repeatable() -> None:
    """The order of sets depends on a number that Python draws when it starts: fix it."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        os.execve(  # noqa: S606 - itself again
            sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]], environment
        )


class _Clock(logging.Formatter):
    """Lines with the time of the simulation."""

    def format(self, record: logging.LogRecord) -> str:
        try:
            now = trio.current_time()
        except RuntimeError:
            now = 0.0
        return f"{now:9.3f} {record.name:24} {record.getMessage()}"


MOST_SECONDS = 60
"""More processor time than a seed ever takes, unless something goes round in circles."""


def one_seed(seed: int, verbose: bool) -> int:
    """Simulate one seed in a process of its own, and tell if it fails; the exit status."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Clock())
    handlers: list[logging.Handler] = [handler] if verbose else [logging.NullHandler()]
    logging.basicConfig(level=logging.DEBUG, handlers=handlers)
    faulthandler.register(signal.SIGXCPU)
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS + 1))
    try:
        simulate(seed)
    except Violation as error:
        print(f"seed {seed} fails: {error}", flush=True)
        return 1
    except Exception as error:  # noqa: BLE001 - whatever it is, it is of this seed
        print(f"seed {seed} fails:", *traceback.format_exception(error), flush=True)
        return 1
    return 0


def start(seed: int, verbose: bool) -> int:
    """The id of a process that simulates a seed."""
    sys.stdout.flush()
    process = os.fork()
    if not process:
        status = 1
        try:
            status = one_seed(seed, verbose)
        finally:
            sys.stdout.flush()
            os._exit(status)
    return process


def main() -> int:
    """Returns 1 if a seed failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--verbose", action="store_true", help="tell what happens")
    arguments = parser.parse_args()
    repeatable()
    gc.freeze()  # each Manager of each seed collects, and the modules stay anyway
    at_once = 1 if arguments.verbose else os.cpu_count() or 1
    began = time.perf_counter()
    running: dict[int, int] = {}  # {process id: seed}
    failed: list[int] = []
    waiting = list(range(arguments.first, arguments.first + arguments.seeds))[::-1]
    while waiting or running:
        while waiting and len(running) < at_once:
            seed = waiting.pop()
            running[start(seed, arguments.verbose)] = seed
        process, status = os.wait()
        seed = running.pop(process)
        if status:
            failed.append(seed)
        if os.WIFSIGNALED(status):
            name = signal.Signals(os.WTERMSIG(status)).name
            print(f"seed {seed} was ended by {name}", flush=True)
    took = time.perf_counter() - began
    names = f": {' '.join(map(str, sorted(failed)))}" if failed else ""
    print(f"{arguments.seeds} seeds in {took:.1f} s, {len(failed)} failed{names}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
