"""Runs any program."""

from typing import Any

import attrs

from worker.command import Task, argument, command
from worker.process import run_program, surroundings


@attrs.frozen
class Exec:
    exe: str
    args: tuple[Any, ...] | None = None
    env: dict[str, str] = attrs.field(factory=dict)
    cwd: str = ""


async def run(parameters: Exec, task: Task) -> None:
    command = [parameters.exe, *map(argument, parameters.args or ())]
    await run_program(task, command, surroundings=surroundings(parameters))


EXEC = command("exec", Exec, run)
