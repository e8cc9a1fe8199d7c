"""The figures of Pykka. It has no restarts: a crashed actor is replaced by hand."""

from __future__ import annotations

import threading
from time import perf_counter, sleep
from typing import Any

import pykka

from tests.bench.actors.common import FLOOD, RING, SENDERS, SLOW_SECONDS, p99, rss_kib, spin
from tests.bench.actors.figures import FIGURES


class Sink(pykka.ThreadingActor):
    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def on_receive(self, message: Any) -> Any:
        if message == "item":
            self.count += 1
            return None
        if message == "count":
            return self.count
        raise ValueError


class Source(pykka.ThreadingActor):
    def __init__(self, sink: Any) -> None:
        super().__init__()
        self.sink = sink

    def on_receive(self, message: Any) -> None:
        tell = self.sink.tell
        for _ in range(message):
            tell("item")


class Node(pykka.ThreadingActor):
    def __init__(self, done: threading.Event) -> None:
        super().__init__()
        self.done = done
        self.following: Any = None

    def on_receive(self, message: Any) -> None:
        if not isinstance(message, int):
            self.following = message
        elif message:
            self.following.tell(message - 1)
        else:
            self.done.set()


class Hot(pykka.ThreadingActor):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def on_receive(self, message: Any) -> None:
        if self.seconds:
            spin(self.seconds)
        self.actor_ref.tell(message)


def tell(size: int) -> float:
    sink = Sink.start()
    began = perf_counter()
    for _ in range(size):
        sink.tell("item")
    assert sink.ask("count", timeout=60) == size
    return size / (perf_counter() - began)


def fan_in(size: int) -> float:
    sink = Sink.start()
    sources = [Source.start(sink) for _ in range(SENDERS)]
    began = perf_counter()
    for source in sources:
        source.tell(size // SENDERS)
    while sink.ask("count", timeout=60) < size:
        sleep(0.001)
    return size / (perf_counter() - began)


def ask(size: int) -> float:
    sink = Sink.start()
    began = perf_counter()
    for _ in range(size):
        sink.ask("count", timeout=5)
    return size / (perf_counter() - began)


def ring(size: int) -> float:
    done = threading.Event()
    nodes = [Node.start(done) for _ in range(RING)]
    for node, following in zip(nodes, nodes[1:] + nodes[:1], strict=True):
        node.tell(following)
    sleep(0.2)
    began = perf_counter()
    nodes[0].tell(size)
    done.wait()
    return size / (perf_counter() - began)


def spawn(size: int) -> float:
    began = perf_counter()
    refs = [Sink.start() for _ in range(size)]
    refs[-1].ask("count")
    for ref in refs:
        ref.stop(block=False)
    for ref in refs:
        ref.actor_stopped.wait()
    return size / (perf_counter() - began)


def restart(size: int) -> float:
    sink = Sink.start()
    began = perf_counter()
    for _ in range(size):
        sink.tell("crash")
        sink.actor_stopped.wait()
        sink = Sink.start()
        sink.ask("count")
    return size / (perf_counter() - began)


def idle_kib(size: int) -> float:
    before = rss_kib()
    refs = [Sink.start() for _ in range(size)]
    refs[-1].ask("count")
    return (rss_kib() - before) / len(refs)


def cold_ask_p99_us(size: int, seconds: float = 0.0) -> float:
    hot, cold = Hot.start(seconds), Sink.start()
    for _ in range(FLOOD):
        hot.tell("item")
    times = []
    for _ in range(size):
        sleep(0.001)
        began = perf_counter()
        cold.ask("count")
        times.append(perf_counter() - began)
    return p99(times)


def cold_ask_slow_p99_us(size: int) -> float:
    return cold_ask_p99_us(size, SLOW_SECONDS)


def measure(figure: str, size: int) -> float:
    """One sample."""
    return float(globals()[FIGURES[figure].plain](size))
