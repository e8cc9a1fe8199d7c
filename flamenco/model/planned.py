"""Frames that a task is to make, read from the parameters of its commands."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import PureWindowsPath
from typing import Any

import attrs

from flamenco.model.frames import (
    MOST_FRAME,
    FrameRangeError,
    Run,
    frame_runs,
    most_runs,
    written,
)
from flamenco.model.jobs import Command

MOST_RUNS = 10_000
"""Maximum number of runs of frames of one task; it counts as a task without frames beyond."""


def planned_frames(commands: Iterable[Command]) -> str:
    """Range of the frames that a task with these commands makes.

    Empty if it makes none, or more than `MOST_RUNS` runs of them, or if its parameters don't tell
    which: Blender's own option `-a` alone, for one, leaves that to the file.
    """
    ranges = [
        found
        for command in commands
        if (found := _READERS.get(command.name, _named)(command.parameters))
    ]
    if not ranges:
        return ""
    try:
        together = ",".join(ranges)
        return written(_within_limits(together)) if most_runs(together) <= MOST_RUNS else ""
    except FrameRangeError:
        return ""


@lru_cache(maxsize=256)
def runs_of(frames: str) -> Sequence[Run]:
    """The runs of a task's frames; of a damaged row, none: a number must not stop a job."""
    try:
        return frame_runs(frames) if frames else ()
    except FrameRangeError:
        return ()


def number_of(frames: str) -> int:
    """Number of a task's frames; 1 of one that does not tell them."""
    return sum(last - first + 1 for first, last in runs_of(frames)) or 1


def only_frame(frames: str) -> int | None:
    """The frame of a task that makes one; None if it makes several, or none."""
    runs = runs_of(frames)
    return runs[0][0] if len(runs) == 1 and runs[0][0] == runs[0][1] else None


def _within_limits(frames: str) -> Iterator[Run]:
    for first, last in frame_runs(frames):
        if first <= MOST_FRAME and last >= -MOST_FRAME:
            yield max(first, -MOST_FRAME), min(last, MOST_FRAME)


def _one(parameters: Mapping[str, Any]) -> str:
    frame = parameters.get("frame")
    return str(frame) if type(frame) is int else ""


def _none(parameters: Mapping[str, Any]) -> str:
    return ""


def _named(parameters: Mapping[str, Any]) -> str:
    """The frames that a command of a studio's own names."""
    frames = parameters.get("frames")
    return _one(parameters) or (frames if isinstance(frames, str) and _is_range(frames) else "")


def _is_range(frames: str) -> bool:
    try:
        return most_runs(frames) > 0
    except FrameRangeError:
        return False


def _of_blender(parameters: Mapping[str, Any]) -> str:
    frames = parameters.get("frames")
    if isinstance(frames, str) and frames:
        return frames
    words: list[Any] = []
    for name in ("argsBefore", "args"):
        given = parameters.get(name)
        words += given if isinstance(given, list | tuple) else ()
    return ",".join(_rendered(map(str, words)))


def _of_program(parameters: Mapping[str, Any]) -> str:
    name = PureWindowsPath(str(parameters.get("exe", ""))).stem.strip("{}").lower()
    return _of_blender(parameters) if name == "blender" else ""


@attrs.define
class _Range:
    """The range that `--render-anim` renders, as far as options told it."""

    first: str = ""
    last: str = ""
    step: str = "1"


_RANGE_OPTIONS = {
    "-s": "first",
    "--frame-start": "first",
    "-e": "last",
    "--frame-end": "last",
    "-j": "step",
    "--frame-jump": "step",
}


def _rendered(words: Iterator[str]) -> Iterator[str]:
    """Frame ranges that Blender's options name, each option counting for those behind it.

    A number with a sign is relative to the range of the file, so its range is none.
    """
    known = _Range()
    for word in words:
        if word == "--":
            return
        if word in _RANGE_OPTIONS:
            setattr(known, _RANGE_OPTIONS[word], _absolute(next(words, "")))
        elif word in ("-a", "--render-anim"):
            yield f"{known.first}-{known.last}x{known.step}"
        elif word in ("-f", "--render-frame"):
            yield ",".join(map(_absolute, next(words, "").split(",")))


def _absolute(number: str) -> str:
    return "relative" if number.strip().startswith(("-", "+")) else number


_READERS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "blender-render": _of_blender,
    "exec": _of_program,
    "test-frame": _one,
    "render-image-part": _one,
    "join-image-parts": _one,
    "finish-image": _one,
    **dict.fromkeys(
        (
            "echo",
            "sleep",
            "frames-to-video",
            "make-directory",
            "move-directory",
            "copy-file",
            "remove-files",
        ),
        _none,
    ),
}
"""{command: function from its parameters to the range of frames that it makes}."""
