"""Videos of pictures: files that are kept for a while, and the program that makes them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import attrs
import msgspec
import trio

from flamenco.disks import make_below
from flamenco.launcher import open_child
from flamenco.pictures.filming import Film, Told

PROGRAM = (sys.executable, "-P", "-m", "flamenco.pictures.filming")
FOLDER = "videos"
MOST_BYTES = 2 * 2**30
"""Bytes that videos and their parts take; beyond, those go that nobody has needed the longest."""
SECONDS = 1800.0
"""Maximum seconds for making one."""


class NoVideo(Exception):
    """A video can't be made; the text says why, in a sentence."""


@attrs.frozen
class VideoFiles:
    """The videos below the Manager's local storage ``root``."""

    root: Path
    most: int = MOST_BYTES

    @property
    def _folder(self) -> Path:
        return self.root / FOLDER

    def path(self, job_id: str, name: str, kind: str) -> Path:
        """The file of a video."""
        return self._folder / f"{job_id}-{name}.{kind}"

    def parts(self, job_id: str) -> str:
        """Beginning of the paths of the parts of a job's videos."""
        return str(self._folder / f"{job_id}-")

    def find(self, path: Path) -> bool:
        """True if a video is there; it is then kept for longer. Blocks."""
        try:
            os.utime(path)
        except OSError:
            return False
        return True

    def begin(self) -> None:
        """Remove what is unfinished. Blocks; raises OSError."""
        for each in self._folder.glob("*~"):
            discard(each)

    def make_room(self, job_id: str, newest: Path) -> None:
        """Remove the job's older videos, and of all others the oldest beyond. Blocks."""
        for each in self._folder.glob(f"{job_id}-*{newest.suffix}"):
            if each != newest:
                each.unlink(missing_ok=True)
        found = [
            (each.stat(), each) for each in self._folder.iterdir() if not each.name.endswith("~")
        ]
        taken = sum(stat.st_size for stat, _ in found)
        for stat, each in sorted(found, key=lambda one: one[0].st_mtime):
            if taken > self.most and each != newest:
                each.unlink(missing_ok=True)
                taken -= stat.st_size

    def remove(self, job_id: str) -> None:
        """Remove the videos of a job, and their parts. Blocks; raises OSError."""
        for each in self._folder.glob(f"{job_id}-*"):
            each.unlink(missing_ok=True)

    def prepare(self) -> None:
        """Make their folder. Blocks; raises OSError."""
        make_below(self.root, self._folder)


def discard(unfinished: Path) -> None:
    """Remove what is left of a video that was not made, if anything is. Blocks; raises OSError."""
    if unfinished.is_dir():
        shutil.rmtree(unfinished)
    else:
        unfinished.unlink(missing_ok=True)


async def make_video(film: Film, tell: Callable[[int], object]) -> None:
    """Make a video, and ``tell`` the number of frames that are done.

    Raises `NoVideo`, and OSError if the program can't be started.
    """
    with trio.move_on_after(SECONDS):
        async with open_child(
            PROGRAM, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as child:
            assert child.stdin is not None  # noqa: S101 - asked for above
            assert child.stdout is not None  # noqa: S101
            await child.stdin.send_all(msgspec.json.encode(film) + b"\n")
            rest = b""
            async for data in child.stdout:
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    told = msgspec.json.decode(line, type=Told)
                    if told.reason:
                        raise NoVideo(told.reason)
                    tell(told.done)
            status = await child.wait()
            if status:
                raise NoVideo(f"the program that makes it gave up with status {status}")
            return
    raise NoVideo(f"it was not done within {SECONDS:.0f} s")
