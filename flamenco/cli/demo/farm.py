"""The demo's farm: a Manager and its Workers as child processes on loopback."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import trio

from flamenco.cli.errors import CommandError
from flamenco.cli.manager import READY
from flamenco.client import Unreachable
from flamenco.launcher import Child, open_child

FLAMENCO = (sys.executable, "-m", "flamenco")
MANAGER_LOG = "manager.log"

DYING_SECONDS = 2.0
"""Seconds to let a Manager end that stopped answering, since its end explains more."""


@asynccontextmanager
async def open_demo_farm(storage: Path, workers: int) -> AsyncIterator[str]:
    """The URL of a Manager with Workers, all below ``storage``.

    If one of them ends by itself, the block is left with `CommandError`.
    """
    async with AsyncExitStack() as farm:
        log = storage / MANAGER_LOG
        command = [*FLAMENCO, "manager", "--storage", str(storage), *ALONE]
        manager = await farm.enter_async_context(_program(command, log))
        url = await _address(manager, log)
        watching = await farm.enter_async_context(trio.open_nursery())
        watching.start_soon(_mourn, "Manager", manager, log)
        for number in range(1, workers + 1):
            log = storage / f"worker-{number}.log"
            command = _worker(storage, url, number)
            worker = await farm.enter_async_context(_program(command, log))
            watching.start_soon(_mourn, f"Worker {number}", worker, log)
        farm.callback(watching.cancel_scope.cancel)
        try:
            yield url
        except Unreachable:
            with trio.move_on_after(DYING_SECONDS):
                await _mourn("Manager", manager, storage / MANAGER_LOG)
            raise


ALONE = ("--listen", "127.0.0.1:0", "--no-discoverable")
"""Options that keep other Workers of this machine from taking the demo's tasks."""


def _worker(storage: Path, url: str, number: int) -> list[str]:
    home = storage / "workers" / str(number)
    home.mkdir(parents=True, exist_ok=True)
    name = f"demo-{number}"
    return [*FLAMENCO, "worker", "--manager", url, "--name", name, "--home", str(home)]


@asynccontextmanager
async def _program(command: list[str], log: Path) -> AsyncIterator[Child]:
    with log.open("ab") as stderr:
        async with open_child(command, stdout=subprocess.PIPE, stderr=stderr, grace=8.0) as child:
            yield child


async def _address(manager: Child, log: Path) -> str:
    """The address that the Manager prints."""
    assert manager.stdout is not None  # noqa: S101 - asked for above
    said = b""
    async for chunk in manager.stdout:
        said += chunk
        for line in said.decode().splitlines(keepends=True):
            if line.startswith(READY) and line.endswith("\n"):
                return line.removeprefix(READY).strip()
    raise CommandError(f"the Manager did not start: {_last_line(log)}")


async def _mourn(name: str, child: Child, log: Path) -> None:
    status = await child.wait()
    raise CommandError(f"the {name} ended with status {status}: {_last_line(log)} (see {log})")


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("flamenco: ") if lines else "it printed nothing"
