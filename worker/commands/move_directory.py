"""Command `move-directory`: moves a folder, after renaming one that is in its place."""

from datetime import UTC, datetime
from pathlib import Path

import attrs
import trio

from worker.command import CommandFailed, Task, command


@attrs.frozen
class MoveDirectory:
    src: str
    dest: str


async def run(parameters: MoveDirectory, task: Task) -> None:
    source, target = Path(parameters.src), Path(parameters.dest)
    for line in await trio.to_thread.run_sync(move, source, target):
        task.log(f"move-directory: {line}")


def move(source: Path, target: Path) -> list[str]:
    """Move it; returns a line for each rename. Raises `CommandFailed`."""
    if not source.exists():
        raise CommandFailed(f"move-directory: source path {source} does not exist")
    done = []
    if target.exists():
        aside = free_name(target)
        target.rename(aside)
        done.append(f"{target} existed, it is now {aside}")
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)
    return [*done, f"{source} is now {target}"]


def free_name(path: Path) -> Path:
    """A name beside ``path`` with the time of its last change, numbered if that is taken."""
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC).astimezone()
    stamped = path.with_name(f"{path.name}-{changed:%Y-%m-%d_%H%M%S}")
    name, number = stamped, 0
    while name.exists():
        number += 1
        name = stamped.with_name(f"{stamped.name}-{number:03}")
    return name


MOVE_DIRECTORY = command("move-directory", MoveDirectory, run)
