"""Frame ranges such as `1-10, 15, -5..-1, 20-30x5` (reference job-types §3).

A range is held as runs of consecutive frames, so that its cost does not grow with their lengths.
"""

import math
import re
from collections.abc import Iterable, Iterator
from itertools import islice

import attrs

_PART = re.compile(
    r"\s*(-?[0-9]{1,9})\s*(?:(?:-|\.\.)\s*(-?[0-9]{1,9})\s*(?:x\s*([0-9]{1,9})\s*)?)?", re.ASCII
)
"""First, last and step."""

MOST_CHUNKS = 1_000_000
"""Maximum number of chunks, and of frames in a range's parts with steps: more than any job has."""

PARTS_COUNTED = 1000
"""Number of parts of a range that are looked at when it must not take long."""

Run = tuple[int, int]
"""First and last of consecutive frames."""

MOST_FRAME = 1_048_574
"""Blender's limit of frame numbers, either way."""


@attrs.define
class FrameRangeError(ValueError):
    """A text that is not a frame range."""

    text: str
    part: str
    is_backwards: bool = False
    is_too_long: bool = False

    def __str__(self) -> str:
        where = f" in {self.text!r}" if self.part != self.text else ""
        if self.is_backwards:
            return f"{self.part!r}{where} counts backwards, expected a range such as 1-10"
        if self.is_too_long:
            return f"{self.part!r}{where} has more than {MOST_CHUNKS} frames"
        return f"expected frames such as 1-10, 15 or 20..30, not {self.part!r}{where}"


def frame_runs(frames: str) -> list[Run]:
    """The runs of consecutive frames of a range, in order, each frame once.

    Raises FrameRangeError, for a part that ends before it begins too.
    """
    runs: list[Run] = []
    for first, last in sorted(_parts(frames)):
        if runs and first <= runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], max(last, runs[-1][1]))
        else:
            runs.append((first, last))
    return runs


def _parts(frames: str) -> Iterator[Run]:
    for first, last, step in _stepped(frames):
        if step == 1:
            yield first, last
        else:
            yield from ((frame, frame) for frame in range(first, last + 1, step))


def _stepped(frames: str) -> Iterator[tuple[int, int, int]]:
    """First, last and step of each part."""
    single = 0
    for part in frames.split(","):
        match = _PART.fullmatch(part)
        if match is None or (match[3] and not int(match[3])):
            raise FrameRangeError(frames, part)
        first, last, step = int(match[1]), int(match[2] or match[1]), int(match[3] or 1)
        if last < first:
            raise FrameRangeError(frames, part, is_backwards=True)
        alone = 0 if step == 1 else (last - first) // step + 1
        single += alone
        if single > MOST_CHUNKS:
            whose = part if alone > MOST_CHUNKS else frames
            raise FrameRangeError(frames, whose, is_too_long=True)
        yield first, last, step


def most_runs(frames: str) -> int:
    """Maximum number of runs of a range, without making them. Raises FrameRangeError."""
    parts = _stepped(frames)
    return sum(1 if step == 1 else (last - first) // step + 1 for first, last, step in parts)


def least_count(frames: str) -> int:
    """Number of frames that a range has at least, by its first parts, without making them.

    It is the exact number if these are all, and no two of them overlap. Raises FrameRangeError.
    """
    counts, apart, reached = list[int](), 0, -math.inf
    for first, last, step in sorted(islice(_stepped(frames), PARTS_COUNTED)):
        counts.append((last - first) // step + 1)
        if first > reached:
            apart, reached = apart + counts[-1], last
    return max(apart, *counts)


def frame_limits(frames: str) -> tuple[int, int]:
    """First and last frame of a range, without making the others. Raises FrameRangeError."""
    parts = list(_stepped(frames))
    lasts = (last - (last - first) % step for first, last, step in parts)
    return min(first for first, _, _ in parts), max(lasts)


def frame_count(frames: str) -> int:
    """Number of frames in a range. Raises FrameRangeError."""
    return sum(last - first + 1 for first, last in frame_runs(frames))


def frame_numbers(frames: str) -> Iterator[int]:
    """The frames of a range, in order. Raises FrameRangeError."""
    for first, last in frame_runs(frames):
        yield from range(first, last + 1)


def frame_chunker(frames: str, size: int) -> list[str]:
    """The range cut into chunks of ``size`` frames, each a frame range; the last may be smaller.

    Within a chunk, three or more consecutive frames are written `A-B`, two `A,B`. Raises
    FrameRangeError, and ValueError when ``size`` is less than 1, or there are more than
    `MOST_CHUNKS`.
    """
    if size < 1:
        raise ValueError(f"expected chunks of at least 1 frame, not {size}")
    count = frame_count(frames)
    if count > MOST_CHUNKS * size:
        raise ValueError(
            f"expected at most {MOST_CHUNKS} chunks, got {count} frames in chunks of {size}"
        )
    return [written(chunk) for chunk in _cut(frame_runs(frames), size)]


def written(runs: Iterable[Run]) -> str:
    """The frame range of these runs: `A-B`, of two frames `A,B`."""
    return ",".join(_written(runs))


def _cut(runs: Iterable[Run], size: int) -> Iterator[list[Run]]:
    chunk: list[Run] = []
    room = size
    for begin, last in runs:
        first = begin
        while first <= last:
            end = min(last, first + room - 1)
            chunk.append((first, end))
            room -= end - first + 1
            first = end + 1
            if room == 0:
                yield chunk
                chunk, room = [], size
    if chunk:
        yield chunk


def _written(chunk: Iterable[Run]) -> Iterator[str]:
    for first, last in chunk:
        if last - first >= 2:
            yield f"{first}-{last}"
        else:
            yield from map(str, range(first, last + 1))
