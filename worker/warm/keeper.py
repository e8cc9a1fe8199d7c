"""The keeper of the Blender that stays open: it serves a task, waits for the next one, and ends.

A Blender is asked for further frames only by a task of the same job with the same command line, on
a file that is as it was. It does nothing that a new one would not: whatever goes wrong in it, the
task is tried once in a new Blender, which alone decides what becomes of the task.
"""

import json
import math
import secrets
import shlex
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import attrs
import psutil
import trio

from flamenco import clock
from flamenco.launcher import Child
from worker.command import CommandFailed, OnLine, Task
from worker.errand import STAY, Errand
from worker.process import (
    Surroundings,
    adjust,
    check_status,
    copy_output,
    explained,
    open_program,
)

IDLE_SECONDS = 300.0
"""Seconds for which a Blender waits for the next task."""
GROWTH, SLACK = 1.5, 512 * 1024**2
"""A Blender ends that needs more than so many times the memory of its first task, and bytes."""
LEAST_AVAILABLE = 0.1
"""Share of the machine's memory that is left to others."""


@attrs.define(eq=False, kw_only=True)
class OpenBlender:
    """A Blender that runs. It ends when its scope is cancelled, or its time to wait is over."""

    key: tuple[object, ...]
    job: str
    mark: str
    """Line with which it says that it has done what it was asked for, and waits."""
    child: Child
    pipe: trio.SocketStream
    gone: trio.Event
    """Set when it has ended, and all that it started."""
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)
    first_memory: int = 0
    """Bytes that it needed after its first task."""

    async def ask(self, asked: Mapping[str, object]) -> None:
        """Ask it for further frames. Raises `CommandFailed` if it is gone."""
        self.mark = new_mark()
        self.scope.deadline = math.inf
        try:
            await self.pipe.send_all(json.dumps({**asked, "mark": self.mark}).encode() + b"\n")
        except trio.BrokenResourceError:
            raise CommandFailed("it has ended") from None

    def memory(self) -> int:
        """Memory that it uses now, in bytes; 0 if it is gone."""
        with suppress(psutil.Error):
            return int(psutil.Process(self.child.pid).memory_info().rss)
        return 0

    def has_room(self, memory: int) -> bool:
        """True if it has not grown too much, and leaves enough memory to others."""
        self.first_memory = self.first_memory or memory
        machine = psutil.virtual_memory()
        is_small = memory <= self.first_memory * GROWTH + SLACK
        return is_small and machine.available >= machine.total * LEAST_AVAILABLE

    async def end(self) -> None:
        """End it and all that it started."""
        self.scope.cancel()
        with trio.CancelScope(shield=True):
            await self.gone.wait()


def new_mark() -> str:
    """A line that nothing else prints."""
    return f"flamenco-done: {secrets.token_hex(8)}"


@attrs.define(eq=False)
class Keeper:
    """The owner of the Worker's Blenders that may stay open, of which one waits at most."""

    _nursery: trio.Nursery
    _waiting: OpenBlender | None = None

    @property
    def waiting(self) -> OpenBlender | None:
        """The Blender that waits for the next task."""
        known = self._waiting
        return None if known is None or known.gone.is_set() else known

    async def go_on(self, task: Task, errand: Errand, on_line: OnLine) -> bool:
        """Render in the Blender that has the file open; False if there is none.

        Raises `CommandFailed` if it could not; then it is gone, and a new one may do better.
        """
        known, self._waiting = self.waiting, None
        if known is None:
            return False
        if known.key != await trio.to_thread.run_sync(errand.key):
            await known.end()
            return False
        task.log(f"going on in the open Blender: {shlex.join(errand.command)}")
        await self._serve(known, task, on_line, errand.asked)
        return True

    async def begin(self, task: Task, errand: Errand, on_line: OnLine) -> None:
        """Render in a new Blender, which then stays open, or ends. Raises `CommandFailed`."""
        task.log(f"going to run: {shlex.join(errand.command)}")
        key = await trio.to_thread.run_sync(errand.key)
        async with explained(errand.command, errand.missing, errand.cwd):
            blender: OpenBlender = await self._nursery.start(self._hold, errand, key)
        await self._serve(blender, task, on_line)

    async def make_room(self, job: str = "") -> None:
        """End the Blender that waits, unless it is for this job."""
        known = self.waiting
        if known is not None and known.job != job:
            self._waiting = None
            await known.end()

    def dismiss(self) -> None:
        """Let the Blender that waits end, without waiting for that."""
        if self._waiting is not None:
            self._waiting.scope.cancel()

    async def _serve(
        self,
        blender: OpenBlender,
        task: Task,
        on_line: OnLine,
        asked: Mapping[str, object] | None = None,
    ) -> None:
        """Let a Blender do a task, after which it waits for the next one, or ends.

        Raises `CommandFailed` if it falls silent, or ends with a status other than 0.
        """
        stays = False
        task.usage.started(blender.child)
        try:
            if asked is None:
                await adjust(blender.child.pid, task)
            else:
                await blender.ask(asked)
            if await copy_output(blender.child, task, on_line, until=blender.mark):
                memory = blender.memory()
                task.usage.count(memory)
                task.usage.left()
                stays = blender.has_room(memory)
            else:
                check_status(await blender.child.wait())
        finally:
            if stays:
                blender.scope.deadline = trio.current_time() + IDLE_SECONDS
                self._waiting = blender
            else:
                await blender.end()
                task.usage.ended()

    async def _hold(
        self,
        errand: Errand,
        key: tuple[object, ...],
        *,
        task_status: trio.TaskStatus[OpenBlender],
    ) -> None:
        """Run a Blender until it ends or is to end."""
        ours, theirs = socket.socketpair()
        mark, began = new_mark(), clock.now().timestamp()
        stay = json.dumps({"pipe": theirs.fileno(), "mark": mark, "began": began})
        surroundings = Surroundings(env={**errand.environment(), STAY: stay}, cwd=errand.cwd)
        gone = trio.Event()
        try:
            with theirs:
                async with (
                    trio.SocketStream(trio.socket.from_stdlib_socket(ours)) as pipe,
                    open_program(errand.command, surroundings, pass_fds=[theirs.fileno()]) as child,
                ):
                    theirs.close()
                    blender = OpenBlender(
                        key=key, job=errand.job, mark=mark, child=child, pipe=pipe, gone=gone
                    )
                    task_status.started(blender)
                    with blender.scope:
                        await child.wait()
        finally:
            gone.set()


@asynccontextmanager
async def open_keeper() -> AsyncIterator[Keeper]:
    """A keeper whose Blenders end with the block."""
    async with trio.open_nursery() as nursery:
        yield Keeper(nursery)
        nursery.cancel_scope.cancel()
