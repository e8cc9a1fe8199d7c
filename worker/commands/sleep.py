"""Command `sleep`: waits."""

import attrs
import trio

from worker.command import Task, command, invalid


@attrs.frozen
class Sleep:
    duration_in_seconds: float


async def run(parameters: Sleep, task: Task) -> None:
    seconds = int(parameters.duration_in_seconds)
    if seconds < 0:
        raise invalid("sleep", "duration_in_seconds", seconds, "Expected 0 or more")
    await trio.sleep(seconds)
    task.log(f"slept {seconds}s")


SLEEP = command("sleep", Sleep, run)
