"""The physical limit: objects, a deque and a loop. No timeouts, no tasks, no supervision."""

from __future__ import annotations

from collections import deque
from time import perf_counter

from tests.bench.actors.common import RING, SENDERS, rss_kib
from tests.bench.actors.figures import FIGURES

MISSING = {"cold_ask_p99_us", "cold_ask_slow_p99_us"}


class Sink:
    def __init__(self) -> None:
        self.count = 0
        self.queue: deque[object] = deque()

    def receive(self, message: object) -> int:
        self.count += 1
        return self.count


class Node:
    following: Node

    def receive(self, message: int, todo: deque[tuple[Node, int]]) -> None:
        if message:
            todo.append((self.following, message - 1))


def tell(size: int) -> float:
    sink, item = Sink(), object()
    began = perf_counter()
    put, queue = sink.queue.append, sink.queue
    for _ in range(size):
        put(item)
    _drain(sink, queue)
    return size / (perf_counter() - began)


def _drain(sink: Sink, queue: deque[object]) -> None:
    take, receive = queue.popleft, sink.receive
    while queue:
        receive(take())


def fan_in(size: int) -> float:
    sink, item = Sink(), object()
    began = perf_counter()
    for _ in range(SENDERS):
        put = sink.queue.append
        for _ in range(size // SENDERS):
            put(item)
    _drain(sink, sink.queue)
    return size / (perf_counter() - began)


def ask(size: int) -> float:
    sink, item = Sink(), object()
    began = perf_counter()
    for _ in range(size):
        sink.receive(item)
    return size / (perf_counter() - began)


def ring(size: int) -> float:
    nodes = [Node() for _ in range(RING)]
    for node, following in zip(nodes, nodes[1:] + nodes[:1], strict=True):
        node.following = following
    began = perf_counter()
    todo: deque[tuple[Node, int]] = deque([(nodes[0], size)])
    while todo:
        node, left = todo.popleft()
        node.receive(left, todo)
    return size / (perf_counter() - began)


def spawn(size: int) -> float:
    began = perf_counter()
    sinks = [Sink() for _ in range(size)]
    sinks.clear()
    return size / (perf_counter() - began)


def restart(size: int) -> float:
    sink = Sink()
    began = perf_counter()
    for _ in range(size):
        sink = Sink()
        sink.receive(None)
    return size / (perf_counter() - began)


def idle_kib(size: int) -> float:
    before = rss_kib()
    sinks = [Sink() for _ in range(size)]
    return (rss_kib() - before) / len(sinks)


def measure(figure: str, size: int) -> float | None:
    """One sample; None where a loop has no such thing."""
    return (
        None if FIGURES[figure].plain in MISSING else float(globals()[FIGURES[figure].plain](size))
    )
