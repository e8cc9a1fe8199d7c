"""Equipment of this Worker's machine: measured, asked of programs, or configured.

Memory and processors are known at once. Programs are asked in parallel while the Worker registers,
but those whose paths the Manager tells only once that has proven itself. A Blender that starts for
the first time, from a network share, may take longer than the sign-on waits; the Manager then
learns of it in a new session.
"""

import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import attrs
import httpx
import msgspec
import psutil
import trio

from flamenco.config.worker import WorkerConfig
from flamenco.model.bounds import LONGEST_PROSE, cut
from flamenco.model.specs import Finding, Specs, Withheld
from flamenco.platforms import PLATFORM
from worker.asking import output_of
from worker.backoff import backoff
from worker.checks import Check, CheckFailed, Farm, ask_farm
from worker.load import Meter
from worker.probes import MIB, Found, Probe

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 5.0
"""Maximum seconds that the sign-on waits for the answers."""
RECHECK_SECONDS = 300.0
"""Seconds between looks at whatever was missing."""


class Machine:
    """The machine, as far as it is known: `specs` grows while `find` runs."""

    def __init__(
        self,
        config: WorkerConfig,
        probes: Sequence[Probe],
        checks: Mapping[str, Check],
        http: httpx.AsyncClient,
    ) -> None:
        self._config = config
        self._http = http
        self.meter = Meter()
        told = {each.name.casefold() for each in config.software}
        self._probes = [
            probe
            for probe in probes
            if probe.platform in ("", sys.platform)
            and (config.gpus is None or not probe.finds_gpus)
            and probe.name.casefold() not in told
        ]
        self._checks = checks
        self._answers: dict[str, Found] = {}
        self._withheld: dict[str, str] = {}  # {task type: why}
        self._findings: dict[str, str] = {}  # {task type: what its check found}
        self._found = trio.Event()
        self._checked = trio.Event()
        self._changed = trio.Event()
        self._wanted = trio.Event()
        self._touched = trio.Event()
        self.specs = self._gather()

    @property
    def is_checked(self) -> bool:
        """True if all checks were made."""
        return self._checked.is_set()

    @property
    def task_types(self) -> tuple[str, ...]:
        """The task types that the Worker offers: the configured ones without those it can't do."""
        withheld = {each.task_type for each in self.specs.withheld}
        return tuple(each for each in self._config.task_types if each not in withheld)

    def take(self, config: WorkerConfig) -> None:
        """Go by another configuration. What it is about is looked at again."""
        before, self._config = self._config, config
        if (before.task_types, before.variables) != (config.task_types, config.variables):
            for known in (self._withheld, self._findings):
                for each in known.keys() - {*config.task_types}:
                    del known[each]
            self.look_again()
        self.specs = self._gather()

    @contextmanager
    def in_touch(self) -> Iterator[None]:
        """Ask the Manager for paths as long as it is known that it is this Worker's own."""
        self._touched.set()
        try:
            yield
        finally:
            self._touched = trio.Event()

    async def find(self) -> None:
        """Look at everything, later at whatever is missing, and at everything on request.

        Errors only mean that less is known.
        """
        await self._look()
        self._found.set()
        log.info("This machine has %s", describe(self.specs))
        while True:
            with trio.move_on_after(RECHECK_SECONDS):
                await self._wanted.wait()
            if self._wanted.is_set():
                self._wanted = trio.Event()
                await self._look()
            elif self._withheld:
                await self._make([*self._withheld])
                self._learned()

    def look_again(self) -> None:
        """Look at everything again, soon: something may have changed."""
        self._wanted.set()

    async def _look(self) -> None:
        """Ask all programs and make all checks, in parallel."""
        async with trio.open_nursery() as nursery:
            for probe in self._probes:
                nursery.start_soon(self._ask, probe)
            await self._make([name for name in self._checks if name in self._config.task_types])
            self._checked.set()
        self._learned()

    async def wait_until_known(self) -> None:
        """Wait until everything is known, for at most `PATIENCE_SECONDS`."""
        with trio.move_on_after(PATIENCE_SECONDS):
            await self._found.wait()
        self.specs = self._gather()

    async def wait_for_checks(self) -> None:
        """Wait until all checks were made, however long it takes."""
        await self._checked.wait()

    async def differs_from(self, specs: Specs | None) -> None:
        """Wait until everything is known and differs from ``specs``."""
        await self._found.wait()
        while self.specs == specs:
            await self._changed.wait()

    def _learned(self) -> None:
        self.specs = self._gather()
        self._changed.set()
        self._changed = trio.Event()

    async def _make(self, task_types: list[str]) -> None:
        """Make the checks of some task types, as soon as the Manager tells the paths."""
        if not task_types:
            return
        farm = await self._ask_farm()
        async with trio.open_nursery() as nursery:
            for task_type in task_types:
                nursery.start_soon(self._check, task_type, farm)

    async def _ask_farm(self) -> Farm:
        failures = 0
        while True:
            await self._touched.wait()
            try:
                farm = await ask_farm(self._http)
                own = self._config.variables
                return attrs.evolve(
                    farm,
                    blender=own.get("blender", farm.blender),
                    ffmpeg=own.get("ffmpeg", farm.ffmpeg),
                )
            except httpx.HTTPError as error:
                log.debug("The Manager does not tell the paths of programs: %s", error)
                await trio.sleep(backoff(failures))
                failures += 1

    async def _check(self, task_type: str, farm: Farm) -> None:
        try:
            found = await self._checks[task_type](farm)
        except CheckFailed as error:
            if self._withheld.get(task_type) != str(error):
                log.warning("No tasks of type %s for this Worker: %s", task_type, error)
            self._withheld[task_type] = cut(str(error), LONGEST_PROSE)
            self._findings.pop(task_type, None)
        else:
            self._findings[task_type] = cut(found, LONGEST_PROSE)
            if self._withheld.pop(task_type, None):
                log.info("This Worker takes tasks of type %s again", task_type)

    async def _ask(self, probe: Probe) -> None:
        command = await trio.to_thread.run_sync(probe.command)
        output = await output_of(command)
        if output is None:
            self._answers.pop(probe.name, None)
            return
        try:
            found = msgspec.to_builtins(probe.read(output))
            self._answers[probe.name] = msgspec.convert(found, Found)
        except (ValueError, LookupError) as error:
            log.warning("The output of %s is not understood: %s", command[0], error)

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
            withheld=tuple(Withheld(*each) for each in sorted(self._withheld.items())),
            checks=tuple(Finding(*each) for each in sorted(self._findings.items())),
        )


def processors() -> int:
    """Number of processors that this process may use, including hyper-threads."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else psutil.cpu_count() or 0


def describe(specs: Specs) -> str:
    """A description of a machine's equipment, for the log."""
    gpus = [f"{gpu.name} as {gpu.kind}" for gpu in specs.gpus]
    programs = [f"{each.name} {each.version}".strip() for each in specs.software]
    return "; ".join(
        [
            f"{specs.memory_mib} MiB of memory, {specs.cores} cores",
            f"GPUs: {', '.join(gpus) or 'none'}",
            f"software: {', '.join(programs) or 'none'}",
        ]
    )
