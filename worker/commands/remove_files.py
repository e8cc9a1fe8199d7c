"""Command that removes files by their names, and their folder if nothing else is in it."""

import errno
from pathlib import Path

import attrs
import trio

from worker.command import CommandFailed, Task, command, invalid
from worker.commands.blender_render import check_folder

NAME = "remove-files"


@attrs.frozen(kw_only=True)
class RemoveFiles:
    files: tuple[str, ...]
    folder: str = ""
    """Folder that is removed too if it is then empty."""


async def run(parameters: RemoveFiles, task: Task) -> None:
    for path in (*parameters.files, *filter(None, [parameters.folder])):
        if not Path(path).is_absolute():
            raise invalid(NAME, "files", path, "Expected absolute paths")
    await check_folder(parameters.folder)
    task.log(f"{NAME}: {await trio.to_thread.run_sync(remove, parameters)}")


def remove(parameters: RemoveFiles) -> str:
    """Remove the files that exist; returns a summary. Raises `CommandFailed` and OSError."""
    count = 0
    for file in map(Path, parameters.files):
        trio.from_thread.check_cancelled()
        if file.is_dir():
            raise CommandFailed(f"{NAME}: {file} is a folder, expected a file")
        count += file.exists()
        file.unlink(missing_ok=True)
    return f"{count} files removed{_folder(parameters.folder)}"


def _folder(folder: str) -> str:
    if not folder:
        return ""
    try:
        Path(folder).rmdir()
    except FileNotFoundError:
        return ""
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return f"; {folder} stays, since something else is in it"
    return f", and {folder}"


REMOVE_FILES = command(NAME, RemoveFiles, run)
