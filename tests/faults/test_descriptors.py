"""A Manager that may open few files serves all, and lets nobody take them from the others."""

import resource
import socket
from contextlib import ExitStack

import pytest

from tests.faults.farm import open_farm, shell, task

pytestmark = pytest.mark.slow

IDLE = 400


def limited(*options: str) -> tuple[str, ...]:
    """A command that runs another one with a limit of open files."""
    return ("sh", "-c", f'ulimit {" ".join(options)}; exec "$@"', "sh")


def idle_clients(farm, stack: ExitStack) -> None:
    for _ in range(IDLE):
        stack.enter_context(socket.create_connection(("127.0.0.1", farm.port)))


async def test_idle_sockets_take_nothing_from_workers_and_people(tmp_path):
    async with open_farm(tmp_path, under=limited("-n", "256")) as farm:
        with ExitStack() as stack:
            idle_clients(farm, stack)
            await farm.worker("anna")
            job = await farm.submit(task("one", shell("echo said")))
            assert await farm.finished(job) == "completed"
            idle_clients(farm, stack)
            assert (await farm.get("version"))["name"] == "Flamenco"
        assert "at most 80 clients can be connected" in farm.manager.log.read_text()
        assert "a client has to wait" not in farm.manager.log.read_text()


async def test_the_soft_limit_of_open_files_is_raised_to_the_hard_one(tmp_path):
    async with open_farm(tmp_path, under=limited("-Sn", "100")) as farm:
        soft, hard = resource.prlimit(farm.manager.pid, resource.RLIMIT_NOFILE)
        assert soft == hard != 100
