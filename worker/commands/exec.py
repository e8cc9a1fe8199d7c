"""Command `exec`: runs any program."""

from collections.abc import Collection
from typing import Any

import attrs

from worker.command import CannotRun, Task, argument, command
from worker.process import Surroundings, run_program


@attrs.frozen
class Exec(Surroundings):
    exe: str
    args: tuple[Any, ...] | None = None


def refusal(wanted: Exec, programs: Collection[str] | None) -> str | None:
    """Reason why this Worker does not run a program; None if it does.

    ``programs`` are named as jobs name them on this platform; None allows all.
    """
    if programs is None:
        return None
    if not programs:
        return "exec: the command is switched off on this Worker (exec in its configuration)"
    if wanted.exe not in programs:
        return f"exec: {wanted.exe!r} is not among the programs that this Worker runs (exec)"
    if wanted.env or wanted.cwd:
        return "exec: env and cwd may mean another program than this Worker's exec names"
    return None


async def run(parameters: Exec, task: Task) -> None:
    refused = refusal(parameters, task.conditions.exec)
    if refused is not None:
        raise CannotRun(refused)
    command = [parameters.exe, *map(argument, parameters.args or ())]
    await run_program(task, command, surroundings=parameters)


EXEC = command("exec", Exec, run)
