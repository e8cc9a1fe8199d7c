"""What a line of Blender's output says (reference job-types §5).

A message stands at the start of a line, with a space before it in some versions, or, as Blender 5
logs, after a prefix ending in ``render   | ``.
"""

import re

import attrs

_START = r"(?:^|render\s+\|) ?"
_SAVED = re.compile(_START + r"Saved: '(.*)'")
_STEP = re.compile(_START + r"(?:Time: [\d:.]+|[sS]kipping existing frame)")

_TROUBLES = (
    (
        re.compile(r"(?:Cannot read file|Unable to open|cannot open file) ['\"](.+?)['\"]"),
        "cannot read {}",
    ),
    (re.compile(r"(?i)\bout of (?:GPU )?memory\b"), "out of memory"),
    (re.compile(r"(?i)no space left on device"), "the disk is full"),
    (re.compile(r"(?i)Render error \((.+?)\) cannot save"), "cannot save a frame: {}"),
    (re.compile(r"(?i)(?:CUDA|HIP|OptiX|Metal|oneAPI) error.*"), "the GPU failed: {}"),
)
"""Known troubles, by what Blender writes of them."""


@attrs.frozen
class Saved:
    """A file was written."""

    path: str


@attrs.frozen
class Step:
    """A frame is done, or was there already."""


def parse(line: str) -> Saved | Step | None:
    """What a line says of the progress; None for most lines."""
    if match := _SAVED.search(line):
        return Saved(match[1])
    return Step() if _STEP.search(line) else None


def trouble(line: str) -> str | None:
    """A known reason for a failure that the line tells, in a few words."""
    for pattern, words in _TROUBLES:
        if match := pattern.search(line):
            return words.format(match[match.lastindex or 0])
    return None
