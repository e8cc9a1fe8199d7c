"""Command `copy-file`: copies the contents of one file to a new one."""

from pathlib import Path

import attrs
import trio

from worker.command import CommandFailed, Task, command, invalid

MODE = 0o750
CHUNK_BYTES = 1024 * 1024


@attrs.frozen
class CopyFile:
    src: str
    dest: str


async def run(parameters: CopyFile, task: Task) -> None:
    source, target = Path(parameters.src), Path(parameters.dest)
    for name, path in (("src", source), ("dest", target)):
        if not path.is_absolute():
            raise invalid("copy-file", name, str(path), "Expected an absolute path")
    await trio.to_thread.run_sync(copy, source, target)
    task.log(f"copy-file: {source} is copied to {target}")


def copy(source: Path, target: Path) -> None:
    """Copy in a thread; no partial file is left behind if that fails or is cancelled.

    Raises `CommandFailed` and OSError.
    """
    if not source.is_file():
        raise CommandFailed(f"copy-file: {source} is not an existing file")
    target.parent.mkdir(mode=MODE, parents=True, exist_ok=True)
    try:
        writer = target.open("xb")
    except FileExistsError:
        raise CommandFailed(f"copy-file: {target} exists already") from None
    whole = False
    try:
        with source.open("rb") as reader, writer:
            while chunk := reader.read(CHUNK_BYTES):
                trio.from_thread.check_cancelled()
                writer.write(chunk)
        whole = True
    finally:
        if not whole:
            target.unlink()


COPY_FILE = command("copy-file", CopyFile, run)
