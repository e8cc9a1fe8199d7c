"""The farm's job types: found, described and compiled for the Manager."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import trio

from flamenco.jobtypes.engines import ChildEngine, Described, Engine, InlineEngine
from flamenco.jobtypes.errors import CompileError, CompilerUnavailable, UnknownJobType
from flamenco.jobtypes.files import BUILTIN, all_stamps, find_scripts, unchanged
from flamenco.jobtypes.limits import Limits
from flamenco.jobtypes.process import CompilerProcess
from flamenco.model.jobs import CompiledJob
from flamenco.model.jobtypes import JobToCompile, JobType

logger = logging.getLogger(__name__)

DEFAULT_LIMITS = Limits(seconds=20.0, memory=2 * 1024**3)


@attrs.define(eq=False)
class Compiler:
    """The compiler of job types. Any number of tasks may call it at once."""

    _scripts: Path | None
    _engine: Engine
    _shared: Path | None = None
    """The shared storage, where tasks may write, so that no script there is run."""
    _described: dict[tuple[Path, ...], Described] = attrs.field(factory=dict)
    _describing: trio.Lock = attrs.field(factory=trio.Lock)
    _had_scripts: bool = attrs.field(init=False)

    @_had_scripts.default
    def _has_scripts(self) -> bool:
        return self._scripts is not None and self._scripts.is_dir()

    async def job_types(self) -> list[JobType]:
        """All job types, by name; a broken script's error is in `JobType.error`."""
        found = await self._find()
        return [await self._describe(name, paths) for name, paths in found.items()]

    async def job_type(self, name: str) -> JobType:
        """The job type with this name. Raises UnknownJobType."""
        return await self._describe(name, await self._paths(name))

    async def is_builtin(self, name: str) -> bool:
        """True if a job type is part of Flamenco. Raises UnknownJobType."""
        return all(path.parent == BUILTIN for path in await self._paths(name))

    async def compile(self, job: JobToCompile) -> CompiledJob:
        """The job's tasks, as its job type writes them.

        Raises UnknownJobType, and CompileError, whose message names script and line, if the script
        is broken, refuses the job, takes too long or too much memory, or writes tasks that can
        never be done.
        """
        paths = await self._paths(job.type)
        path = await self._engine.blocking(lambda: self._trusted(job.type, paths))
        return await self._engine.compile(path, job)

    async def _find(self) -> dict[str, tuple[Path, ...]]:
        return await self._engine.blocking(lambda: find_scripts(self._scripts))

    async def _paths(self, name: str) -> tuple[Path, ...]:
        found = await self._find()
        if name not in found:
            has_vanished = self._had_scripts and not await self._engine.blocking(self._has_scripts)
            raise UnknownJobType(name, list(found), self._scripts if has_vanished else None)
        return found[name]

    async def _describe(self, name: str, paths: tuple[Path, ...]) -> JobType:
        """The job type of a script, remembered until one of its files changes."""
        async with self._describing:
            known = self._described.get(paths)
            if known is not None and await self._engine.blocking(lambda: unchanged(known.files)):
                return known.job_type
            before = await self._engine.blocking(lambda: all_stamps(paths[0].parent))
            try:
                path = await self._engine.blocking(lambda: self._trusted(name, paths))
                described = await self._engine.describe(path, name)
            except CompileError as error:
                # it is not known which file is to blame, so a change of any counts
                broken = JobType(name=name, label=name, error=error.message)
                described = Described(broken, before)
                if isinstance(error, CompilerUnavailable):
                    return broken
            for warning in described.job_type.warnings:
                logger.warning("%s: %s", paths[0].name, warning)
            self._described[paths] = described
        return described.job_type

    def _trusted(self, name: str, paths: tuple[Path, ...]) -> Path:
        """The script of a job type, if only the operator can have put it there."""
        path = _only(name, paths)
        if path.parent == BUILTIN:
            return path
        if path.is_symlink():
            raise CompileError(f"{path.name}: is a link; put the script itself into {path.parent}")
        if self._shared is not None and path.resolve().is_relative_to(self._shared.resolve()):
            raise CompileError(
                f"{path.name}: lies in the shared storage {self._shared}, where tasks may change "
                "it; move the shared storage into a folder of its own"
            )
        return path


def _only(name: str, paths: tuple[Path, ...]) -> Path:
    if len(paths) > 1:
        files = " and ".join(path.name for path in paths)
        raise CompileError(f"{files} both define the job type {name!r}; rename or remove one")
    return paths[0]


@asynccontextmanager
async def open_engine(
    scripts: Path | None = None, limits: Limits = DEFAULT_LIMITS
) -> AsyncIterator[Engine]:
    """An engine that runs scripts of a folder, and built-in ones, in a child process.

    A script that exceeds its limits (of memory on Linux only) is killed, and the next one gets a
    new process.
    """
    process = CompilerProcess(limits, scripts)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(process.run)
        yield ChildEngine(process)
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def open_compiler(
    scripts: Path | None = None, limits: Limits = DEFAULT_LIMITS, shared: Path | None = None
) -> AsyncIterator[Compiler]:
    """A compiler of the built-in job types and those in the folder ``scripts``.

    Scripts in the ``shared`` storage are refused.
    """
    async with open_engine(scripts, limits) as engine:
        yield Compiler(scripts, engine, shared)


def inline_compiler(scripts: Path | None = None, shared: Path | None = None) -> Compiler:
    """A compiler that runs scripts in this process, without limits: for simulations."""
    return Compiler(scripts, InlineEngine(), shared)
