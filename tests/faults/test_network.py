"""The network between Worker and Manager breaks at any message of a short job."""

import pytest

from tests.faults.farm import appears, ends, is_running, open_farm, shell, task
from tests.faults.proxy import TO_MANAGER, TO_WORKER, open_proxies, open_proxy
from tests.patience import until

pytestmark = pytest.mark.slow

MESSAGES = {TO_MANAGER: 6, TO_WORKER: 7}
"""Of a session in which one short task runs: hello, awake, started, log, step and the end; and what
the Manager says: welcome, the task, and its acknowledgements."""


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
            assert await farm.finished(job) == "completed", places[place]
            assert (tmp_path / f"done-{place}").read_text() == "once\n", places[place]
            log = farm.task_log(job)
            assert (log.count("going to run"), log.count("> said")) == (1, 1), places[place]
            endings = [each["ending"] for each in await farm.attempts(job)]
            assert endings in (["completed"], ["returned", "completed"])  # never begun, or done
        assert all(cut.was_made for cut in cuts.values())


async def test_a_long_cut_gives_the_task_to_another_and_stops_the_first_at_once(tmp_path):
    here, go = tmp_path / "pid", tmp_path / "go"
    script = f"echo $$ >> {here}; while [ ! -e {go} ]; do sleep 0.05; done"
    async with (
        open_proxy(lambda: farm.port) as net,
        open_farm(tmp_path, worker_timeout="2s") as farm,
    ):
        await farm.worker("anna", url=net.url)
        job = await farm.submit(task("wait", shell(script)))
        first = int(await appears(here))
        net.go_down()
        await farm.until_worker("anna", "error")
        assert is_running(first)  # it renders on while it is cut off
        await farm.worker("bert")
        second = int((await until(lambda: two_lines(here)))[1])
        net.come_up()
        await ends(first, seconds=40)
        assert is_running(second)
        go.touch()
        assert await farm.finished(job) == "completed"
        endings = {each["worker"]["name"]: each["ending"] for each in await farm.attempts(job)}
        assert endings == {"anna": "returned", "bert": "completed"}
        await farm.until_worker("anna", "awake")


async def test_a_result_that_comes_after_a_long_cut_is_refused(tmp_path):
    here, go = tmp_path / "pid", tmp_path / "go"
    script = f"echo $$ >> {here}; while [ ! -e {go} ]; do sleep 0.05; done; echo $$ is done"
    async with (
        open_proxy(lambda: farm.port) as net,
        open_farm(tmp_path, worker_timeout="2s") as farm,
    ):
        anna = await farm.worker("anna", url=net.url)
        job = await farm.submit(task("wait", shell(script)))
        first = int(await appears(here))
        net.go_down()
        await farm.until_worker("anna", "error")
        go.touch()
        await ends(first)
        await until(lambda: anna.said("Task wait ended"))
        go.unlink()
        await farm.worker("bert")
        second = int((await until(lambda: two_lines(here)))[1])
        net.come_up()
        await until(lambda: anna.said("The Manager refused message"))
        assert (await farm.task(job))["status"] == "active"
        go.touch()
        assert await farm.finished(job) == "completed"
        log = farm.task_log(job)
        assert f"{second} is done" in log
        assert f"{first} is done" not in log


async def test_a_network_that_hangs_for_a_while_is_as_good_as_a_cut_one(tmp_path):
    """Half-open: nothing comes through, and nobody says so."""
    here = tmp_path / "pid"
    script = f"echo $$ >> {here}; while [ ! -e {tmp_path}/go ]; do sleep 0.05; done"
    async with (
        open_proxy(lambda: farm.port) as net,
        open_farm(tmp_path, worker_timeout="2s") as farm,
    ):
        await farm.worker("anna", url=net.url)
        job = await farm.submit(task("wait", shell(script)))
        first = int(await appears(here))
        net.hang()
        await farm.until_worker("anna", "error")
        assert is_running(first)
        net.come_up()
        await ends(first)
        await until(lambda: two_lines(here))
        (tmp_path / "go").touch()
        assert await farm.finished(job) == "completed"
        assert [each["ending"] for each in await farm.attempts(job)] == ["returned", "completed"]


def two_lines(path):
    lines = path.read_text().split()
    return lines if len(lines) == 2 else None
