"""Runs any program."""

from typing import Any

import attrs

from worker.command import Task, argument, command
from worker.process import run_program


@attrs.frozen
class Exec:
    exe: str
    args: tuple[Any, ...] | None = None


async def run(parameters: Exec, task: Task) -> None:
    await run_program(task, [parameters.exe, *map(argument, parameters.args or ())])


EXEC = command("exec", Exec, run)
