"""A Worker whose disk is full says so, loses nothing, and goes on when there is room."""

import os
import shlex
import signal
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.faults.farm import appears, open_farm, shell, task
from tests.patience import until
from tests.programs import need

pytestmark = pytest.mark.slow


def on_a_small_disk(home: Path, kibibytes: int, then: str) -> tuple[str, ...]:
    """A command that runs another one with a small disk of its own for ``home``, see ``then``."""
    rights = "-m" if os.geteuid() == 0 else "-rm"
    mount = f"mount -t tmpfs -o size={kibibytes}k tmpfs {shlex.quote(str(home))}"
    return (need("unshare"), rights, "sh", "-c", f"{mount} && {then}", "sh")


def worker_below(pid: int) -> int | None:
    """The pid of the Worker that a service manager of the test's making has started."""
    for each in psutil.Process(pid).children():
        with suppress(psutil.NoSuchProcess):
            if "worker" in each.cmdline():
                return each.pid
    return None


def waiting(folder: Path, name: str, before: str, after: str) -> dict:
    """A task that waits in its middle until there is a file of its name."""
    ready, wait = f"echo $$ > {folder}/pid-{name}", f"[ ! -e {folder}/{name} ]"
    return task(name, shell(f"{before}; {ready}; while {wait}; do sleep 0.05; done; {after}"))


async def test_a_full_disk_loses_nothing_and_the_worker_goes_on_when_there_is_room(tmp_path):
    enough = tmp_path / "enough"
    stop = f"trap 'touch {enough}; kill $!' TERM"
    again = f'{stop}; while [ ! -e {enough} ]; do "$@" & wait $!; done; wait'
    async with open_farm(tmp_path) as farm:
        home = farm.home("anna")
        anna = await farm.worker("anna", under=on_a_small_disk(home, 512, again))
        fill = f"dd if=/dev/zero of={home}/fill bs=1k 2>/dev/null"
        full = await farm.submit(waiting(tmp_path, "full", fill, "echo said; seq 2000"))
        await appears(tmp_path / "pid-full")
        await farm.manager.kill()
        (tmp_path / "full").touch()
        await until(lambda: anna.said("kept in memory only: database or disk is full"))
        await until(lambda: anna.said("Task full ended"))
        await farm.start_manager()
        assert await farm.finished(full) == "completed"
        assert "> said\n" in farm.task_log(full)
        assert "> 2000\n" in farm.task_log(full)[-1000:]
        room = await farm.submit(waiting(tmp_path, "room", f"rm {home}/fill", "echo said"))
        await appears(tmp_path / "pid-room")
        await farm.manager.kill()
        (tmp_path / "room").touch()
        await until(lambda: anna.said("Unsent messages are on disk again"))
        worker = await until(lambda: worker_below(anna.pid))
        journal = Path(f"/proc/{worker}/root{home}/flamenco-worker.sqlite-wal")
        await until(lambda: b'"completed"' in journal.read_bytes())
        os.kill(worker, signal.SIGKILL)
        await farm.start_manager()
        assert await farm.finished(room) == "completed"
        assert farm.task_log(room).count("going to run") == 1


async def test_a_disk_that_is_full_from_the_start_is_named(tmp_path):
    async with open_farm(tmp_path) as farm:
        under = on_a_small_disk(farm.home("anna"), 4, 'exec "$@"')
        anna = await farm.worker("anna", under=under)
        assert await anna.exits() == 1
        (line,) = [each for each in anna.log.read_text().splitlines() if " INFO " not in each]
        assert "is full; make room" in line
