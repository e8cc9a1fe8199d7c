"""Where scripts run: in a child process that can be killed, or, for simulations, right here."""

import logging
import math
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol, TypeVar, cast

import attrs
import msgspec
import trio

from flamenco.jobtypes.errors import CompileError
from flamenco.jobtypes.loading import Scripts, Stamp
from flamenco.jobtypes.messages import Answer, Request, read_answer, to_line
from flamenco.launcher import Child, open_child
from flamenco.model.jobs import CompiledJob
from flamenco.model.jobtypes import JobToCompile, JobType

logger = logging.getLogger(__name__)

T = TypeVar("T")

START_SECONDS = 60.0
"""How long Python may take to start, on a machine that is busy."""
MARGIN_SECONDS = 2.0
"""How long after its time limit a script is given to end before it is killed."""


@attrs.frozen
class Described:
    """What a script says of itself, and the files it is made of."""

    job_type: JobType
    files: dict[Path, Stamp]


class Engine(Protocol):
    """What runs scripts. Both methods raise CompileError."""

    async def describe(self, path: Path, name: str) -> Described:
        """Run the script for its job type."""

    async def compile(self, path: Path, job: JobToCompile) -> CompiledJob:
        """Run the script for the tasks of a job."""

    async def blocking(self, work: Callable[[], T]) -> T:
        """Run what waits for a disk."""


@attrs.define
class InlineEngine:
    """Runs scripts in this process, without limits: for simulations and trusted scripts only.

    It never leaves the Trio thread, so it works under a virtual clock.
    """

    _scripts: Scripts = attrs.field(factory=Scripts)

    async def describe(self, path: Path, name: str) -> Described:
        script = self._scripts.describe(path, name)
        return Described(script.job_type, dict(script.files))

    async def compile(self, path: Path, job: JobToCompile) -> CompiledJob:
        return self._scripts.compile(path, job)

    async def blocking(self, work: Callable[[], T]) -> T:
        return work()


@attrs.define(eq=False)
class _Call:
    """A request on its way, and where its answer goes."""

    request: Request
    answered: trio.Event = attrs.field(factory=trio.Event)
    answers: list[Answer] = attrs.field(factory=list)

    def fail(self, reason: str) -> None:
        self.answers = [Answer(error=reason)]
        self.answered.set()


class _ChildEnded(Exception):
    """The child ended before it answered."""


@attrs.define(eq=False)
class ChildEngine:
    """Runs scripts in a child process: one request at a time, the process kept for the next."""

    timeout: float
    memory: int
    _calls: trio.MemorySendChannel[_Call] = attrs.field(init=False)
    _waiting: trio.MemoryReceiveChannel[_Call] = attrs.field(init=False)
    _current: _Call | None = None

    def __attrs_post_init__(self) -> None:
        self._calls, self._waiting = trio.open_memory_channel[_Call](math.inf)

    async def describe(self, path: Path, name: str) -> Described:
        answer = (await self._ask(Request(path, name)))[-1]
        if answer.job_type is None:
            raise CompileError(f"{path.name}: the compiler gave no job type")
        return Described(
            answer.job_type, {Path(file): stamp for file, stamp in answer.files.items()}
        )

    async def compile(self, path: Path, job: JobToCompile) -> CompiledJob:
        answers = await self._ask(Request(path, job.type, job))
        tasks = tuple(task for answer in answers for task in answer.tasks)
        return CompiledJob(answers[-1].settings, tasks, answers[-1].metadata)

    async def blocking(self, work: Callable[[], T]) -> T:
        return await trio.to_thread.run_sync(work)

    async def _ask(self, request: Request) -> list[Answer]:
        call = _Call(request)
        await self._calls.send(call)
        await call.answered.wait()
        if call.answers[-1].error:
            raise CompileError(call.answers[-1].error)
        return call.answers

    async def run(self) -> None:
        """Keep a child, and give it the requests, until cancelled."""
        while True:
            try:
                async with self._child() as (child, lines):
                    while await self._serve(child, lines):
                        pass
            except (OSError, _ChildEnded, trio.TooSlowError) as error:
                logger.exception("the job-type compiler did not start")
                await self._take()
                self._finish(f"the compiler of job types did not start: {error}")

    @asynccontextmanager
    async def _child(self) -> AsyncIterator[tuple[Child, "_Lines"]]:
        command = [sys.executable, "-m", "flamenco.jobtypes.child", str(self.timeout)]
        pipe = subprocess.PIPE
        async with (
            open_child(
                [*command, str(self.memory)], stdin=pipe, stdout=pipe, stderr=pipe, grace=0.5
            ) as child,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(_log_output, child)
            lines = _Lines(cast("trio.abc.ReceiveStream", child.stdout))
            with trio.fail_after(START_SECONDS):
                await lines.next()
            yield child, lines
            nursery.cancel_scope.cancel()

    async def _take(self) -> _Call:
        if self._current is None:
            self._current = await self._waiting.receive()
        return self._current

    def _finish(self, failure: str = "") -> None:
        call, self._current = self._current, None
        if call and failure:
            call.fail(failure)
        elif call:
            call.answered.set()

    async def _serve(self, child: Child, lines: "_Lines") -> bool:
        """Have the child answer one request; returns whether it can take another."""
        call = await self._take()
        if child.returncode is not None:
            return False  # it ended while idle, so the request is for its successor
        name = call.request.path.name
        try:
            with trio.fail_after(self.timeout + MARGIN_SECONDS):
                await _exchange(child, lines, call)
        except trio.TooSlowError:
            self._finish(f"{name}: takes longer than {self.timeout:g} s")
            return False
        except (_ChildEnded, trio.BrokenResourceError):
            self._finish(f"{name}: ended the compiler process ({await _manner_of_end(child)})")
            return False
        except msgspec.DecodeError as error:
            self._finish(f"{name}: made the compiler answer with nonsense: {error}")
            return False
        exhausted = call.answers[-1].exhausted
        self._finish()
        return not exhausted


async def _exchange(child: Child, lines: "_Lines", call: _Call) -> None:
    await cast("trio.abc.SendStream", child.stdin).send_all(to_line(call.request))
    while True:
        answer = read_answer(await lines.next())
        call.answers.append(answer)
        if not answer.more:
            return


async def _manner_of_end(child: Child) -> str:
    with trio.move_on_after(MARGIN_SECONDS):
        status = await child.wait()
        return f"by signal {status - 128}" if status > 128 else f"with exit status {status}"
    return "it closed its output"


@attrs.define
class _Lines:
    """The lines of a stream, however long."""

    _stream: trio.abc.ReceiveStream
    _rest: bytearray = attrs.field(factory=bytearray)

    async def next(self) -> bytes:
        """The next line. Raises _ChildEnded at the end of the stream."""
        searched = 0
        while (end := self._rest.find(b"\n", searched)) < 0:
            searched = len(self._rest)
            received = await self._stream.receive_some()
            if not received:
                raise _ChildEnded("it ended before it was ready")
            self._rest += received
        line = bytes(self._rest[:end])
        del self._rest[: end + 1]
        return line


async def _log_output(child: Child) -> None:
    """Log what scripts print."""
    lines = _Lines(cast("trio.abc.ReceiveStream", child.stderr))
    while True:
        try:
            line = await lines.next()
        except _ChildEnded:
            return
        logger.info("%s", line.decode(errors="replace").rstrip(os.linesep))
