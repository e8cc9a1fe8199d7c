"""What this Worker's machine has: measured, asked of programs, or told by the configuration.

Memory and processors are known at once. Programs are asked in parallel while the Worker registers;
a Blender that starts for the first time, from a share, may take longer than the sign-on waits, and
is told of then in a new session.
"""

import logging
import os
import subprocess
import sys
from collections.abc import Sequence

import psutil
import trio

from flamenco.config.worker import WorkerConfig
from flamenco.launcher import open_child
from flamenco.model.specs import Specs
from flamenco.platforms import PLATFORM
from worker.probes import MIB, Found, Probe
from worker.process import program_environment

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 5.0
"""How long the sign-on waits for the answers."""
LIMIT_SECONDS = 60.0
"""After so long a program is ended that has not answered."""
GRACE_SECONDS = 0.5
MOST_BYTES = 1024 * 1024


class Machine:
    """The machine, as far as it is known: `specs` grows while `find` runs."""

    def __init__(self, config: WorkerConfig, probes: Sequence[Probe]) -> None:
        self._config = config
        told = {each.name.casefold() for each in config.software}
        self._probes = [
            probe
            for probe in probes
            if (config.gpus is None or not probe.finds_gpus) and probe.name.casefold() not in told
        ]
        self._answers: dict[str, Found] = {}
        self._found = trio.Event()
        self.specs = self._gather()

    async def find(self) -> None:
        """Ask all programs, in parallel. What goes wrong only leaves less to be known."""
        async with trio.open_nursery() as nursery:
            for probe in self._probes:
                nursery.start_soon(self._ask, probe)
        self.specs = self._gather()
        self._found.set()
        log.info("This machine has %s", describe(self.specs))

    async def is_known(self) -> None:
        """Wait until everything is known, for `PATIENCE_SECONDS` at most."""
        with trio.move_on_after(PATIENCE_SECONDS):
            await self._found.wait()
        self.specs = self._gather()

    async def differs_from(self, specs: Specs | None) -> None:
        """Wait until everything is known and is not what ``specs`` says."""
        await self._found.wait()
        if self.specs == specs:
            await trio.sleep_forever()

    async def _ask(self, probe: Probe) -> None:
        command = await trio.to_thread.run_sync(probe.command)
        output = await output_of(command)
        if output is None:
            return
        try:
            self._answers[probe.name] = probe.read(output)
        except (ValueError, LookupError) as error:
            log.warning("What %s tells of this machine is not understood: %s", command[0], error)

    def _gather(self) -> Specs:
        config = self._config
        found = [self._answers[each.name] for each in self._probes if each.name in self._answers]
        gpus = [gpu for each in found for gpu in each.gpus]
        software = [program for each in found for program in each.software]
        return Specs(
            memory_mib=config.memory_mib or psutil.virtual_memory().total // MIB,
            cores=config.cores or processors(),
            gpus=tuple(gpus) if config.gpus is None else config.gpus,
            platform=PLATFORM,
            software=(*software, *config.software),
            capabilities=config.capabilities,
        )


def processors() -> int:
    """The processors this process may use, hyper-threads included."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else psutil.cpu_count() or 0


async def output_of(command: Sequence[str]) -> str | None:
    """What a program prints; None if it isn't there, fails, or is slower than `LIMIT_SECONDS`."""
    output = bytearray()
    status = None
    try:
        with trio.move_on_after(LIMIT_SECONDS) as limit:
            async with open_child(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=program_environment(),
                grace=GRACE_SECONDS,
            ) as child:
                assert child.stdout is not None  # noqa: S101 - it was asked for
                async for data in child.stdout:
                    output += data[: MOST_BYTES - len(output)]
                status = await child.wait()
    except OSError as error:
        log.debug("%s does not run: %s", command[0], error)
        return None
    if limit.cancelled_caught:
        log.warning("%s did not answer within %.0f s", command[0], LIMIT_SECONDS)
    return output.decode("utf-8", errors="replace") if status == 0 else None


def describe(specs: Specs) -> str:
    """What a machine has, for the log."""
    gpus = [f"{gpu.name} as {gpu.kind}" for gpu in specs.gpus]
    programs = [f"{each.name} {each.version}".strip() for each in specs.software]
    return "; ".join(
        [
            f"{specs.memory_mib} MiB of memory, {specs.cores} cores",
            f"GPUs: {', '.join(gpus) or 'none'}",
            f"software: {', '.join(programs) or 'none'}",
        ]
    )
