"""The compiler's child process from the Manager's side: one request at a time, killed at limits."""

import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import attrs
import msgspec
import trio

from flamenco.jobtypes.errors import CompileError, CompilerUnavailable
from flamenco.jobtypes.limits import Limits, too_long
from flamenco.jobtypes.messages import (
    END_OF_PRINTED,
    UNFIT,
    Answer,
    Request,
    read_answer,
    to_line,
)
from flamenco.launcher import Child, open_child

logger = logging.getLogger(__name__)

START_SECONDS = 60.0
"""Maximum seconds for Python to start, on a busy machine."""
KILLED_AFTER = 3
"""Multiple of the time limit after which a script that could not be interrupted is killed.
JavaScript's limit is processor time, and a busy machine gives less than a second of it in one."""
KEPT_VARIABLES = frozenset({"HOME", "LANG", "LC_ALL", "LC_CTYPE", "PATH", "PYTHONPATH", "TZ"})
"""Environment variables that scripts get: the others may hold secrets."""
MARGIN_SECONDS = 2.0
"""Extra seconds for a script to end."""
MOST_PRINTED = 1024**2
"""Maximum bytes that a script may print for one request."""
MOST_ANSWERED = 512 * 1024**2
"""Maximum bytes of a job's tasks in their messages."""


@attrs.define(eq=False)
class _Call:
    """A request under way, and the place for its answer."""

    request: Request
    answered: trio.Event = attrs.field(factory=trio.Event)
    answers: list[Answer] = attrs.field(factory=list)
    failure: CompileError | None = None


class _Ended(Exception):
    """The child ended before it answered."""


class _TooMuch(Exception):
    """The child sent more than it may."""


@attrs.define(eq=False)
class CompilerProcess:
    """The child process, kept for the next request as long as nothing goes wrong."""

    limits: Limits
    scripts: Path | None = None
    """Folder that scripts may read."""
    _calls: trio.MemorySendChannel[_Call] = attrs.field(init=False)
    _waiting: trio.MemoryReceiveChannel[_Call] = attrs.field(init=False)
    _current: _Call | None = None
    _asked: int = 0
    _told: bool = False
    """True once the log says which walls around scripts are missing."""

    def __attrs_post_init__(self) -> None:
        self._calls, self._waiting = trio.open_memory_channel[_Call](0)

    async def ask(self, request: Request) -> list[Answer]:
        """All parts of the child's answer. Raises CompileError.

        A request whose caller is cancelled before its turn is dropped.
        """
        self._asked += 1
        call = _Call(attrs.evolve(request, number=self._asked))
        await self._calls.send(call)
        await call.answered.wait()
        if call.failure is not None:
            raise call.failure
        last = call.answers[-1]
        _log_said(last)
        if last.error:
            raise CompileError(last.error)
        return call.answers

    async def run(self) -> None:
        """Keep a child and pass it the requests, until cancelled."""
        while True:
            try:
                folder = await trio.to_thread.run_sync(self._folder)
                async with self._child() as (child, lines, printed):
                    while await self._serve(child, lines, printed, folder):
                        pass
            except Exception as error:
                # a bug of ours must not end the Manager or the next request either
                logger.exception("the compiler of job types failed")
                await self._take()
                reason = f"the compiler of job types did not work: {error}"
                self._finish(CompilerUnavailable(reason))

    @asynccontextmanager
    async def _child(self) -> AsyncIterator[tuple[Child, "_Lines", "_Lines"]]:
        arguments = [str(self.limits.seconds), str(self.limits.memory)]
        if self.scripts is not None:
            arguments.append(str(self.scripts))
        pipe = subprocess.PIPE
        async with (
            open_child(
                [sys.executable, "-P", "-m", "flamenco.jobtypes.child", *arguments],
                stdin=pipe,
                stdout=pipe,
                stderr=pipe,
                env={each: os.environ[each] for each in KEPT_VARIABLES & os.environ.keys()},
                grace=0.5,
            ) as child,
            trio.open_nursery() as nursery,
        ):
            lines, printed = _Lines(child.stdout, MOST_ANSWERED), _Lines(child.stderr, MOST_PRINTED)
            nursery.start_soon(_log_all, printed)
            with trio.fail_after(START_SECONDS):
                ready = read_answer(await lines.next())
            if not self._told:
                self._told = True
                _log_said(ready)
            yield child, lines, printed
            nursery.cancel_scope.cancel()

    async def _take(self) -> _Call:
        if self._current is None:
            self._current = await self._waiting.receive()
        return self._current

    def _finish(self, failure: CompileError | None = None) -> None:
        call, self._current = self._current, None
        if call is not None:
            call.failure = failure
            call.answered.set()

    def _folder(self) -> tuple[int, int] | None:
        """The folder of scripts as it is now: the child reads no other that takes its place."""
        try:
            status = self.scripts.stat() if self.scripts is not None else None
        except OSError:
            return None
        return status and (status.st_dev, status.st_ino)

    async def _serve(
        self, child: Child, lines: "_Lines", printed: "_Lines", folder: tuple[int, int] | None
    ) -> bool:
        """Let the child answer one request; returns True if it can take another."""
        call = await self._take()
        if child.returncode is not None or await trio.to_thread.run_sync(self._folder) != folder:
            return False  # the request goes to its successor
        lines.start_anew()
        printed.start_anew()
        with trio.CancelScope() as flooding:
            printed.when_too_much = flooding.cancel
            reason = await self._exchange(child, lines, call)
            with trio.move_on_after(0 if reason else MARGIN_SECONDS):
                await printed.ended.wait()
        if flooding.cancelled_caught:
            reason = f"prints more than {MOST_PRINTED // 1024**2} MiB"
        if reason:
            self._finish(CompileError(f"{call.request.path.name}: {reason}"))
            return False
        exhausted = call.answers[-1].exhausted
        self._finish()
        return not exhausted

    async def _exchange(self, child: Child, lines: "_Lines", call: _Call) -> str:
        """Pass a request to the child and take its answers; returns a reason to kill it, if any."""
        try:
            with trio.fail_after(self.limits.seconds * KILLED_AFTER + MARGIN_SECONDS):
                await cast("trio.abc.SendStream", child.stdin).send_all(to_line(call.request))
                while not call.answers or call.answers[-1].more:
                    answer = read_answer(await lines.next())
                    if answer.number != call.request.number:
                        return "made the compiler answer what was not asked"
                    call.answers.append(answer)
        except trio.TooSlowError:
            return f"{too_long(self.limits.seconds)}, and could not be interrupted to see where"
        except _TooMuch:
            return f"gives tasks of more than {MOST_ANSWERED // 1024**2} MiB"
        except (_Ended, trio.BrokenResourceError):
            return f"ended the compiler process ({await _manner_of_end(child)})"
        except msgspec.ValidationError as error:
            return f"gives {UNFIT}: {error}"
        except msgspec.DecodeError as error:
            return f"made the compiler answer with nonsense: {error}"
        return ""


def _log_said(answer: Answer) -> None:
    for level, text in answer.said:
        logger.log(level, "%s", text)


async def _manner_of_end(child: Child) -> str:
    with trio.move_on_after(MARGIN_SECONDS):
        status = await child.wait()
        return f"by signal {status - 128}" if status > 128 else f"with exit status {status}"
    return "it closed its output"


def _nothing() -> None:
    """The default reaction to a flood of output."""


@attrs.define(eq=False)
class _Lines:
    """The lines of a stream, limited to ``most`` bytes for one request."""

    _stream: trio.abc.ReceiveStream | None
    _most: int
    when_too_much: Callable[[], None] = _nothing
    ended: trio.Event = attrs.field(factory=trio.Event)
    """Set when all lines of the request were taken."""
    _rest: bytearray = attrs.field(factory=bytearray)
    _received: int = 0

    def start_anew(self) -> None:
        """Start counting again, for the next request."""
        self._received = 0
        self.ended = trio.Event()

    async def next(self) -> bytes:
        """The next line. Raises _Ended at the end of the stream, _TooMuch in a flood."""
        searched = 0
        while (end := self._rest.find(b"\n", searched)) < 0:
            searched = len(self._rest)
            received = await cast("trio.abc.ReceiveStream", self._stream).receive_some()
            if not received:
                raise _Ended("it ended before it was ready")
            self._received += len(received)
            if self._received > self._most:
                self.when_too_much()
                raise _TooMuch
            self._rest += received
        line = bytes(self._rest[:end])
        del self._rest[: end + 1]
        return line


async def _log_all(printed: _Lines) -> None:
    """Log what scripts print, up to the end or a flood."""
    while True:
        try:
            line = await printed.next()
        except (_Ended, _TooMuch, trio.BrokenResourceError):
            return
        text = line.removesuffix(END_OF_PRINTED).decode(errors="replace").rstrip(os.linesep)
        if text:
            logger.info("%s", text)
        if line.endswith(END_OF_PRINTED):
            printed.ended.set()
