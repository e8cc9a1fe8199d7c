"""Engines that run scripts: in a child process that can be killed, or, for simulations, here."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol, TypeVar

import attrs
import msgspec
import trio

from flamenco.jobtypes.errors import CompileError
from flamenco.jobtypes.files import Files
from flamenco.jobtypes.messages import UNFIT, Answer, Outcome, Request, read_piece
from flamenco.jobtypes.process import CompilerProcess
from flamenco.jobtypes.scripts import Scripts
from flamenco.model.jobs import AuthoredTask, CompiledJob
from flamenco.model.jobtypes import JobToCompile, JobType

T = TypeVar("T")


@attrs.frozen
class Described:
    """The job type that a script describes, and the script's files."""

    job_type: JobType
    files: Files


class Engine(Protocol):
    """A runner of scripts. `describe` and `compile` raise CompileError."""

    async def describe(self, path: Path, name: str) -> Described:
        """Run the script to get its job type."""

    async def compile(self, path: Path, job: JobToCompile) -> CompiledJob:
        """Run the script to get the tasks of a job."""

    async def blocking(self, work: Callable[[], T]) -> T:
        """Run work that waits for a disk."""


@attrs.define
class InlineEngine:
    """An engine in this process, without limits: for simulations and trusted scripts only.

    It never leaves the Trio thread, so it works under a virtual clock.
    """

    _scripts: Scripts = attrs.field(factory=Scripts)

    async def describe(self, path: Path, name: str) -> Described:
        script = self._scripts.describe(path, name)
        return Described(script.job_type, script.files)

    async def compile(self, path: Path, job: JobToCompile) -> CompiledJob:
        pieces: list[bytes] = []
        outcome = self._scripts.compile(path, job, pieces.append)
        try:
            return _compiled(outcome, (task for piece in pieces for task in read_piece(piece)))
        except msgspec.ValidationError as error:
            raise CompileError(f"{path.name}: gives {UNFIT}: {error}") from None

    async def blocking(self, work: Callable[[], T]) -> T:
        return work()


@attrs.frozen
class ChildEngine:
    """An engine in a child process."""

    _process: CompilerProcess

    async def describe(self, path: Path, name: str) -> Described:
        answer = (await self._process.ask(Request(path, name)))[-1]
        if answer.job_type is None:
            raise CompileError(f"{path.name}: the compiler gave no job type")
        files = {Path(file): stamp for file, stamp in answer.files.items()}
        return Described(answer.job_type, files)

    async def compile(self, path: Path, job: JobToCompile) -> CompiledJob:
        answers = await self._process.ask(Request(path, job.type, job))
        return _compiled(answers[-1], (task for answer in answers for task in answer.tasks))

    async def blocking(self, work: Callable[[], T]) -> T:
        return await trio.to_thread.run_sync(work)


def _compiled(made: Answer | Outcome, tasks: Iterable[AuthoredTask]) -> CompiledJob:
    return CompiledJob(
        settings=made.settings,
        tasks=tuple(tasks),
        metadata=made.metadata,
        requirements=made.requirements,
        name=made.name,
        priority=made.priority,
    )
