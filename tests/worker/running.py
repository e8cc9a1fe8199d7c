"""Workers for tests: inside the test's process, or as a process of their own."""

import os
import signal
import sys
from contextlib import asynccontextmanager, suppress

import attrs
import trio

from flamenco.launcher import Child, open_child
from tests.patience import PATIENCE
from worker.main import run_worker
from worker.stay import FOR_EVER

PROGRAM = """
import logging, sys, trio
from pathlib import Path
from flamenco.config.worker import WorkerConfig
from worker import main
from worker.main import run_worker

main.CHECKS = {}
main.PROBES = ()  # no second sign-on when Blender is slow to tell its version
logging.basicConfig(level=logging.INFO, stream=sys.stderr)
config = WorkerConfig(name="render-01", manager_url=sys.argv[1], home=Path(sys.argv[2]))
sys.exit(trio.run(run_worker, config))
"""


@attrs.define
class RunningWorker:
    exit_code: int | None = None
    ended: trio.Event = attrs.field(factory=trio.Event)

    async def run(self, config, stay, network):
        self.exit_code = await run_worker(config, stay, network)
        self.ended.set()

    async def exits(self):
        with trio.fail_after(PATIENCE):
            await self.ended.wait()
        return self.exit_code


@asynccontextmanager
async def running_worker(config, stay=FOR_EVER, network=None):
    """A Worker inside this process; ended without a sign-off when the block is left."""
    worker = RunningWorker()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(worker.run, config, stay, network)
        yield worker
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def worker_process(config, before=""):
    """A Worker as a child process, after some other lines; killed when the block is left."""
    command = [sys.executable, "-c", before + PROGRAM, config.manager_url, str(config.home)]
    async with open_child(command) as child:
        try:
            yield child
        finally:
            if child.returncode is None:
                kill(child)


def kill(child: Child) -> None:
    """End a process as a power cut would."""
    with suppress(ProcessLookupError):
        os.kill(child.pid, signal.SIGKILL)


@asynccontextmanager
async def gate(tmp_path):
    """A command that runs until the test opens the gate: its arguments, and the opening."""
    path = tmp_path / "gate"
    os.mkfifo(path)

    async def open_gate():
        with trio.fail_after(PATIENCE):
            await trio.to_thread.run_sync(path.write_text, "go on\n", abandon_on_cancel=True)

    yield ("exec", {"exe": "cat", "args": [str(path)]}), open_gate


def python(program):
    """An exec command that runs a Python program."""
    return ("exec", {"exe": sys.executable, "args": ["-c", program]})
