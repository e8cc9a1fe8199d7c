"""What an attack costs: its time to a refusal, and what the others wait meanwhile.

Each is made by one client, then by 300 at once, all of one address, in a process of their own. The
others ask on from another one. Goals: refused within 100 ms, the others' p99 at most 1.2 times that
just before, the memory back after a minute.
"""

import math
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import psutil
import trio

from tests.bench.api.client import Client, Measured, basic
from tests.bench.api.crowd import Answers, attack
from tests.bench.api.load import JOB
from tests.web.attacks import CROWD, handshake, head, post
from web.wire import encode

PEOPLE = 4
BETWEEN_SECONDS = 0.04
WINDOW_SECONDS = 5.0
REST_SECONDS = 60.0
API = "/api/v3"
NOBODY = "00000000-0000-0000-0000-000000000000"
BLENDER = {"blendfile": "/a.blend", "chunk_size": 1, "render_output_root": "/out", "fps": 24.0}
FRAMES = BLENDER | {"frames": "1-999999999"}
DEEP = {"files": [{"sha": 64 * "0", "size": 1, "path": 1300 * "a/" + "b"}], "checkoutPath": "a"}
WORKER = {"name": "w", "secret": "s", "platform": "linux", "supported_task_types": ["misc"]}
ELSEWHERE = ("Origin: http://evil.example", "Sec-Fetch-Site: cross-site")
FORWARDED = "X-Forwarded-For: 10.0.0.1"


def _job(**changes: object) -> bytes:
    return post(f"{API}/jobs/check", encode(JOB | changes))


ATTACKS = {
    "a name of its own (rebinding)": head("GET", f"{API}/jobs", host="evil.example:8080"),
    "a page of another site": head("GET", f"{API}/jobs", *ELSEWHERE),
    "a live socket of such a page": handshake().replace(
        b"\r\nUpgrade", f"\r\n{ELSEWHERE[0]}\r\nUpgrade".encode(), 1
    ),
    "a program to start": post(
        f"{API}/configuration/check/blender", encode({"path": "/bin/sh"}), FORWARDED
    ),
    "an address to listen on": post(
        f"{API}/configuration/file", encode({"listen": ":1"}), FORWARDED
    ).replace(b"POST", b"PUT", 1),
    "another's checkout": _job(storage={"shaman_checkout_id": "victim//x"}),
    "a body of 60 MiB, announced": head("POST", f"{API}/jobs/check", "Content-Length: 62914560"),
    "half a MiB of lists": _job(settings={"message": 170_000 * [[]]}),
    "a name of 900 kB": _job(name=900_000 * "x"),
    "a billion frames": _job(type="simple-blender-render", settings=FRAMES),
    "folders 1,300 deep": post(f"{API}/shaman/checkout/create", encode(DEEP)),
    "a name of 5,000 in the page": head("GET", f"/app/assets/{5000 * 'x'}"),
    "a false secret": head("POST", f"{API}/worker/sign-off", basic(NOBODY, "false").strip()),
    "a registration": post(f"{API}/worker/register-worker", encode(WORKER)),
}
"""{attack: the request}."""


HEAD = (
    f"{'':32}{'one ms':>8}{'300: p50':>10}{'p99':>8}{'others p99':>12}{'now':>8}{'ratio':>7}  codes"
)


async def _ask_on(client: Client, job: str) -> None:
    while True:
        for path in (f"jobs/{job}", "status", "worker-mgt/workers", "jobs"):
            await client.ask("GET", path, kind="others")
            await trio.sleep(BETWEEN_SECONDS)


async def measure_attacks(host: str, port: int, manager: psutil.Process) -> dict[str, object]:
    """Make all attacks, one after the other, and print what they cost."""
    measured, result, worst = Measured(), {}, 0
    client = partial(Client, host, port, measured, keep=True)
    _, content = await client().ask("POST", "jobs", JOB, kind="set-up")
    job = content.split(b'"id":"')[1][:36].decode()
    with ProcessPoolExecutor(1, get_context("spawn")) as attackers:

        async def made(size: int, request: bytes) -> Answers:
            made = attackers.submit(attack, host, port, request, size)
            return await trio.to_thread.run_sync(made.result)

        async def window(size: int, request: bytes) -> tuple[float, Answers]:
            """The others' p99, and the answers to attackers of this number meanwhile."""
            measured.times.clear()
            async with trio.open_nursery() as waiting:
                waiting.start_soon(trio.sleep, WINDOW_SECONDS)
                answers = await made(size, request)
            return measured.percentile(0.99, "others"), answers

        async with trio.open_nursery() as nursery:
            for _ in range(PEOPLE):
                nursery.start_soon(_ask_on, client(), job)
            await window(0, b"")
            memory = _mebibytes(manager)
            print(HEAD)
            for name, request in ATTACKS.items():
                one = await made(1, request)
                usual, _ = await window(0, request)
                others, many = await window(CROWD, request)
                worst = max(worst, _mebibytes(manager))
                first = 1000 * _share(one.seconds, 1.0)
                half, last = (1000 * _share(many.seconds, share) for share in (0.5, 0.99))
                result[name] = {"one_ms": first, "p99_ms": last, "others_ratio": others / usual}
                print(
                    f"{name:32}{first:8.0f}{half:10.0f}{last:8.0f}{usual:12.0f}{others:8.0f}"
                    f"{others / usual:7.1f}  {dict(one.codes)} {dict(many.codes)}"
                )
            await trio.sleep(REST_SECONDS)
            rested = _mebibytes(manager)
            print(f"memory: {memory} MiB before, {worst} at worst, {rested} a minute later")
            nursery.cancel_scope.cancel()
    errors = sum(measured.errors.values())
    print(f"errors of others: {errors} {measured.errors.most_common(3)}")
    return {"attacks": result, "memory_mib": [memory, worst, rested], "errors": errors}


def _share(seconds: list[float], share: float) -> float:
    found = sorted(seconds) or [math.inf]
    return found[max(0, math.ceil(share * len(found)) - 1)]


def _mebibytes(process: psutil.Process) -> int:
    return int(process.memory_info().rss / 2**20)
