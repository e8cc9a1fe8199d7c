"""Command `frames-to-video`: a video of frames, by FFmpeg (reference job-types §5)."""

import fnmatch
import glob
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import imageio_ffmpeg  # type: ignore[import-untyped]
import trio

from flamenco.model.frames import FrameRangeError, frame_count, frame_numbers
from flamenco.model.reasons import FailureKind
from flamenco.protocol import Failure
from worker.command import CommandFailed, Task, argument, command, invalid
from worker.process import Surroundings, run_program

NAME = "frames-to-video"
INDEX_NAME = "ffmpeg-file-index.txt"
CLEAN_UP_SECONDS = 5.0
CLOSE = 0.0006
"""Frames a second that a rate may be away from a known one: 23.976 is written for 24000/1001."""
_NUMBER = re.compile(r"(?:(?<![0-9A-Za-z])-)?\d+")
"""A number in a name. A minus after a letter is a dash."""
MISSING = (
    "Install FFmpeg on this Worker, or set the variable 'ffmpeg' in flamenco-manager.yaml"
    " to its path."
)


@attrs.frozen(kw_only=True)
class FramesToVideo(Surroundings):
    exe: str
    fps: float
    inputGlob: str  # noqa: N815 - names are those of the job types
    outputFile: str  # noqa: N815
    exeArgs: str = ""  # noqa: N815
    argsBefore: tuple[Any, ...] | None = None  # noqa: N815
    args: tuple[Any, ...] | None = None
    frames: str = ""
    """Frame range that the video has; empty: all frames that are there."""
    framePath: str = ""  # noqa: N815
    """Path of the frames in Blender's form, with `#` for the digits of their numbers."""

    def command_line(self, ffmpeg: str, source: list[str], output: str) -> list[str]:
        return [
            ffmpeg,
            *shlex.split(self.exeArgs),
            *map(argument, self.argsBefore or ()),
            *source,
            *map(argument, self.args or ()),
            "-r",
            rate(self.fps),
            output,
        ]


def find_ffmpeg(exe: str) -> str:
    """FFmpeg on the PATH, else the one of this installation; may take a moment."""
    if exe not in ("ffmpeg", "ffmpeg.exe") or shutil.which(exe):
        return exe
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:
        return exe


def rate(fps: float) -> str:
    """The rate as a fraction that is exact for 29.97 and its like: `30000/1001`."""
    whole = round(fps * 1.001)
    if abs(fps - whole / 1.001) < CLOSE and abs(fps - round(fps)) > CLOSE:
        return f"{whole}000/1001"
    fraction = Fraction(fps).limit_denominator(1001)
    return str(fraction if fraction else Fraction(fps).limit_denominator(10**6))


def find_frames(pattern: str) -> list[Path]:
    """The files that a pattern names, in the order of their numbers. Blocks.

    The pattern is the file's name only: its folder is taken as it is written, if it is there.
    """
    folder, name = Path(pattern).parent, Path(pattern).name
    if folder.is_dir():
        found = [each for each in folder.iterdir() if fnmatch.fnmatchcase(each.name, name)]
    else:
        found = [Path(each) for each in glob.glob(pattern)]  # noqa: PTH207 - it may be absolute
    return sorted((each for each in found if not each.name.startswith(".")), key=in_order)


def chosen(found: list[Path], frame_path: str, frames: str) -> tuple[list[Path], int]:
    """Those files that are frames of a range, and how many of its frames are missing."""
    name = re.split(r"[/\\]", frame_path)[-1]
    before, _, after = name.rpartition("#") if "#" in name else (name, "", "")
    of_frame = re.compile(f"{re.escape(before.rstrip('#'))}(-?[0-9]+){re.escape(after)}")
    wanted = set(frame_numbers(frames))
    numbered = [(int(match[1]), each) for each in found if (match := of_frame.match(each.name))]
    missing = wanted.difference(number for number, _ in numbered)
    return [each for number, each in numbered if number in wanted], len(missing)


def in_order(path: Path) -> tuple[int, str]:
    """Sort key: the last number in a name, and the name itself."""
    numbers = _NUMBER.findall(path.stem)
    return (int(numbers[-1]) if numbers else 0, path.name)


async def run(parameters: FramesToVideo, task: Task) -> None:
    if parameters.fps <= 0:
        raise invalid(NAME, "fps", parameters.fps, "Expected more than 0")
    try:
        frame_count(parameters.frames or "1")
    except FrameRangeError as error:
        raise invalid(NAME, "frames", parameters.frames, str(error)) from None
    ffmpeg = await trio.to_thread.run_sync(find_ffmpeg, parameters.exe)
    frames = await trio.to_thread.run_sync(find_frames, parameters.inputGlob)
    if parameters.frames:
        frames, missing = chosen(frames, parameters.framePath, parameters.frames)
        if missing:
            task.warn(f"the video lacks {missing} frames of {parameters.frames}")
    if not frames:
        problem = f"no frames match {parameters.inputGlob}"
        reason = Failure(FailureKind.MISSING_FILE, problem)
        raise CommandFailed(f"{NAME}: {problem}", reason)
    output = trio.Path(parameters.outputFile)
    unfinished = output.with_name(f".{output.stem}.unfinished{output.suffix}")
    source = indexed_source if sys.platform == "win32" else linked_source
    try:
        async with source(frames, parameters.fps) as arguments:
            line = parameters.command_line(ffmpeg, arguments, str(unfinished))
            await run_program(task, line, missing=MISSING, surroundings=parameters)
        await unfinished.replace(output)
    finally:
        with trio.move_on_after(CLEAN_UP_SECONDS, shield=True):
            await unfinished.unlink(missing_ok=True)


@asynccontextmanager
async def linked_source(frames: list[Path], fps: float) -> AsyncIterator[list[str]]:
    """The frames as links with numbers in a row, in a folder of their own.

    Their own names could be patterns to FFmpeg.
    """
    folder = await trio.to_thread.run_sync(link, frames)
    try:
        yield ["-r", rate(fps), "-i", str(folder / f"%09d{frames[0].suffix}")]
    finally:
        with trio.move_on_after(CLEAN_UP_SECONDS, shield=True):
            await trio.to_thread.run_sync(shutil.rmtree, folder, True)  # noqa: FBT003


def link(frames: list[Path]) -> Path:
    """A new folder with a link to each frame. Blocks."""
    folder = Path(tempfile.mkdtemp(prefix="flamenco-video-"))
    for number, frame in enumerate(frames):
        (folder / f"{number:09}{frames[0].suffix}").symlink_to(frame.absolute())
    return folder


@asynccontextmanager
async def indexed_source(frames: list[Path], fps: float) -> AsyncIterator[list[str]]:
    """The frames by a list in a file, for Windows, where links are not for everybody."""
    index = trio.Path(frames[0].parent / INDEX_NAME)
    await index.write_text(index_text(frames, fps), encoding="utf-8")
    try:
        yield ["-f", "concat", "-safe", "0", "-i", str(index)]
    finally:
        with trio.move_on_after(CLEAN_UP_SECONDS, shield=True):
            await index.unlink(missing_ok=True)


def index_text(frames: list[Path], fps: float) -> str:
    """The list for FFmpeg's concat demuxer; each frame is shown for 1/fps seconds."""
    lines = []
    for frame in frames:
        quoted = frame.absolute().as_posix().replace("'", r"'\''")
        lines += [f"file '{quoted}'", f"duration {1 / fps:.10f}"]
    return "\n".join(lines) + "\n"


FRAMES_TO_VIDEO = command(NAME, FramesToVideo, run)
