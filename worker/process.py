"""Runs a program for a command: the one way for all commands."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import trio

from flamenco.launcher import Child, open_child
from worker.command import CannotRun, CommandFailed, Task
from worker.lines import LineSplitter


def without_our_python(environment: Mapping[str, str], prefix: str) -> dict[str, str]:
    """An environment in which the virtual environment at ``prefix`` isn't active.

    Debian's Blender takes the first `python3` on the PATH for its own, and would find our package
    `flamenco` there in place of the add-on of that name.
    """
    folders = environment.get("PATH", "").split(os.pathsep)
    path = os.pathsep.join(each for each in folders if not Path(each).is_relative_to(prefix))
    others = {name: value for name, value in environment.items() if name != "VIRTUAL_ENV"}
    return {**others, "PATH": path}


def program_environment() -> dict[str, str]:
    """The environment of the programs that this Worker starts."""
    in_virtual_environment = sys.prefix != sys.base_prefix
    return without_our_python(os.environ, sys.prefix) if in_virtual_environment else {**os.environ}


async def run_program(
    task: Task,
    command: Sequence[str],
    *,
    missing: str = "",
    on_line: Callable[[str], None] = lambda line: None,
) -> None:
    """Run a program to its end; its output, stderr merged in, goes to the task's log.

    On cancellation its process group ends with it. ``on_line`` sees each line of the output.
    Raises `CannotRun` if it cannot be started (``missing`` says what to do then), and
    `CommandFailed` if it ends with another status than 0.
    """
    task.log(f"going to run: {shlex.join(command)}")
    try:
        async with open_child(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=program_environment(),
        ) as child:
            task.usage.started(child)
            await adjust_oom_score(child.pid, task)
            await _copy_output(child, task, on_line)
            status = await child.wait()
    except FileNotFoundError:
        raise CannotRun(f"{command[0]!r} is not on this machine. {missing}".strip()) from None
    except PermissionError:
        raise CannotRun(f"{command[0]!r} may not be run by this Worker") from None
    finally:
        task.usage.ended()
    if status != 0:
        raise CommandFailed(f"command exited abnormally with code {status}")


async def _copy_output(child: Child, task: Task, on_line: Callable[[str], None]) -> None:
    assert child.stdout is not None  # noqa: S101 - it was asked for
    lines = LineSplitter()
    prefix = f"pid={child.pid} > "

    def hand_on(found: list[str]) -> None:
        for line in found:
            task.log(prefix + line)
            on_line(line)

    async for data in child.stdout:
        hand_on(lines.feed(bytes(data)))
    hand_on(lines.finish())


async def adjust_oom_score(pid: int, task: Task) -> None:
    """Set the out-of-memory score where it is asked for; a refusal is only logged."""
    if task.oom_score_adjust is None or sys.platform != "linux":
        return
    path = trio.Path(f"/proc/{pid}/oom_score_adj")
    try:
        await path.write_text(str(task.oom_score_adjust))
    except OSError as error:
        task.log(f"cannot set the out-of-memory score: {error.strerror}")
