"""The figures of the package `actors`, all its features on."""

from __future__ import annotations

import math
from time import perf_counter

import attrs
import trio
import trio.testing

import actors
from tests.bench.actors.common import FLOOD, RING, SENDERS, SLOW_SECONDS, p99, rss_kib, spin

RULES = actors.Supervision(max_restarts=math.inf)


@attrs.frozen
class Item:
    pass


@attrs.frozen
class Count(actors.Request[int]):
    pass


@attrs.frozen
class Go:
    count: int


class Crash(actors.Request[None]):
    pass


class Sink(actors.Actor):
    mailbox = actors.Mailbox(capacity=1_000_000)

    def __init__(self) -> None:
        self.count = 0

    @actors.handles(Item)
    def item(self, message: Item) -> None:
        self.count += 1

    @actors.handles(Count)
    def total(self, message: Count) -> int:
        return self.count

    @actors.handles(Crash)
    def crash(self, message: Crash) -> None:
        raise ValueError


class AsyncSink(actors.Actor):
    """The same, all handlers `async def`."""

    mailbox = Sink.mailbox

    def __init__(self) -> None:
        self.count = 0

    @actors.handles(Item)
    async def item(self, message: Item) -> None:
        self.count += 1

    @actors.handles(Count)
    async def total(self, message: Count) -> int:
        return self.count


class Source(actors.Actor):
    def __init__(self, sink: actors.ActorRef) -> None:
        self.sink = sink

    @actors.handles(Go)
    def go(self, message: Go) -> None:
        tell, item = self.sink.tell, Item()
        for _ in range(message.count):
            tell(item)


class Node(actors.Actor):
    def __init__(self, done: trio.Event) -> None:
        self.done = done

    @actors.handles(actors.ActorRef)
    def connect(self, ref: actors.ActorRef) -> None:
        self.following = ref

    @actors.handles(int)
    def hop(self, left: int) -> None:
        if left:
            self.following.tell(left - 1)
        else:
            self.done.set()


class Hot(actors.Actor):
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    @actors.handles(Item)
    def item(self, message: Item) -> None:
        if self.seconds:
            spin(self.seconds)
        self.ref.tell(message)


class AsyncHot(Hot):
    @actors.handles(Item)
    async def item_async(self, message: Item) -> None:
        self.ref.tell(message)


async def tell_async(system: actors.ActorSystem, size: int) -> float:
    return await tell(system, size, AsyncSink)


async def tell(system: actors.ActorSystem, size: int, cls: type[actors.Actor] = Sink) -> float:
    sink, item = await system.start(cls), Item()
    began = perf_counter()
    for _ in range(size):
        sink.tell(item)
    assert await sink.ask(Count(), timeout=60) == size
    return size / (perf_counter() - began)


async def fan_in(system: actors.ActorSystem, size: int) -> float:
    sink = await system.start(Sink)
    sources = [await system.start(Source, sink) for _ in range(SENDERS)]
    began = perf_counter()
    for source in sources:
        source.tell(Go(size // SENDERS))
    while await sink.ask(Count(), timeout=60) < size:
        pass
    return size / (perf_counter() - began)


async def ask_async(system: actors.ActorSystem, size: int) -> float:
    return await ask(system, size, AsyncSink)


async def ask(system: actors.ActorSystem, size: int, cls: type[actors.Actor] = Sink) -> float:
    sink, request = await system.start(cls), Count()
    began = perf_counter()
    for _ in range(size):
        await sink.ask(request, timeout=5)
    return size / (perf_counter() - began)


async def ring(system: actors.ActorSystem, size: int) -> float:
    done = trio.Event()
    nodes = [await system.start(Node, done) for _ in range(RING)]
    for node, following in zip(nodes, nodes[1:] + nodes[:1], strict=True):
        node.tell(following)
    await trio.lowlevel.checkpoint()
    began = perf_counter()
    nodes[0].tell(size)
    await done.wait()
    return size / (perf_counter() - began)


async def spawn(system: actors.ActorSystem, size: int) -> float:
    began = perf_counter()
    refs = [system.spawn(Sink) for _ in range(size)]
    await refs[-1].ask(Count())
    for ref in refs:
        ref.stop()
    for ref in refs:
        await ref.stopped()
    return size / (perf_counter() - began)


async def restart(system: actors.ActorSystem, size: int) -> float:
    sink, crash, count = await system.start(Sink), Crash(), Count()
    began = perf_counter()
    for _ in range(size):
        sink.tell(crash)
        await sink.ask(count)
    return size / (perf_counter() - began)


async def idle_kib(system: actors.ActorSystem, size: int) -> float:
    await system.start(Sink)
    before = rss_kib()
    refs = [system.spawn(Sink) for _ in range(size)]
    await trio.testing.wait_all_tasks_blocked()
    return (rss_kib() - before) / len(refs)


async def cold_ask_p99_us(system: actors.ActorSystem, size: int, seconds: float = 0.0) -> float:
    hot, cold = await system.start(Hot, seconds), await system.start(Sink)
    return await _cold_ask(hot, cold, size)


async def cold_ask_async_p99_us(system: actors.ActorSystem, size: int) -> float:
    hot, cold = await system.start(AsyncHot, 0.0), await system.start(AsyncSink)
    return await _cold_ask(hot, cold, size)


async def _cold_ask(hot: actors.ActorRef, cold: actors.ActorRef, size: int) -> float:
    for _ in range(FLOOD):
        hot.tell(Item())
    times = []
    for _ in range(size):
        await trio.sleep(0.001)
        began = perf_counter()
        await cold.ask(Count())
        times.append(perf_counter() - began)
    return p99(times)


async def cold_ask_slow_p99_us(system: actors.ActorSystem, size: int) -> float:
    return await cold_ask_p99_us(system, size, SLOW_SECONDS)


def measure(figure: str, size: int) -> float:
    """One sample."""

    async def main() -> float:
        async with actors.ActorSystem("bench", supervision=RULES, grace=0.1) as system:
            return await globals()[figure](system, size)

    return trio.run(main)
