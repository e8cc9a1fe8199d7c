"""The figures of Thespian's `simpleSystemBase`, which runs all actors in the calling thread.

It has no restarts (a crashed actor is replaced by hand), and an actor that keeps itself busy never
gives the caller a turn, so there is no cold ask.
"""

from __future__ import annotations

from datetime import timedelta
from time import perf_counter
from typing import Any

from thespian.actors import Actor, ActorExitRequest, ActorSystem

from tests.bench.actors.common import RING, SENDERS, rss_kib
from tests.bench.actors.figures import FIGURES

MISSING = {"cold_ask_p99_us", "cold_ask_slow_p99_us"}
WAIT = timedelta(seconds=5)


class Sink(Actor):
    count = 0

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802 - Thespian's name
        if message == "item":
            self.count += 1
        elif message == "count":
            self.send(sender, self.count)


class Source(Actor):
    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        if isinstance(message, tuple):
            sink, count = message
            for _ in range(count):
                self.send(sink, "item")


class Node(Actor):
    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
        if isinstance(message, tuple):
            left, origin = message
            if left:
                self.send(self.following, (left - 1, origin or sender))
            else:
                self.send(origin, "done")
        elif not isinstance(message, ActorExitRequest):
            self.following = message


def tell(system: Any, size: int) -> float:
    sink = system.createActor(Sink)
    began = perf_counter()
    for _ in range(size):
        system.tell(sink, "item")
    assert system.ask(sink, "count", WAIT) == size
    return size / (perf_counter() - began)


def fan_in(system: Any, size: int) -> float:
    sink = system.createActor(Sink)
    sources = [system.createActor(Source) for _ in range(SENDERS)]
    began = perf_counter()
    for source in sources:
        system.tell(source, (sink, size // SENDERS))
    while system.ask(sink, "count", WAIT) < size:
        pass
    return size / (perf_counter() - began)


def ask(system: Any, size: int) -> float:
    sink = system.createActor(Sink)
    began = perf_counter()
    for _ in range(size):
        system.ask(sink, "count", WAIT)
    return size / (perf_counter() - began)


def ring(system: Any, size: int) -> float:
    nodes = [system.createActor(Node) for _ in range(RING)]
    for node, following in zip(nodes, nodes[1:] + nodes[:1], strict=True):
        system.tell(node, following)
    began = perf_counter()
    assert system.ask(nodes[0], (size, None), timedelta(seconds=60)) == "done"
    return size / (perf_counter() - began)


def spawn(system: Any, size: int) -> float:
    began = perf_counter()
    addresses = [system.createActor(Sink) for _ in range(size)]
    for address in addresses:
        system.tell(address, ActorExitRequest())
    return size / (perf_counter() - began)


def restart(system: Any, size: int) -> float:
    sink = system.createActor(Sink)
    began = perf_counter()
    for _ in range(size):
        system.tell(sink, ActorExitRequest())
        sink = system.createActor(Sink)
        system.ask(sink, "count", WAIT)
    return size / (perf_counter() - began)


def idle_kib(system: Any, size: int) -> float:
    before = rss_kib()
    addresses = [system.createActor(Sink) for _ in range(size)]
    return (rss_kib() - before) / len(addresses)


def measure(figure: str, size: int) -> float | None:
    """One sample; None where Thespian has no such thing."""
    if FIGURES[figure].plain in MISSING:
        return None
    system = ActorSystem("simpleSystemBase")
    try:
        return float(globals()[FIGURES[figure].plain](system, size))
    finally:
        system.shutdown()
