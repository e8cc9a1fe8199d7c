"""Command `exec`: runs any program."""

from typing import Any

import attrs

from worker.command import Task, argument, command
from worker.process import Surroundings, run_program


@attrs.frozen
class Exec(Surroundings):
    exe: str
    args: tuple[Any, ...] | None = None


async def run(parameters: Exec, task: Task) -> None:
    command = [parameters.exe, *map(argument, parameters.args or ())]
    await run_program(task, command, surroundings=parameters)


EXEC = command("exec", Exec, run)
