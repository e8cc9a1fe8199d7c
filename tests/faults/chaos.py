"""A farm to which everything happens at random, and what has to hold all the same.

Each Worker has a network of its own and a fate: it is killed, stopped, put to sleep, cut off for a
moment or for longer than the Manager waits. The Manager is killed now and then. Meanwhile jobs
come in; some of their programs misbehave. A seed chooses what happens, not when.
"""

import itertools
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import attrs
import httpx
import trio

from tests.faults.farm import Farm, Program, open_farm, shell, task
from tests.faults.proxy import Proxy, open_proxies
from tests.faults.scene import render, save_scene
from tests.patience import until

WORKER_TIMEOUT = 3.0
CALM_SECONDS = 300.0
"""Maximum seconds for jobs to end once nothing happens any more."""
LEAST_JOBS = 3
FRAMES = 4
"""Of each job."""

STUBBORN = (
    'trap "" TERM; setsid sleep 600 & i=0; while [ $i -lt 10 ]; do sleep 0.1; i=$((i+1)); done'
)
"""Ignores SIGTERM for a second, and leaves something behind that has left its process group."""
LOUD = "i=0; while [ $i -lt 20 ]; do seq 20000; i=$((i+1)); done"


@attrs.define(eq=False)
class Machine:
    """A Worker, its network and its fate."""

    name: str
    farm: Farm
    net: Proxy
    random: Random
    happened: Counter[str]
    worker: Program | None = None

    async def start(self) -> None:
        kinds = ("blender", "misc")
        self.worker = await self.farm.worker(self.name, task_types=kinds, url=self.net.url)

    async def suffer(self, end: float) -> None:
        """Let one thing after another happen to it; it is well again at the end."""
        while True:
            await trio.sleep(self.random.uniform(0.5, 8.0))
            if trio.current_time() > end:
                return
            fault = self.random.choice(FAULTS)
            self.happened[fault.__name__] += 1
            await fault(self)


async def killed(machine: Machine) -> None:
    await machine.worker.kill()
    await machine.start()


async def stopped(machine: Machine) -> None:
    await machine.worker.stop()
    await machine.start()


async def put_to_sleep(machine: Machine) -> None:
    await until(lambda: machine.worker.catches(signal.SIGUSR1))
    machine.worker.send(signal.SIGUSR1)
    await trio.sleep(machine.random.uniform(0.0, 2.0))
    machine.worker.send(signal.SIGUSR2)


async def cut_off_for_a_moment(machine: Machine) -> None:
    machine.net.go_down()
    await trio.sleep(machine.random.uniform(0.0, WORKER_TIMEOUT / 3))
    machine.net.come_up()


async def cut_off_for_long(machine: Machine) -> None:
    machine.net.go_down()
    await trio.sleep(machine.random.uniform(1.2, 2.0) * WORKER_TIMEOUT)
    machine.net.come_up()


async def hung_up(machine: Machine) -> None:
    machine.net.hang()
    await trio.sleep(machine.random.uniform(0.1, 2.0) * WORKER_TIMEOUT)
    machine.net.come_up()


async def robbed_of_a_message(machine: Machine) -> None:
    machine.net.lose_next()


FAULTS: tuple[Callable[[Machine], Awaitable[None]], ...] = (
    killed,
    stopped,
    put_to_sleep,
    cut_off_for_a_moment,
    cut_off_for_long,
    hung_up,
    robbed_of_a_message,
)


@attrs.define(eq=False)
class Chaos:
    """The events, and their outcome."""

    folder: Path
    farm: Farm
    scene: Path
    happened: Counter[str] = attrs.field(factory=Counter)
    promised: list[str] = attrs.field(factory=list)
    """Jobs that the Manager said it has."""

    async def keep_submitting(self, random: Random, end: float) -> None:
        """Send job after job; a Manager that is away gets none."""
        for number in itertools.count():
            if trio.current_time() > end and len(self.promised) >= LEAST_JOBS:
                return
            try:
                self.promised.append(await self.farm.submit(*self.tasks(number), name=str(number)))
            except httpx.TransportError:
                self.happened["job_refused"] += 1
            await trio.sleep(random.uniform(2.0, 6.0))

    def tasks(self, number: int) -> list[dict]:
        """Frames that are rendered one by one, and programs that are not as they should be."""
        frames = [
            task(
                f"render-{frame}",
                ("blender-render", render(self.scene, self.frames(number), f"{frame}"), 1),
                kind="blender",
            )
            for frame in range(1, FRAMES + 1)
        ]
        names = tuple(each["name"] for each in frames)
        done = f"echo done >> {self.folder}/done-{number}"
        return [
            *frames,
            task("stubborn", shell(STUBBORN)),
            task("loud", shell(LOUD)),
            task("last", shell(done), after=(*names, "stubborn", "loud")),
        ]

    def frames(self, number: int) -> Path:
        return self.folder / f"frames-{number}"

    async def kill_manager(self, random: Random, end: float) -> None:
        """Kill it now and then, and start it again at once."""
        while True:
            await trio.sleep(random.uniform(5.0, 15.0))
            if trio.current_time() > end:
                return
            self.happened["manager_killed"] += 1
            await self.farm.manager.kill()
            await self.farm.start_manager()

    async def check(self) -> None:
        """All that was promised was done, each task once."""
        jobs = (await self.farm.get("jobs"))["jobs"]
        assert {*self.promised} <= {job["id"] for job in jobs}
        for job in jobs:
            assert await self.farm.finished(job["id"], CALM_SECONDS) == "completed", job
            found = sorted(frame.name for frame in self.frames(int(job["name"])).glob("*.png"))
            assert found == [f"{frame:06}.png" for frame in range(1, FRAMES + 1)], job
            for each in (await self.farm.tasks(job["id"])).values():
                attempts = (await self.farm.get(f"tasks/{each['id']}/attempts"))["attempts"]
                endings = Counter(attempt["ending"] for attempt in attempts)
                assert endings["completed"] == 1, (each, attempts)
                failed = [each["reason"] for each in attempts if each["ending"] == "failed"]
                assert all("its worker lost it" in reason for reason in failed), failed
        for log in self.folder.glob("*.log"):
            assert "Traceback" not in log.read_text(errors="replace"), log


async def run_chaos(folder: Path, *, seed: int, seconds: float, workers: int) -> Chaos:
    """Let everything happen for some seconds, then wait until all jobs are done."""
    scene = save_scene(folder / "scene.blend", samples=100)
    timeout = f"{WORKER_TIMEOUT:g}s"
    async with (
        open_proxies(lambda: farm.port, workers) as network,
        open_farm(folder, worker_timeout=timeout) as farm,
    ):
        chaos = Chaos(folder, farm, scene)
        machines = [
            Machine(f"worker-{n}", farm, net, Random(f"{seed} {n}"), chaos.happened)
            for n, net in enumerate(network)
        ]
        async with trio.open_nursery() as nursery:
            for machine in machines:
                nursery.start_soon(machine.start)
        end = trio.current_time() + seconds
        async with trio.open_nursery() as nursery:
            nursery.start_soon(chaos.keep_submitting, Random(f"{seed} jobs"), end)
            nursery.start_soon(chaos.kill_manager, Random(f"{seed} manager"), end)
            for machine in machines:
                nursery.start_soon(machine.suffer, end)
        await chaos.check()
    return chaos
