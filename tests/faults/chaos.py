"""A farm to which everything happens at random, and what has to hold all the same.

Each Worker has a network and a disk of its own and a fate: it is killed, stopped, put to sleep, cut
off for a moment or for longer than the Manager waits, loses messages, and its disk fills up. The
Manager is killed now and then, or stalls, its disk fills up, or its clock is corrected. Meanwhile
jobs come in; some of their programs misbehave, and some answers to who submits them are lost. A
seed chooses what happens, not when.
"""

import itertools
import re
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import attrs
import httpx
import trio

from tests.faults.disks import open_disks
from tests.faults.farm import ENDS, Farm, Program, open_farm, shell, task
from tests.faults.proxy import Proxy, open_proxies
from tests.faults.scene import render, save_scene
from tests.patience import until

WORKER_TIMEOUT = 6.0
CALM_SECONDS = 600.0
"""Seconds without any progress after which jobs count as stuck, once nothing happens any more."""
LEAST_JOBS = 3
MANAGER_MIB, MIB_EACH_SECOND = 64, 1.0
"""Size of the Manager's disk, which has to take in the logs."""
WORKER_MIB = 16
FRAMES = 4
"""Of each job."""

CORRECTIONS = (-86_400, -3600, -2, 0, 5, 3600, 86_400)
"""Seconds by which the Manager's clock may be ahead."""
LOST_ANSWERS = 0.2
"""Share of the submissions whose answer is lost."""

STUBBORN = (
    'trap "" TERM; setsid sleep 600 & i=0; while [ $i -lt 10 ]; do sleep 0.1; i=$((i+1)); done'
)
"""Ignores SIGTERM for a second, and leaves something behind that has left its process group."""
LOUD = "i=0; while [ $i -lt 20 ]; do seq 20000; i=$((i+1)); done"
"""Says more than a log takes in."""
COUNTED = 2000
COUNTING = (
    f"i=0; while [ $i -lt {COUNTED} ]; do seq $((i+1)) $((i+100)); sleep 0.1; i=$((i+100)); done"
)
"""Says no more than a log takes in, for two seconds."""
ATTEMPT = "Task assigned to worker"
"""Words of the Manager in a task's log before each attempt."""


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


async def robbed_of_an_answer(machine: Machine) -> None:
    machine.net.drop_next_answer()


async def left_without_space(machine: Machine) -> None:
    await fill_disk(machine.farm, machine.farm.home(machine.name), machine.random)


async def fill_disk(farm: Farm, folder: Path, random: Random) -> None:
    """Leave no space on the disk at this folder, for a moment."""
    farm.disks.fill(folder)
    await trio.sleep(random.uniform(0.5, 2.0) * WORKER_TIMEOUT)
    farm.disks.free(folder)


FAULTS: tuple[Callable[[Machine], Awaitable[None]], ...] = (
    killed,
    stopped,
    put_to_sleep,
    cut_off_for_a_moment,
    cut_off_for_long,
    hung_up,
    robbed_of_a_message,
    robbed_of_an_answer,
    left_without_space,
)


async def manager_killed(farm: Farm, _: Random) -> None:
    await farm.manager.kill()
    await farm.start_manager()


async def manager_stalled(farm: Farm, random: Random) -> None:
    farm.manager.send(signal.SIGSTOP)
    await trio.sleep(random.uniform(0.5, 4.0) * WORKER_TIMEOUT)
    farm.manager.send(signal.SIGCONT)


async def manager_left_without_space(farm: Farm, random: Random) -> None:
    await fill_disk(farm, farm.folder / "farm", random)


async def clock_corrected(farm: Farm, random: Random) -> None:
    farm.corrected_by.write_text(str(random.choice(CORRECTIONS)))


MANAGER_FAULTS: tuple[Callable[[Farm, Random], Awaitable[None]], ...] = (
    manager_killed,
    manager_killed,
    manager_stalled,
    manager_left_without_space,
    clock_corrected,
)


@attrs.define(eq=False)
class Chaos:
    """The events, and their outcome."""

    folder: Path
    farm: Farm
    scene: Path
    net: Proxy
    """The network of who submits jobs."""
    happened: Counter[str] = attrs.field(factory=Counter)
    promised: list[str] = attrs.field(factory=list)
    """Jobs that the Manager said it has."""

    async def keep_submitting(self, random: Random, end: float) -> None:
        """Send job after job; a Manager that is away gets none."""
        for number in itertools.count():
            if trio.current_time() > end and len(self.promised) >= LEAST_JOBS:
                return
            if random.random() < LOST_ANSWERS:
                self.happened["answer_lost"] += 1
                self.net.drop_next_answer()
            if (job := await self.submit(number)) is not None:
                self.promised.append(job)
            await trio.sleep(random.uniform(2.0, 6.0))

    async def submit(self, number: int) -> str | None:
        """Send a job; its id if the Manager says that it has it."""
        try:
            return await self.farm.submit(*self.tasks(number), name=str(number), url=self.net.url)
        except httpx.TransportError:
            self.happened["manager_away"] += 1
        except httpx.HTTPStatusError as error:
            if error.response.status_code != 503:
                raise
            self.happened["job_refused"] += 1
        return None

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
            task("counting", shell(COUNTING)),
            task("last", shell(done), after=(*names, "stubborn", "loud", "counting")),
        ]

    def frames(self, number: int) -> Path:
        return self.folder / f"frames-{number}"

    async def trouble_manager(self, random: Random, end: float) -> None:
        """Let something happen to the Manager now and then; it is well again at the end."""
        while True:
            await trio.sleep(random.uniform(5.0, 15.0))
            if trio.current_time() > end:
                return
            fault = random.choice(MANAGER_FAULTS)
            self.happened[fault.__name__] += 1
            await fault(self.farm, random)

    async def settle(self) -> list[dict]:
        """All jobs when the last one has ended, however long a slow machine takes."""
        progress, deadline = None, 0.0
        while True:
            jobs = (await self.farm.get("jobs"))["jobs"]
            if all(job["status"] in ENDS for job in jobs):
                return jobs
            now = {job["id"]: (job["status"], job["steps_completed"]) for job in jobs}
            if now != progress:
                progress, deadline = now, trio.current_time() + CALM_SECONDS
            assert trio.current_time() < deadline, progress
            await trio.sleep(1)

    async def check(self) -> None:
        """All that was promised was done, each task once."""
        jobs = await self.settle()
        assert {*self.promised} <= {job["id"] for job in jobs}
        for job in jobs:
            assert job["status"] == "completed", job
            found = sorted(frame.name for frame in self.frames(int(job["name"])).glob("*.png"))
            assert found == [f"{frame:06}.png" for frame in range(1, FRAMES + 1)], job
            for each in (await self.farm.tasks(job["id"])).values():
                attempts = (await self.farm.get(f"tasks/{each['id']}/attempts"))["attempts"]
                endings = Counter(attempt["ending"] for attempt in attempts)
                assert endings["completed"] == 1, (each, attempts)
                assert self.is_whole(job["id"], each), each
                failed = [each["reason"] for each in attempts if each["ending"] == "failed"]
                assert all("its worker lost it" in reason for reason in failed), failed
        for log in self.folder.glob("*.log"):
            assert "Traceback" not in log.read_text(errors="replace"), log

    def is_whole(self, job: str, task: dict) -> bool:
        """True if a task's log is sound; that of one that counts lacks nothing, nor repeats it."""
        (log,) = [log for log in self.farm.task_logs(job) if task["id"] in log.name]
        text = log.read_text()
        if task["name"] != "counting":
            return "\0" not in text
        said = re.findall(r"> (.*)$", text.rpartition(ATTEMPT)[2], re.MULTILINE)
        return "\0" not in text and said == [str(number) for number in range(1, COUNTED + 1)]


async def run_chaos(folder: Path, *, seed: int, seconds: float, workers: int) -> Chaos:
    """Let everything happen for some seconds, then wait until all jobs are done."""
    scene = save_scene(folder / "scene.blend", samples=100)
    timeout = f"{WORKER_TIMEOUT:g}s"
    clock = folder / "clock"
    clock.write_text("0")
    sizes = {folder / "farm": MANAGER_MIB + int(seconds * MIB_EACH_SECOND)}
    sizes |= {folder / f"worker-{number}": WORKER_MIB for number in range(workers)}
    for place in sizes:
        place.mkdir()
    async with (
        open_disks(sizes) as disks,
        open_proxies(lambda: farm.port, workers + 1) as (front, *network),
        open_farm(folder, disks=disks, corrected_by=clock, worker_timeout=timeout) as farm,
    ):
        chaos = Chaos(folder, farm, scene, front)
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
            nursery.start_soon(chaos.trouble_manager, Random(f"{seed} manager"), end)
            for machine in machines:
                nursery.start_soon(machine.suffer, end)
        await chaos.check()
    return chaos
