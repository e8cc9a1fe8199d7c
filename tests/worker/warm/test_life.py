"""An open Blender lives no longer than the Worker that keeps it, and not while it sleeps."""

import re

import attrs
import psutil
import pytest

from tests.patience import until
from tests.worker.commands.test_frames import paint, rendering
from tests.worker.fake_manager import task
from tests.worker.running import kill, running_worker, worker_process
from tests.worker.warm.test_keeper import age

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def red(tmp_path_factory):
    return age(paint(tmp_path_factory.mktemp("scene") / "red.blend"))


async def render(session, red, output, frame):
    """Have a frame rendered; returns the task's log."""
    command = ("blender-render", rendering(red, output, str(frame)), 1)
    await session.send(task(command, task_id=f"task-{frame}"))
    reports = await session.until(lambda report: report.status in ("completed", "failed"))
    log = "".join(report.log or "" for report in reports)
    assert reports[-1].status == "completed", log
    return log


def pid_in(log):
    return int(re.search(r"pid=(\d+)", log)[1])


async def test_a_worker_that_sleeps_has_no_blender_open(manager, config, red, tmp_path):
    async with running_worker(config):
        session = await manager.session()
        await session.wake()
        pid = pid_in(await render(session, red, tmp_path, 1))
        assert "going on in the open Blender" in await render(session, red, tmp_path, 2)
        assert psutil.pid_exists(pid)
        await session.ask("asleep")
        await until(lambda: not psutil.pid_exists(pid))


async def test_a_worker_may_have_each_task_in_a_blender_of_its_own(manager, config, red, tmp_path):
    async with running_worker(attrs.evolve(config, warm_blender=False)):
        session = await manager.session()
        await session.wake()
        pids = {pid_in(await render(session, red, tmp_path, frame)) for frame in (1, 2)}
        assert len(pids) == 2


async def test_a_killed_worker_leaves_no_blender_open(manager, config, red, tmp_path):
    async with worker_process(config) as worker:
        session = await manager.session()
        await session.wake()
        pid = pid_in(await render(session, red, tmp_path, 1))
        assert psutil.pid_exists(pid)
        kill(worker)
        await until(lambda: not psutil.pid_exists(pid))
