"""Callers: workers that poll as Flamenco 3's do, people and scripts, and browsers that follow."""

import json
import random
from collections.abc import Callable

import attrs
import msgspec
import trio
from trio_websocket import open_websocket

from tests.bench.api.client import Client, basic

IDLE_SECONDS = 20.0
MAY_I_RUN_SECONDS = 10.0
ASLEEP_SECONDS = 3.0
AFTER_TASK_SECONDS = 2.0
BETWEEN_SECONDS = 0.05
TASK_SECONDS = 45.0
SECRET = "5" * 64
JOB = {
    "name": "a job of the bench",
    "type": "echo-sleep-test",
    "submitter_platform": "linux",
    "settings": {"message": "hi", "sleep_duration_seconds": 1, "sleep_repeats": 100},
}


def around(seconds: float) -> float:
    """Give or take a tenth, as the real Worker does."""
    return seconds * random.uniform(0.9, 1.1)


@attrs.define(eq=False)
class Worker:
    """One that polls; ``ways`` is what it does: render, idle or sleep."""

    client: Client
    way: str

    async def register(self, number: int) -> None:
        task_types = ["misc"] if self.way == "render" else ["nothing-like-it"]
        body = {
            "name": f"bench-{number}",
            "secret": SECRET,
            "platform": "linux",
            "supported_task_types": task_types,
        }
        _, answer = await self.client.ask("POST", "worker/register-worker", body, kind="set-up")
        self.client.headers = basic(json.loads(answer)["uuid"], SECRET)
        sign_on = {"name": body["name"], "supported_task_types": task_types}
        await self._say("worker/sign-on", sign_on | {"software_version": "3.9"}, kind="set-up")
        status = "asleep" if self.way == "sleep" else "awake"
        await self._say("worker/state-changed", {"status": status}, kind="set-up")

    async def live(self) -> None:
        await trio.sleep(random.uniform(0, IDLE_SECONDS))
        while True:
            if self.way == "sleep":
                await self.client.ask("GET", "worker/state", kind="worker state")
                await trio.sleep(around(ASLEEP_SECONDS))
                continue
            status, content = await self.client.ask("POST", "worker/task", kind="worker fetch")
            if status == 200:
                await self._render(json.loads(content)["uuid"])
                await trio.sleep(around(AFTER_TASK_SECONDS))
            else:
                await trio.sleep(around(IDLE_SECONDS))

    async def _render(self, task: str) -> None:
        path = f"worker/task/{task}"
        await self._say(path, {"taskStatus": "active", "activity": "Started"})
        ends = trio.current_time() + random.uniform(0.5, 1.5) * TASK_SECONDS
        while trio.current_time() < ends:
            await trio.sleep(around(MAY_I_RUN_SECONDS))
            await self.client.ask("GET", f"{path}/may-i-run", kind="worker may-i-run")
            await self._say(path, {"log": 20 * "Fra:1 Mem:100M | Rendering 1 / 64 samples\n"})
        await self._say(path, {"taskStatus": "completed", "activity": "Completed"})

    async def _say(self, path: str, body: object, kind: str = "worker update") -> None:
        await self.client.ask("POST", path, body, kind=kind)


@attrs.define(eq=False)
class People:
    """The other requests: what pages and scripts ask for, in shares of a hundred."""

    jobs: list[str]
    tasks: list[str] = attrs.field(factory=list)
    workers: list[str] = attrs.field(factory=list)

    def request(self) -> tuple[str, str, str, object]:
        """Kind, method, path and body of the next one."""
        job, task = random.choice(self.jobs), random.choice(self.tasks)
        shares: list[tuple[int, Callable[[], tuple[str, str, str, object]]]] = [
            (30, lambda: ("a task", "GET", f"tasks/{task}", None)),
            (20, lambda: ("a job", "GET", f"jobs/{job}", None)),
            (10, lambda: ("a log's tail", "GET", f"tasks/{task}/logtail", None)),
            (10, lambda: ("a worker", "GET", self._worker(), None)),
            (8, lambda: ("the version", "GET", "version", None)),
            (7, lambda: ("the status", "GET", "status", None)),
            (5, lambda: ("tasks of a job", "GET", f"jobs/{job}/tasks", None)),
            (4, lambda: ("a priority", "POST", f"jobs/{job}/setpriority", _priority())),
            (3, lambda: ("the jobs", "GET", "jobs", None)),
            (2, lambda: ("the workers", "GET", "worker-mgt/workers", None)),
            (1, lambda: ("a submission", "POST", "jobs", JOB)),
        ]
        weights = [share for share, _ in shares]
        return random.choices([make for _, make in shares], weights)[0]()

    def _worker(self) -> str:
        return f"worker-mgt/workers/{random.choice(self.workers)}"

    async def come(self, make: Callable[[], Client], rate: float) -> None:
        """Send a number of requests a second, even if earlier ones have not been answered."""
        free: list[Client] = []
        async with trio.open_nursery() as nursery:
            due = trio.current_time()
            while True:
                due += random.expovariate(rate)
                await trio.sleep_until(due)
                nursery.start_soon(self._one, free, make)

    async def ask_on(self, client: Client) -> None:
        """Ask one thing after the other, each after the answer to the one before."""
        while True:
            kind, method, path, body = self.request()
            await client.ask(method, path, body, kind=kind)
            await trio.sleep(BETWEEN_SECONDS)

    async def _one(self, free: list[Client], make: Callable[[], Client]) -> None:
        kind, method, path, body = self.request()
        client = free.pop() if free else make()
        await client.ask(method, path, body, kind=kind)
        free.append(client)


def _priority() -> dict[str, int]:
    return {"priority": random.randrange(40, 60)}


async def follow(host: str, port: int, job: str, heard: list[int]) -> None:
    """A browser with the page of a job open."""
    async with open_websocket(host, port, "/api/v3/live", use_ssl=False) as socket:
        for subscription in (
            {"type": "allJobs"},
            {"type": "allWorkers"},
            {"type": "job", "uuid": job},
        ):
            await socket.send_message(json.dumps({"op": "subscribe", **subscription}))
        while True:
            await socket.get_message()
            heard[0] += 1


async def known(client: Client, jobs: int) -> People:
    """Submit so many jobs; what people may ask for then."""
    made = []
    for _ in range(jobs):
        _, content = await client.ask("POST", "jobs", JOB, kind="set-up")
        made.append(json.loads(content)["id"])
    people = People(made)
    for job in made[:20]:
        _, content = await client.ask("GET", f"jobs/{job}/tasks", kind="set-up")
        people.tasks += [each["id"] for each in msgspec.json.decode(content)["tasks"]]
    _, content = await client.ask("GET", "worker-mgt/workers", kind="set-up")
    people.workers = [each["id"] for each in msgspec.json.decode(content)["workers"]]
    return people
