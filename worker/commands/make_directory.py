"""Command that makes a folder and those above it."""

import attrs
import trio

from worker.command import Task, command

MODE = 0o775


@attrs.frozen
class MakeDirectory:
    path: str


async def run(parameters: MakeDirectory, task: Task) -> None:
    await trio.Path(parameters.path).mkdir(mode=MODE, parents=True, exist_ok=True)
    task.log(f"make-directory: {parameters.path}")


MAKE_DIRECTORY = command("make-directory", MakeDirectory, run)
