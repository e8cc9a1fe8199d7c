"""What an attack costs: its time to a refusal, and what the others wait meanwhile.

Each is made by one client, then by 300 at once, all of one address. The others ask on from another
one. Goals: refused within 100 ms, the others' p99 at most 1.2 times that without, the memory back
after a minute.
"""

import math
from collections import Counter
from contextlib import suppress
from functools import partial

import attrs
import psutil
import trio

from tests.bench.api.client import Client, Measured, basic
from tests.bench.api.load import JOB
from tests.web.attacks import CROWD, code_in, handshake, head, post, send_all
from web.wire import encode

ATTACKER = "127.0.0.2"
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


@attrs.define
class Answers:
    """The answers to one attack."""

    codes: Counter[int] = attrs.field(factory=Counter)
    seconds: list[float] = attrs.field(factory=list)


async def attack(host: str, port: int, request: bytes, answers: Answers) -> None:
    """Send a request, and note the answer's code and when it came; 0 if there was none."""
    began, answer = trio.current_time(), b""
    with suppress(OSError, trio.BrokenResourceError):
        stream = await trio.open_tcp_stream(host, port, local_address=ATTACKER)
        async with stream, trio.open_nursery() as nursery:
            nursery.start_soon(send_all, stream, request)
            answer = bytes(await stream.receive_some())
            answers.seconds.append(trio.current_time() - began)
            nursery.cancel_scope.cancel()
    answers.codes[code_in(answer) if answer else 0] += 1


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
    async with trio.open_nursery() as nursery:
        for _ in range(PEOPLE):
            nursery.start_soon(_ask_on, client(), job)
        await trio.sleep(WINDOW_SECONDS)
        usual, memory = _others(measured), _mebibytes(manager)
        print(f"others without attacks: p99 {usual:.1f} ms; memory {memory} MiB")
        print(
            f"{'':32}{'one ms':>8}{'300: p50':>10}{'p99':>8}{'others p99':>12}{'ratio':>7}  codes"
        )
        for name, request in ATTACKS.items():
            one, many = Answers(), Answers()
            await attack(host, port, request, one)
            measured.times.clear()
            async with trio.open_nursery() as crowd:
                crowd.start_soon(trio.sleep, WINDOW_SECONDS)
                for _ in range(CROWD):
                    crowd.start_soon(attack, host, port, request, many)
            others, worst = _others(measured), max(worst, _mebibytes(manager))
            first = 1000 * _share(one.seconds, 1.0)
            half, last = (1000 * _share(many.seconds, share) for share in (0.5, 0.99))
            result[name] = {"one_ms": first, "p99_ms": last, "others_ratio": others / usual}
            print(
                f"{name:32}{first:8.0f}{half:10.0f}{last:8.0f}{others:12.0f}{others / usual:7.1f}"
                f"  {dict(one.codes)} {dict(many.codes)}"
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


def _others(measured: Measured) -> float:
    return measured.percentile(0.99, "others")


def _mebibytes(process: psutil.Process) -> int:
    return int(process.memory_info().rss / 2**20)
