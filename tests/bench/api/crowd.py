"""A crowd of clients in a process of its own, so that its cost is not measured with the rest."""

import selectors
import socket
import time
from collections import Counter
from contextlib import suppress

import attrs

ADDRESS = "127.0.0.2"
READ_BYTES = 65_536
PATIENCE_SECONDS = 60.0


@attrs.define
class Answers:
    """The answers to one attack."""

    codes: Counter[int] = attrs.field(factory=Counter)
    """{status code: number}; 0 is none."""
    seconds: list[float] = attrs.field(factory=list)


def attack(host: str, port: int, request: bytes, size: int) -> Answers:
    """Send a request on so many connections at once, and wait for the beginnings of all answers."""
    answers, waiting = Answers(), selectors.DefaultSelector()
    clients = [
        socket.create_connection((host, port), source_address=(ADDRESS, 0)) for _ in range(size)
    ]
    for client in clients:
        client.settimeout(0)
        rest = (client, [request])
        waiting.register(client, selectors.EVENT_READ | selectors.EVENT_WRITE, rest)
    began = time.monotonic()
    ends = began + PATIENCE_SECONDS
    while waiting.get_map() and time.monotonic() < ends:
        for key, ready in waiting.select(1.0):
            client, rest = key.data
            if ready & selectors.EVENT_READ:
                _note(answers, client, began)
                waiting.unregister(client)
                client.close()
            elif _send(client, rest):
                waiting.modify(client, selectors.EVENT_READ, key.data)
    answers.codes[0] += len(waiting.get_map())
    return answers


def _send(client: socket.socket, rest: list[bytes]) -> bool:
    """Send some of a request; True if it is whole, or nobody takes it."""
    try:
        rest[0] = rest[0][client.send(rest[0]) :]
    except OSError:
        return True
    return not rest[0]


def _note(answers: Answers, client: socket.socket, began: float) -> None:
    answer = b""
    with suppress(OSError):
        answer = client.recv(READ_BYTES)
    answers.codes[int(answer.split(b" ", 2)[1]) if answer else 0] += 1
    if answer:
        answers.seconds.append(time.monotonic() - began)
