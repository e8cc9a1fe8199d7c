"""Command `frames-to-video`: a video of frames, by FFmpeg (reference job-types §5)."""

import shlex
import sys
from pathlib import Path
from typing import Any

import attrs
import trio

from flamenco.model.frames import FrameRangeError, frame_count, frame_runs
from flamenco.model.reasons import FailureKind
from flamenco.pictures.ffmpeg import find_ffmpeg, rate
from flamenco.protocol import Failure
from worker.command import CommandFailed, Task, argument, command, invalid
from worker.framefiles import chosen, find_frames
from worker.framesources import (
    CLEAN_UP_SECONDS,
    Frames,
    NothingToShow,
    indexed_source,
    linked_source,
    shown_source,
)
from worker.process import Surroundings, run_program

NAME = "frames-to-video"
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
    asShown: bool = False  # noqa: N815
    """True for frames as their pictures show them, whatever their format; else FFmpeg decodes them.
    """
    sound: str = ""
    """File with the sound of the scene; empty: the video has none."""
    noSound: str = ""  # noqa: N815
    """Why the sound of the scene is left out; empty if it is not, or if there is none."""
    soundFrame: int = 0  # noqa: N815
    """Number of the frame with which that begins."""

    def command_line(self, ffmpeg: str, source: list[str], sound: list[str]) -> list[str]:
        """The words before the output."""
        return [
            ffmpeg,
            *shlex.split(self.exeArgs),
            *map(argument, self.argsBefore or ()),
            *source,
            *sound,
            *map(argument, self.args or ()),
            "-r",
            rate(self.fps),
        ]

    def sound_arguments(self, count: int) -> list[str]:
        """FFmpeg's arguments for the sound of a number of frames, silent up to its beginning."""
        first = frame_runs(self.frames)[0][0] if self.frames else self.soundFrame
        delay = round((self.soundFrame - first) / self.fps * 1000)
        late = ["-af", f"adelay={delay}:all=1"] if delay > 0 else []
        return ["-i", self.sound, *late, "-c:a", "aac", "-b:a", "192k", "-t", f"{count / self.fps}"]


async def run(parameters: FramesToVideo, task: Task) -> None:
    if parameters.fps <= 0:
        raise invalid(NAME, "fps", parameters.fps, "Expected more than 0")
    try:
        frame_count(parameters.frames or "1")
    except FrameRangeError as error:
        raise invalid(NAME, "frames", parameters.frames, str(error)) from None
    frames = await trio.to_thread.run_sync(frames_of, parameters)
    if not any(frames):
        problem = f"no frames match {parameters.inputGlob}"
        reason = Failure(FailureKind.MISSING_FILE, problem)
        raise CommandFailed(f"{NAME}: {problem}", reason)
    if missing := frames.count(None):
        black = "frames that are black in the video, since they are missing: {} of {}"
        sentence = black if parameters.asShown else "the video lacks {} frames of {}"
        task.warn(sentence.format(missing, parameters.frames))
    try:
        await make(parameters, task, frames)
    except NothingToShow as error:
        task.warn(f"there is no video, since no frame can be read: {error}")


def frames_of(parameters: FramesToVideo) -> Frames:
    """The files of the frames, in order. Blocks."""
    found = find_frames(parameters.inputGlob)
    if parameters.frames:
        return chosen(found, parameters.framePath, parameters.frames)
    return found


async def make(parameters: FramesToVideo, task: Task, frames: Frames) -> None:
    """Make the video, whole or not at all. Raises `CommandFailed` and `NothingToShow`."""
    ffmpeg = await trio.to_thread.run_sync(find_ffmpeg, parameters.exe)
    output = trio.Path(parameters.outputFile)
    unfinished = output.with_name(f".{output.stem}.unfinished{output.suffix}")
    by_ffmpeg = indexed_source if sys.platform == "win32" else linked_source
    source = shown_source if parameters.asShown else by_ffmpeg
    sound = await sound_of(parameters, task, frames)
    try:
        async with source(frames, rate(parameters.fps), task) as given:
            line = [*parameters.command_line(ffmpeg, given.arguments, sound), str(unfinished)]
            await run_program(
                task, line, missing=MISSING, surroundings=parameters, stdin=given.stdin
            )
        await unfinished.replace(output)
    finally:
        with trio.move_on_after(CLEAN_UP_SECONDS, shield=True):
            await unfinished.unlink(missing_ok=True)


async def sound_of(parameters: FramesToVideo, task: Task, frames: Frames) -> list[str]:
    """FFmpeg's arguments for the sound; none if there is none."""
    if parameters.noSound:
        task.warn(f"the video has no sound, since {parameters.noSound}")
    if not parameters.sound:
        return []
    if not await trio.Path(parameters.sound).is_file():
        task.warn(f"the video has no sound, since {Path(parameters.sound).name} is missing")
        return []
    return parameters.sound_arguments(len(frames))


FRAMES_TO_VIDEO = command(NAME, FramesToVideo, run)
