"""Command `frames-to-video`: a video of frames, by FFmpeg (reference job-types §5)."""

import glob
import shlex
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import imageio_ffmpeg  # type: ignore[import-untyped]
import trio

from worker.command import CommandFailed, Task, argument, command, invalid
from worker.process import Surroundings, run_program

INDEX_NAME = "ffmpeg-file-index.txt"
CLEAN_UP_SECONDS = 5.0
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

    def command_line(self, ffmpeg: str, source: list[str]) -> list[str]:
        return [
            ffmpeg,
            *shlex.split(self.exeArgs),
            *map(argument, self.argsBefore or ()),
            *source,
            *map(argument, self.args or ()),
            "-r",
            argument(self.fps),
            self.outputFile,
        ]


def find_ffmpeg(exe: str) -> str:
    """FFmpeg on the PATH, else the one of this installation; may take a moment."""
    if exe not in ("ffmpeg", "ffmpeg.exe") or shutil.which(exe):
        return exe
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:
        return exe


async def run(parameters: FramesToVideo, task: Task) -> None:
    if parameters.fps <= 0:
        raise invalid("frames-to-video", "fps", parameters.fps, "Expected more than 0")
    ffmpeg = await trio.to_thread.run_sync(find_ffmpeg, parameters.exe)
    source = indexed_source if sys.platform == "win32" else glob_source
    async with source(parameters) as arguments:
        line = parameters.command_line(ffmpeg, arguments)
        await run_program(task, line, missing=MISSING, surroundings=parameters)


@asynccontextmanager
async def glob_source(parameters: FramesToVideo) -> AsyncIterator[list[str]]:
    """FFmpeg's arguments for frames by a pattern, where it understands patterns."""
    rate = argument(parameters.fps)
    yield ["-r", rate, "-pattern_type", "glob", "-i", parameters.inputGlob]


@asynccontextmanager
async def indexed_source(parameters: FramesToVideo) -> AsyncIterator[list[str]]:
    """FFmpeg's arguments for frames by a list in a file, for Windows, where it has no patterns."""
    index = trio.Path(parameters.inputGlob).parent / INDEX_NAME
    frames = sorted(await trio.to_thread.run_sync(glob.glob, parameters.inputGlob))
    if not frames:
        raise CommandFailed(f"frames-to-video: no frames match {parameters.inputGlob}")
    await index.write_text(index_text(frames, parameters.fps), encoding="utf-8")
    try:
        yield ["-f", "concat", "-safe", "0", "-i", str(index)]
    finally:
        with trio.move_on_after(CLEAN_UP_SECONDS, shield=True):
            await index.unlink(missing_ok=True)


def index_text(frames: list[str], fps: float) -> str:
    """The list for FFmpeg's concat demuxer, which shows each frame for 1/fps seconds."""
    lines = []
    for frame in frames:
        quoted = Path(frame).absolute().as_posix().replace("'", r"'\''")
        lines += [f"file '{quoted}'", f"duration {1 / fps:.10f}"]
    return "\n".join(lines) + "\n"


FRAMES_TO_VIDEO = command("frames-to-video", FramesToVideo, run)
