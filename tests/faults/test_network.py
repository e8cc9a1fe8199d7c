"""The network between Worker and Manager breaks at any message of a short job."""

from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import pytest

from tests.faults.farm import Farm, Program, appears, ends, is_running, open_farm, shell, task
from tests.faults.proxy import TO_MANAGER, TO_WORKER, Proxy, open_proxies, open_proxy
from tests.patience import PATIENCE, until

pytestmark = pytest.mark.slow

ALL_SECONDS = 3 * PATIENCE
"""Of thirteen Workers that start at once."""
MESSAGES = {TO_MANAGER: 6, TO_WORKER: 7}
"""At least, of a session in which one short task runs: hello, awake, started, log, step and the
end; and what the Manager says: welcome, the task, and its acknowledgements."""


class OneCut:
    """Loses one message of a session, once."""

    def __init__(self, direction, number):
        self.place = (direction, number)
        self.was_made = False

    def __call__(self, direction, number):
        now = not self.was_made and (direction, number) == self.place
        self.was_made = self.was_made or now
        return now


async def test_a_short_cut_at_any_message_repeats_nothing_and_loses_nothing(tmp_path):
    """One Worker for each message, each with a task type and a network of its own."""
    places = [(way, n) for way, count in MESSAGES.items() for n in range(count)]
    async with (
        open_proxies(lambda: farm.port, len(places)) as network,
        open_farm(tmp_path) as farm,
    ):
        jobs, cuts = {}, {}
        for place, ((way, number), proxy) in enumerate(zip(places, network, strict=True)):
            cuts[place] = proxy.cuts = OneCut(way, number)
            kind, done = f"cut-{place}", tmp_path / f"done-{place}"
            command = shell(f"echo once >> {done}; echo said; seq 700; sleep 0.1")
            jobs[place] = await farm.submit(task(kind, command, kind=kind))
            await farm.worker(kind, task_types=(kind,), url=proxy.url)
        for place, job in jobs.items():
            assert await farm.finished(job, ALL_SECONDS) == "completed", places[place]
            assert (tmp_path / f"done-{place}").read_text() == "once\n", places[place]
            log = farm.task_log(job)
            assert (log.count("going to run"), log.count("> said")) == (1, 1), places[place]
            endings = [each["ending"] for each in await farm.attempts(job)]
            assert endings in (["completed"], ["returned", "completed"])  # never begun, or done
        await until(lambda: all(cut.was_made for cut in cuts.values()))  # the last word too


@attrs.define
class Cutoff:
    """A Worker that runs a task behind a network of its own, and the files they speak with."""

    farm: Farm
    net: Proxy
    anna: Program
    job: str
    pids: Path
    go: Path
    first: int
    """The pid of the task's program."""

    async def second(self) -> int:
        """The pid of the program once the task runs again."""
        return int((await until(lambda: two_lines(self.pids)))[1])


@asynccontextmanager
async def in_a_task(folder):
    """A farm whose one Worker runs a task that ends when the test lets it."""
    pids, go = folder / "pids", folder / "go"
    script = f"echo $$ >> {pids}; while [ ! -e {go} ]; do sleep 0.05; done; echo $$ is done"
    async with (
        open_proxy(lambda: farm.port) as net,
        open_farm(folder, worker_timeout="6s") as farm,
    ):
        anna = await farm.worker("anna", url=net.url)
        job = await farm.submit(task("wait", shell(script)))
        yield Cutoff(farm, net, anna, job, pids, go, int(await appears(pids)))


def two_lines(path):
    lines = path.read_text().split()
    return lines if len(lines) == 2 else None


async def test_a_long_cut_gives_the_task_to_another_and_stops_the_first_at_once(tmp_path):
    async with in_a_task(tmp_path) as it:
        it.net.go_down()
        await it.farm.until_worker("anna", "error")
        assert is_running(it.first)  # it renders on while it is cut off
        await it.farm.worker("bert")
        second = await it.second()
        it.net.come_up()
        await ends(it.first)
        assert is_running(second)
        it.go.touch()
        assert await it.farm.finished(it.job) == "completed"
        attempts = await it.farm.attempts(it.job)
        endings = {each["worker"]["name"]: each["ending"] for each in attempts}
        assert endings == {"anna": "returned", "bert": "completed"}
        await it.farm.until_worker("anna", "awake")


async def test_a_result_that_comes_after_a_long_cut_is_refused(tmp_path):
    async with in_a_task(tmp_path) as it:
        it.net.go_down()
        await it.farm.until_worker("anna", "error")
        it.go.touch()
        await ends(it.first)
        await until(lambda: it.anna.said("Task wait ended"))
        it.go.unlink()
        await it.farm.worker("bert")
        second = await it.second()
        it.net.come_up()
        await until(lambda: it.anna.said("The Manager refused message"))
        assert (await it.farm.task(it.job))["status"] == "active"
        it.go.touch()
        assert await it.farm.finished(it.job) == "completed"
        log = it.farm.task_log(it.job)
        assert f"{second} is done" in log
        assert f"{it.first} is done" not in log


async def test_a_network_that_hangs_for_a_while_is_as_good_as_a_cut_one(tmp_path):
    """Half-open: nothing comes through, and nobody says so."""
    async with in_a_task(tmp_path) as it:
        it.net.hang()
        await it.farm.until_worker("anna", "error")
        assert is_running(it.first)
        it.net.come_up()
        await ends(it.first)
        await it.second()
        it.go.touch()
        assert await it.farm.finished(it.job) == "completed"
        endings = [each["ending"] for each in await it.farm.attempts(it.job)]
        assert endings == ["returned", "completed"]
