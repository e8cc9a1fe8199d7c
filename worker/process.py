"""Programs run for commands, all in the same way."""

import math
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import zip_longest
from pathlib import Path
from typing import IO

import attrs
import psutil
import trio

from flamenco.config.durations import format_duration
from flamenco.config.worker import SECRET_VARIABLE
from flamenco.launcher import Child, open_child
from flamenco.model.reasons import FailureKind
from flamenco.niceness import set_niceness
from flamenco.protocol import Failure
from worker.command import CannotRun, CommandFailed, Task
from worker.lines import LineSplitter


@attrs.frozen(kw_only=True)
class Surroundings:
    """Environment and folder of a program: parameters of every command that runs one."""

    env: dict[str, str] = attrs.field(factory=dict)
    """Environment variables that add to the Worker's own, or replace them."""
    cwd: str = ""
    """Working directory; empty: the Worker's."""


def without_our_python(environment: Mapping[str, str], prefix: str) -> dict[str, str]:
    """An environment in which the virtual environment at ``prefix`` isn't active.

    Debian's Blender uses the first `python3` on the PATH as its own, and would find our package
    `flamenco` there instead of the add-on of that name.
    """
    folders = environment.get("PATH", "").split(os.pathsep)
    path = os.pathsep.join(each for each in folders if not Path(each).is_relative_to(prefix))
    others = {name: value for name, value in environment.items() if name != "VIRTUAL_ENV"}
    return {**others, "PATH": path}


def program_environment() -> dict[str, str]:
    """The environment of the programs that this Worker starts, without the farm's secret."""
    ours = {name: value for name, value in os.environ.items() if name != SECRET_VARIABLE}
    in_virtual_environment = sys.prefix != sys.base_prefix
    return without_our_python(ours, sys.prefix) if in_virtual_environment else ours


async def run_program(
    task: Task,
    command: Sequence[str],
    *,
    missing: str = "",
    on_line: Callable[[str], None] = lambda line: None,
    surroundings: Surroundings = Surroundings(),
    stdin: int | IO[bytes] = subprocess.DEVNULL,
) -> None:
    """Run a program to its end; its output, stderr merged in, goes to the task's log.

    On cancellation its process group ends with it. ``on_line`` gets each line of the output; an
    exception from it ends the program. Raises `CannotRun` if the program cannot be started
    (``missing`` says what to do then), and `CommandFailed` if its exit status is not 0, or if it
    falls silent.
    """
    task.log(f"going to run: {shlex.join(command)}")
    try:
        async with (
            explained(command, missing, surroundings.cwd),
            open_program(command, surroundings, stdin) as child,
        ):
            task.usage.started(child)
            await adjust(child.pid, task)
            await copy_output(child, task, on_line)
            status = await child.wait()
    finally:
        task.usage.ended()
    check_status(status)


@asynccontextmanager
async def explained(command: Sequence[str], missing: str, cwd: str) -> AsyncIterator[None]:
    """Say why a program cannot be started: raises `CannotRun`."""
    try:
        yield
    except FileNotFoundError:
        if cwd and not await trio.Path(cwd).is_dir():
            raise CannotRun(
                f"the working directory {cwd!r} is not on this machine",
                Failure(FailureKind.MISSING_FILE, cwd),
            ) from None
        reason = Failure(FailureKind.MISSING_PROGRAM, command[0])
        text = f"{command[0]!r} is not on this machine. {missing}".strip()
        raise CannotRun(text, reason) from None
    except PermissionError:
        reason = Failure(FailureKind.MISSING_PROGRAM, command[0])
        raise CannotRun(f"{command[0]!r} may not be run by this Worker", reason) from None


def check_status(status: int) -> None:
    """Raise `CommandFailed` for an exit status other than 0."""
    if status != 0:
        raise CommandFailed(f"command exited abnormally with code {status}", killed(status))


def killed(status: int) -> Failure | None:
    """The reason for a status that means death by a signal."""
    try:
        name = signal.Signals(status - 128).name
    except ValueError:
        return None
    hint = ": the system does this when memory runs out" if name == "SIGKILL" else ""
    return Failure(FailureKind.KILLED, f"ended by {name}{hint}")


def open_program(
    command: Sequence[str],
    surroundings: Surroundings,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    pass_fds: Sequence[int] = (),
) -> AbstractAsyncContextManager[Child]:
    """Run a program for as long as the block runs, see `open_child`; stderr is in its output."""
    return open_child(
        command,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=surroundings.cwd or None,
        env={**program_environment(), **surroundings.env},
        pass_fds=pass_fds,
    )


async def copy_output(
    child: Child, task: Task, on_line: Callable[[str], None], *, until: str = ""
) -> bool:
    """Hand on the lines of a program until it ends, or has said the word ``until``: then True.

    The word is a line of its own, after an empty one that ends what was printed before.
    Raises `CommandFailed` if it falls silent.
    """
    assert child.stdout is not None  # noqa: S101 - it was asked for
    lines = LineSplitter()
    limit = task.conditions.silence_limit or math.inf

    def hand_on(found: list[str]) -> bool:
        for line, following in zip_longest(found, found[1:]):
            if until and line == until:
                return True
            if line or not until or following != until:
                task.log(f"pid={child.pid} > {line}")
                on_line(line)
        return False

    with trio.move_on_after(limit) as patience:
        async for data in child.stdout:
            patience.deadline = trio.current_time() + limit
            task.usage.progressed()
            if hand_on(lines.feed(bytes(data))):
                return True
    was_said = hand_on(lines.finish())
    if patience.cancelled_caught:
        reason = Failure(FailureKind.SILENT, format_duration(limit))
        raise CommandFailed(f"no output for {format_duration(limit)}, taken for hung", reason)
    return was_said


async def adjust(pid: int, task: Task) -> None:
    """Set niceness and out-of-memory score if configured; a refusal is only logged.

    Processes that the program starts from now on inherit both.
    """
    niceness, score = task.conditions.niceness, task.conditions.oom_score_adjust
    if niceness:
        try:
            await trio.to_thread.run_sync(set_niceness, pid, niceness)
        except (OSError, psutil.Error) as error:
            task.log(f"cannot set the niceness: {error}")
    if score is not None and sys.platform == "linux":
        try:
            await trio.Path(f"/proc/{pid}/oom_score_adj").write_text(str(score))
        except OSError as error:
            task.log(f"cannot set the out-of-memory score: {error.strerror}")
