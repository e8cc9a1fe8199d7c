"""Remains of programs: frames that exist or are still to come, and unfinished ones."""

import contextlib
import math
import shutil
from collections.abc import Iterable
from pathlib import Path

import trio

from flamenco.model.reasons import FailureKind
from flamenco.protocol import Failure
from worker.blender_output import Frame, RenderedFile
from worker.command import CommandFailed

PLACE = ".flamenco"
"""Name of the folder that tasks share beside their frames; each has one of its own in there."""
KEPT_SECONDS = 14 * 86400
"""Time after which a task that has not gone on counts as given up."""
LOOK_SECONDS = 0.25
TIDY_SECONDS = 5.0
SAME_TIME_SECONDS = 2.0
"""Some shares round times to these."""


async def await_files(frames: Iterable[Frame], patience: float) -> None:
    """Wait until the files of frames are there as they were saved, which slow shares delay.

    Raises `CommandFailed` if one is not after ``patience`` seconds.
    """
    files = [file for frame in frames for file in frame.files]
    with trio.move_on_after(patience):
        while True:
            files = await trio.to_thread.run_sync(_absent, files, abandon_on_cancel=True)
            if not files:
                return
            await trio.sleep(LOOK_SECONDS)
    problem = f"{files[0].path} is not there, {patience:g} s after Blender has saved it"
    raise CommandFailed(problem, Failure(FailureKind.MISSING_FRAMES, files[0].path))


def _absent(files: list[RenderedFile]) -> list[RenderedFile]:
    return [file for file in files if not _is_there(file)]


def _is_there(file: RenderedFile) -> bool:
    try:
        found = Path(file.path).stat()
    except OSError:
        return False
    is_new = abs(found.st_mtime - file.changed) <= SAME_TIME_SECONDS
    return found.st_size == file.size > 0 and is_new


async def tidy(folder: str, *, completed: bool) -> None:
    """Remove the folder of unfinished frames; what is finished is remembered for the next attempt.

    Nothing is, once the task is completed, nor what tasks have left there that were given up. Not
    cancelled: it comes after that.
    """
    with trio.move_on_after(TIDY_SECONDS, shield=True):
        await trio.to_thread.run_sync(_tidy, Path(folder), completed, abandon_on_cancel=True)


def _tidy(own: Path, completed: bool) -> None:
    """Leave alone what another attempt has not finished, while the task is not completed."""
    folder, place = own.parent, own.parent.parent
    if place.name != PLACE:
        return
    now = 0.0
    with contextlib.suppress(OSError):
        now = own.stat().st_mtime  # by the file server's clock, as all times here
    shutil.rmtree(folder if completed else own, ignore_errors=True)
    with contextlib.suppress(OSError):
        for each in place.iterdir():
            if _last_change(each) < now - KEPT_SECONDS:
                shutil.rmtree(each, ignore_errors=True)
    for each in (folder, place):
        with contextlib.suppress(OSError):
            each.rmdir()


def _last_change(folder: Path) -> float:
    """Time at which a task last went on; infinite if that can't be told, as of a plain file."""
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:
        return math.inf
