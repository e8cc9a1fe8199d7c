"""The price of sign-ins for the others: each takes an Argon2 hash, made one at a time."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import trio

from flamenco.cli.manager import FIRST_OPERATOR
from tests.bench.api.client import Client, Measured
from tests.e2e.running import started

PEOPLE = 4
BETWEEN_SECONDS = 0.04
SETTLING_SECONDS = 3.0
ADDRESSES = 200
NAME, PASSWORD = "ann", "correct horse battery staple"


@contextmanager
def manager_of_users(storage: Path) -> Iterator[tuple[str, str]]:
    """The URL of a Manager that asks who one is, and a token of its first operator."""
    options = ("manager", "--storage", storage, "--listen", "127.0.0.1:0", "--no-discoverable")
    env = {**os.environ, "FLAMENCO_MANAGER__AUTH__MODE": "users"}
    with started(*options, log=storage / "manager.log", cwd=storage, env=env) as process:
        said = iter(process.stdout.readline, "")
        link = next(line for line in said if line.startswith(FIRST_OPERATOR)).split()[-1]
        url, _, secret = link.partition("#link=")
        with httpx.Client(base_url=f"{url}api/v3/access", headers={"Origin": url[:-1]}) as http:
            wanted = {"secret": secret, "name": NAME, "password": PASSWORD}
            http.post("/use-link", json=wanted).raise_for_status()
            made = http.post("/tokens", json={"name": "bench"})
            yield url, made.raise_for_status().json()["secret"]


async def measure_sign_ins(
    host: str, port: int, token: str, rate: float, seconds: float
) -> dict[str, float]:
    """The p99 of others, before and while so many sign in each second."""
    measured, codes = Measured(), Counter[int]()
    client = partial(Client, host, port, measured, keep=True)

    async def ask_on() -> None:
        asking = client(headers=f"Authorization: Bearer {token}\r\n")
        while True:
            for path in ("jobs", "status", "worker-mgt/workers"):
                await asking.ask("GET", path, kind="others")
                await trio.sleep(BETWEEN_SECONDS)

    async def sign_in(number: int) -> None:
        address = f"127.0.2.{number % ADDRESSES + 1}"
        one = Client(host, port, measured, address=address)
        body = {"name": NAME, "password": PASSWORD}
        status, _ = await one.ask("POST", "access/sign-in", body, kind="sign-in", good="24")
        codes[status] += 1

    async def window() -> float:
        measured.times.clear()
        await trio.sleep(seconds)
        return measured.percentile(0.99, "others")

    async with trio.open_nursery() as nursery:
        for _ in range(PEOPLE):
            nursery.start_soon(ask_on)
        await trio.sleep(SETTLING_SECONDS)
        before = await window()

        async def sign_in_on() -> None:
            number = 0
            while True:
                nursery.start_soon(sign_in, number)
                number += 1
                await trio.sleep(1 / rate)

        nursery.start_soon(sign_in_on)
        await trio.sleep(SETTLING_SECONDS)
        beside = await window()
        sign_ins = measured.percentile(0.99, "sign-in")
        nursery.cancel_scope.cancel()
    result = {
        "p99_ms": round(before, 1),
        "p99_ms_with_sign_ins": round(beside, 1),
        "p99_ratio": round(beside / before, 2),
        "sign_in_p99_ms": round(sign_ins, 1),
        "errors": sum(measured.errors.values()),
    }
    for name, value in result.items():
        print(f"{name:26}{value:10}")
    print(f"goal of p99_ratio: at most 1.5; answers to sign-ins: {dict(codes)}")
    return result
