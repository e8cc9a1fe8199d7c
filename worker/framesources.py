"""Ways in which FFmpeg gets the frames of a video."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path
from typing import IO

import attrs
import trio

from flamenco.launcher import open_child
from worker.command import CommandFailed, Task
from worker.process import adjust
from worker.showing import LACKS

INDEX_NAME = "ffmpeg-file-index.txt"
CLEAN_UP_SECONDS = 5.0
PROGRAM = (sys.executable, "-P", "-m", "worker.showing")


@attrs.frozen
class Source:
    """The frames as FFmpeg finds them."""

    arguments: list[str]
    stdin: int | IO[bytes] = subprocess.DEVNULL


class NothingToShow(Exception):
    """None of the frames can be read; the text says why, in a sentence."""


Frames = Sequence[Path | None]
"""The files of the frames; None for a frame without."""


@asynccontextmanager
async def shown_source(frames: Frames, rate: str, task: Task) -> AsyncIterator[Source]:
    """The frames as a program of ours decodes them, through a pipe.

    Raises `NothingToShow`, and `CommandFailed` if that program gives up.
    """
    reading, writing = os.pipe()
    with (
        os.fdopen(reading, "rb") as pictures,
        os.fdopen(writing, "wb") as pipe,
        tempfile.TemporaryFile() as asked,
        tempfile.TemporaryFile() as told,
    ):
        await trio.to_thread.run_sync(_write_down, frames, asked)
        async with open_child(PROGRAM, stdin=asked, stdout=pipe, stderr=told) as child:
            await adjust(child.pid, task)
            pipe.close()  # FFmpeg waits for its end
            try:
                yield Source(["-f", "image2pipe", "-c:v", "ppm", "-r", rate, "-i", "-"], pictures)
            except CommandFailed:
                lacking = await trio.to_thread.run_sync(_lacking, told)
                if len(lacking) == len([*filter(None, frames)]):
                    raise NothingToShow(lacking[0]) from None
                raise
            pictures.close()  # FFmpeg may have ended before the frames did
            status = await child.wait()
        if status:
            raise CommandFailed(f"the program that decodes the frames gave up with status {status}")
        lacking = await trio.to_thread.run_sync(_lacking, told)
    for each in lacking:
        task.log(f"No picture of {each}")
    if lacking:
        how_many = f"{len(lacking)}, such as {lacking[0]}"
        task.warn(f"frames that are black in the video, since they can't be read: {how_many}")


def _write_down(frames: Frames, file: IO[bytes]) -> None:
    file.write(b"\0".join(b"" if each is None else os.fsencode(each) for each in frames))
    file.seek(0)


def _lacking(file: IO[bytes]) -> list[str]:
    """Names of frames that can't be read, and why; among them may be what libraries say."""
    file.seek(0)
    lines = file.read().decode(errors="replace").splitlines()
    return [line.removeprefix(LACKS) for line in lines if line.startswith(LACKS)]


@asynccontextmanager
async def linked_source(frames: Frames, rate: str, task: Task) -> AsyncIterator[Source]:
    """The frames for FFmpeg to decode, as links with numbers in a row in a folder of their own.

    Their own names could be patterns to FFmpeg.
    """
    files = [*filter(None, frames)]
    folder = await trio.to_thread.run_sync(link, files)
    try:
        yield Source(["-r", rate, "-i", str(folder / f"%09d{files[0].suffix}")])
    finally:
        with trio.move_on_after(CLEAN_UP_SECONDS, shield=True):
            await trio.to_thread.run_sync(shutil.rmtree, folder, True)  # noqa: FBT003


def link(files: list[Path]) -> Path:
    """A new folder with a link to each file. Blocks."""
    folder = Path(tempfile.mkdtemp(prefix="flamenco-video-"))
    for number, file in enumerate(files):
        (folder / f"{number:09}{files[0].suffix}").symlink_to(file.absolute())
    return folder


@asynccontextmanager
async def indexed_source(frames: Frames, rate: str, task: Task) -> AsyncIterator[Source]:
    """The frames for FFmpeg to decode, by a list in a file.

    For Windows, where links are not for everybody.
    """
    files = [*filter(None, frames)]
    index = trio.Path(files[0].parent / INDEX_NAME)
    await index.write_text(index_text(files, rate), encoding="utf-8")
    try:
        yield Source(["-f", "concat", "-safe", "0", "-i", str(index)])
    finally:
        with trio.move_on_after(CLEAN_UP_SECONDS, shield=True):
            await index.unlink(missing_ok=True)


def index_text(files: list[Path], rate: str) -> str:
    """The list for FFmpeg's concat demuxer; each frame is shown for 1/rate seconds."""
    seconds = float(1 / Fraction(rate))
    lines = []
    for file in files:
        quoted = file.absolute().as_posix().replace("'", r"'\''")
        lines += [f"file '{quoted}'", f"duration {seconds:.10f}"]
    return "\n".join(lines) + "\n"
