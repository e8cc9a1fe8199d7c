"""The farm's job types: found, described and compiled for the Manager."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import trio

from flamenco.jobtypes.engines import ChildEngine, Described, Engine, InlineEngine
from flamenco.jobtypes.errors import CompileError, UnknownJobType
from flamenco.jobtypes.loading import stamp, unchanged
from flamenco.model.jobs import CompiledJob
from flamenco.model.jobtypes import JobToCompile, JobType

BUILTIN = Path(__file__).with_name("builtin")

DEFAULT_TIMEOUT = 20.0
DEFAULT_MEMORY = 2 * 1024**3


def script_name(path: Path) -> str:
    """The name of the job type that a script defines."""
    return path.stem.replace("_", "-")


def find_scripts(scripts: Path | None) -> dict[str, Path]:
    """The scripts of all job types by name; those in ``scripts`` win over built-in ones.

    A file whose name begins with `_` is a module for scripts, and no job type.
    """
    folders = [BUILTIN] if scripts is None else [BUILTIN, scripts.absolute()]
    found = {script_name(path): path for folder in folders for path in _scripts_in(folder)}
    return dict(sorted(found.items()))


def _scripts_in(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.glob("*.py")):
        if path.is_file() and not path.name.startswith(("_", ".")):
            yield path


@attrs.define(eq=False)
class Compiler:
    """Knows the job types and compiles jobs. Any number of tasks may call it."""

    _scripts: Path | None
    _engine: Engine
    _described: dict[Path, Described] = attrs.field(factory=dict)
    _describing: trio.Lock = attrs.field(factory=trio.Lock)

    async def job_types(self) -> list[JobType]:
        """All job types, by name; what is wrong with a broken script is in `JobType.error`."""
        found = await self._find()
        return [await self._describe(name, path) for name, path in found.items()]

    async def job_type(self, name: str) -> JobType:
        """The job type with this name. Raises UnknownJobType."""
        return await self._describe(name, await self._path(name))

    async def compile(self, job: JobToCompile) -> CompiledJob:
        """The job's tasks, as its job type writes them.

        Raises UnknownJobType; CompileError, whose message names script and line, when the script
        is broken, refuses the job, takes too long or too much memory, or writes tasks that can
        never be done.
        """
        return await self._engine.compile(await self._path(job.type), job)

    async def _find(self) -> dict[str, Path]:
        return await self._engine.blocking(lambda: find_scripts(self._scripts))

    async def _path(self, name: str) -> Path:
        found = await self._find()
        if name not in found:
            raise UnknownJobType(name, list(found))
        return found[name]

    async def _describe(self, name: str, path: Path) -> JobType:
        async with self._describing:
            known = self._described.get(path)
            if known is not None and await self._is_current(known):
                return known.job_type
            fresh = self._described[path] = await self._fresh(name, path)
        return fresh.job_type

    async def _is_current(self, known: Described) -> bool:
        return await self._engine.blocking(lambda: unchanged(known.files))

    async def _fresh(self, name: str, path: Path) -> Described:
        before = await self._engine.blocking(lambda: stamp(path))
        try:
            return await self._engine.describe(path, name)
        except CompileError as error:
            broken = JobType(name=name, label=name, error=error.message)
            return Described(broken, {path: before} if before else {})


@asynccontextmanager
async def open_compiler(
    scripts: Path | None = None,
    *,
    timeout: float = DEFAULT_TIMEOUT,
    memory: int = DEFAULT_MEMORY,
) -> AsyncIterator[Compiler]:
    """The compiler of the built-in job types and those in the folder ``scripts``.

    Scripts run in a child process for at most ``timeout`` seconds and in ``memory`` bytes (on
    Linux); one that needs more is killed, and the next gets a new process.
    """
    engine = ChildEngine(timeout, memory)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(engine.run)
        yield Compiler(scripts, engine)
        nursery.cancel_scope.cancel()


def inline_compiler(scripts: Path | None = None) -> Compiler:
    """A compiler that runs scripts in this process, without limits: for simulations."""
    return Compiler(scripts, InlineEngine())
