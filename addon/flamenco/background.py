# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocking calls in threads of their own, and flows that wait for them.

A flow is a generator that yields the futures it waits for. A script drives it with `run`; in the
user interface a timer checks if the future is done, so that Blender stays responsive. Flows run on
Blender's main thread. Functions passed to `in_background` do not, so they must not touch ``bpy``.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_EXCEPTION, Future
from concurrent.futures import wait as wait_for
from threading import Thread
from typing import Any, TypeVar

A = TypeVar("A")
T = TypeVar("T")
Flow = Generator["Future[Any]", None, T]

SLICE = 0.008
"""Seconds that a flow works on the main thread before it lets Blender draw. What can't be divided,
such as a list of 20,000 data-blocks, may come on top: together they stay below 20 ms."""

PAUSED: "Future[Any]" = Future()
"""Value for which a flow waits to let Blender draw; nobody may change the file meanwhile."""
PAUSED.set_result(None)


def begun(function: Callable[[], T]) -> "Future[T]":
    """Call `function` in a daemon thread; returns the future of its result."""
    future: Future[T] = Future()

    def call() -> None:
        try:
            future.set_result(function())
        except Exception as ex:  # noqa: BLE001 - raised again in the flow, by `result()`
            future.set_exception(ex)

    Thread(target=call, name="flamenco-addon", daemon=True).start()
    return future


def keep(write: Callable[[], object], what: str, *, waits: bool) -> None:
    """Call `write`, which writes to the user's folder, in a daemon thread, or here if that `waits`.

    If it cannot be written, the console says that `what` cannot be kept.
    """

    def call() -> None:
        try:
            write()
        except OSError as ex:
            print(f"Flamenco: {what} cannot be kept: {ex}")

    if waits:
        call()
    else:
        begun(call)


def in_background(
    function: Callable[[], T], undo: Callable[["Future[T]"], None] | None = None
) -> Flow[T]:
    """Call `function` in a daemon thread; a flow gets its result with ``yield from``.

    If it fails, or the flow is ended meanwhile, nobody gets a result: `undo` is called, in a daemon
    thread, with the future when that is done.
    """
    future = begun(function)
    try:
        yield future
        return future.result()
    except BaseException:
        if undo is not None:
            begun(lambda: (wait_for([future]), undo(future)))
        raise


def in_threads(function: Callable[[A], T], items: Iterable[A], most: int) -> list[T]:
    """Call `function` for each item in at most so many daemon threads; the results in order.

    Raises the first error, after the calls that had begun. Other than those of an executor, such
    threads do not hold up Blender when it quits.
    """
    waiting = deque(items)
    results: list[Future[T]] = [Future() for _ in waiting]
    orders = deque(zip(waiting, results, strict=True))

    def work() -> None:
        while True:
            try:
                item, result = orders.popleft()
            except IndexError:
                return
            result.set_result(function(item))

    workers = [begun(work) for _ in range(min(most, len(results)))]
    wait_for(workers, return_when=FIRST_EXCEPTION)
    orders.clear()
    wait_for(workers)
    for one in workers:
        one.result()
    return [one.result() for one in results]


def in_slices(items: Iterable[T | None]) -> Flow[list[T]]:
    """Collect the items that are not None on the main thread, in slices of time."""
    found, until = [], time.perf_counter() + SLICE
    for item in items:
        if item is not None:
            found.append(item)
        if time.perf_counter() > until:
            yield PAUSED
            until = time.perf_counter() + SLICE
    return found


def run(flow: Flow[T]) -> T:
    """Drive a flow to its end, blocking; returns its result and raises its exception."""
    while True:
        try:
            future = next(flow)
        except StopIteration as end:
            return end.value
        wait_for([future])
