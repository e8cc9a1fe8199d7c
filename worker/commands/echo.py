"""Command `echo`: writes a message to the task's log."""

from typing import Any

import attrs

from worker.command import Task, command


@attrs.frozen
class Echo:
    message: Any


async def run(parameters: Echo, task: Task) -> None:
    task.log(f'echo: "{parameters.message}"')


ECHO = command("echo", Echo, run)
