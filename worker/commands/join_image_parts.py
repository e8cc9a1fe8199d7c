"""Command `join-image-parts`: joins an image with all its passes, see `worker.imageparts`."""

import sys
import tempfile
from pathlib import Path

import attrs
import msgspec
import trio

from worker.command import Task, command, invalid
from worker.watching import Watch, run_watched

NAME = "join-image-parts"
CLEAN_UP_SECONDS = 5.0


@attrs.frozen(kw_only=True)
class JoinImageParts:
    parts: tuple[str, ...]
    output: str
    frame: int | None = None
    """Number of the frame that the image is, for its picture."""
    columns: int = 0
    """Number of tiles in a row, which come row by row from the top left; 0: not tiles."""
    samples: tuple[int, ...] = ()
    """Number of samples in each part; empty: not ranges of samples."""


async def run(parameters: JoinImageParts, task: Task) -> None:
    check(parameters)
    # a command line is too short for a thousand paths
    asked = trio.Path(await trio.to_thread.run_sync(write_down, parameters))
    try:
        program = [sys.executable, "-P", "-m", "worker.imageparts", str(asked)]
        await run_watched(Watch(task, frame=parameters.frame), program)
    finally:
        with trio.move_on_after(CLEAN_UP_SECONDS, shield=True):
            await asked.unlink(missing_ok=True)


def check(parameters: JoinImageParts) -> None:
    """Raises `CommandFailed` for parts that make no sense."""
    count, columns, samples = len(parameters.parts), parameters.columns, parameters.samples
    if not count:
        raise invalid(NAME, "parts", [], "Expected at least one file")
    if columns < 0 or (columns and count % columns):
        raise invalid(NAME, "columns", columns, f"Expected a divisor of {count}, the tiles")
    if not columns and (len(samples) != count or min(samples) < 1):
        expected = f"Expected {count} numbers from 1, one for each part, or columns of tiles"
        raise invalid(NAME, "samples", [*samples], expected)


def write_down(parameters: JoinImageParts) -> Path:
    """A file with the parameters for the child process."""
    with tempfile.NamedTemporaryFile(suffix=".json", delete=False) as file:
        file.write(msgspec.json.encode(parameters))
    return Path(file.name)


JOIN_IMAGE_PARTS = command(NAME, JoinImageParts, run)
