"""New connections, which one task watches."""

import socket
import time
from contextlib import ExitStack

import trio

from tests.patience import PATIENCE
from web import connections
from web.arrivals import Arrival, Arrivals


async def test_what_came_while_the_manager_was_busy_is_no_reason_to_call_its_client_idle(
    monkeypatch,
):
    monkeypatch.setattr(connections, "KEEP_ALIVE_SECONDS", 0.1)
    met, both = list[tuple[Arrival, bytes]](), trio.Event()

    def meet(arrival: Arrival) -> None:
        met.append((arrival, arrival.head()))
        arrival.socket.send(b"HTTP")
        if arrival is first:
            later.send(b"GET")
            time.sleep(0.2)
        else:
            both.set()

    with ExitStack() as stack:
        ends = [each for _ in range(2) for each in map(stack.enter_context, socket.socketpair())]
        (here, now, other, later), arrivals = ends, Arrivals(meet)
        for each in ends:
            each.settimeout(0)
        first, second = Arrival(here, ("a", 1)), Arrival(other, ("a", 2))
        async with trio.open_nursery() as nursery:
            for each in (first, second):
                arrivals.expect(each)
            now.send(b"GET")
            nursery.start_soon(arrivals.watch)
            with trio.fail_after(PATIENCE):
                await both.wait()
            nursery.cancel_scope.cancel()
    assert met == [(first, b"GET"), (second, b"GET")]
