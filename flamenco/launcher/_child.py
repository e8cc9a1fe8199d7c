"""The parent's side of the launcher: a child process as a block of Trio code."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO, TypedDict, Unpack

import attrs
import trio

LAUNCHER = Path(__file__).with_name("__main__.py")
MARGIN = 5.0
"""Seconds beyond the grace period after which a launcher is taken for stuck."""

Stream = int | IO[bytes] | None
_Children = AsyncIterator["Child"]


class _Options(TypedDict):
    stdin: Stream
    stdout: Stream
    stderr: Stream
    cwd: str | os.PathLike[str] | None
    env: dict[str, str] | None


@attrs.define(eq=False)
class Child:
    """A running command. ``pid`` is the command's own, even if it runs under a launcher."""

    process: trio.Process
    pid: int
    peak_memory: int | None = None
    """Peak memory in bytes of its largest process, set when the block is left; not on Windows."""

    @property
    def stdin(self) -> trio.abc.SendStream | None:
        return self.process.stdin

    @property
    def stdout(self) -> trio.abc.ReceiveStream | None:
        return self.process.stdout

    @property
    def stderr(self) -> trio.abc.ReceiveStream | None:
        return self.process.stderr

    @property
    def returncode(self) -> int | None:
        """The exit status, 128 + N after death by signal N; None while the command runs.

        Below 0 if the launcher was killed; the command may then take a moment to end.
        """
        return self.process.returncode

    async def wait(self) -> int:
        """Wait for the command's end and return its exit status."""
        return await self.process.wait()

    def send_signal(self, number: signal.Signals) -> None:
        """Send the command SIGINT, SIGTERM, SIGHUP, SIGUSR1 or SIGUSR2, unless it has ended."""
        self.process.send_signal(number)


@asynccontextmanager
async def open_child(
    command: Sequence[str | os.PathLike[str]],
    *,
    stdin: Stream = subprocess.DEVNULL,
    stdout: Stream = None,
    stderr: Stream = None,
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
    grace: float = 2.0,
) -> AsyncIterator[Child]:
    """Run a command for as long as the block runs.

    When the block is left or cancelled, and also when this process dies in any way, the command
    and its whole process group get SIGTERM and, ``grace`` seconds later, SIGKILL; leaving waits
    for that. ``stdin``, ``stdout`` and ``stderr`` are as for `subprocess.Popen`, and
    so is ``pass_fds``. On Windows only
    the command itself is ended, and only when the block is left.

    Raises OSError, as `subprocess.Popen` does, if the command cannot be started.
    """
    arguments = [os.fspath(argument) for argument in command]
    start = _start_plain if sys.platform == "win32" else _start_launched
    async with start(
        arguments,
        grace,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        cwd=cwd,
        env=None if env is None else dict(env),
        pass_fds=pass_fds,
    ) as child:
        yield child


@asynccontextmanager
async def _start_launched(
    arguments: list[str], grace: float, *, pass_fds: Sequence[int], **options: Unpack[_Options]
) -> _Children:
    ours, theirs = socket.socketpair()
    with trio.socket.from_stdlib_socket(ours) as lifeline:
        with theirs:
            fd = theirs.fileno()
            process = await trio.lowlevel.open_process(
                [sys.executable, "-I", "-S", str(LAUNCHER), str(fd), str(grace), *arguments],
                pass_fds=[fd, *pass_fds],
                start_new_session=True,
                **options,
            )
        words = _Words(lifeline)
        child = None
        try:
            child = Child(process, await _pid_of_started(words, arguments[0]))
            yield child
        finally:
            with suppress(OSError):
                lifeline.shutdown(socket.SHUT_WR)  # its end, to the launcher, which may still speak
            await _wait_for_end(process, child.pid if child else None, grace)
            if child is not None:
                child.peak_memory = await _peak_told(words)


@attrs.define
class _Words:
    """The launcher's lines on the lifeline."""

    lifeline: trio.socket.SocketType
    _rest: str = ""

    async def next(self) -> list[str]:
        """The words of the next line; none if the launcher has ended."""
        while "\n" not in self._rest:
            more = (await self.lifeline.recv(64)).decode()
            if not more:
                return []
            self._rest += more
        line, _, self._rest = self._rest.partition("\n")
        return line.split()


async def _pid_of_started(words: _Words, program: str) -> int:
    """The pid that the launcher reports. Raises the OSError that it reports instead."""
    match await words.next():
        case ["started", pid]:
            return int(pid)
        case ["failed", number]:
            raise OSError(int(number), os.strerror(int(number)), program)
    raise OSError(f"the launcher of {program} ended before it started the program")


async def _peak_told(words: _Words) -> int | None:
    """The peak memory from a launcher that has ended; None if it was killed before."""
    with trio.move_on_after(MARGIN, shield=True):
        match await words.next():
            case ["peak", number]:
                return int(number)
    return None


async def _wait_for_end(process: trio.Process, pid: int | None, grace: float) -> None:
    with trio.move_on_after(grace + MARGIN, shield=True):
        await process.wait()
    if process.returncode is None:
        _kill_group(process, pid)
    elif process.returncode < 0 and pid is not None:
        await _end_group(pid, grace)
    with trio.move_on_after(MARGIN, shield=True):
        await process.wait()
        await _close_streams(process)


def _kill_group(process: trio.Process, pid: int | None) -> None:
    """End a launcher that is stuck, and the group that it can no longer end."""
    if pid is not None and sys.platform != "win32":
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    process.kill()


async def _end_group(pid: int, grace: float) -> None:
    """End the group of a launcher that was killed; on Linux the command has got SIGTERM."""
    with suppress(ProcessLookupError, PermissionError):  # no process is left, as in the launcher
        with trio.move_on_after(grace, shield=True):
            while True:
                os.killpg(pid, 0)
                await trio.sleep(0.02)
        os.killpg(pid, signal.SIGKILL)


@asynccontextmanager
async def _start_plain(
    arguments: list[str], grace: float, *, pass_fds: Sequence[int], **options: Unpack[_Options]
) -> _Children:
    del pass_fds  # Windows has none
    process = await trio.lowlevel.open_process(arguments, **options)
    try:
        yield Child(process, process.pid)
    finally:
        process.terminate()
        with trio.move_on_after(grace + MARGIN, shield=True):
            await process.wait()
            await _close_streams(process)


async def _close_streams(process: trio.Process) -> None:
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            await stream.aclose()
