"""Meaning of lines of Blender's output (reference job-types §5).

A message is at the start of a line, in some versions after a space, or, in the log of Blender 5,
after a prefix ending in ``render   | ``.
"""

import re

import attrs

from flamenco.protocol import Failure, FailureKind

_START = r"(?:^|render\s+\|) ?"
_SAVED = re.compile(_START + r"Saved: '(.*)'")
_STEP = re.compile(_START + r"(?:Time: [\d:.]+|[sS]kipping existing frame)")
_FRAME = re.compile(_START + r"Fra: ?(-?\d+)(?: Mem:[\d.]+[KMGT]?(?: \(Peak ([\d.]+)([KMGT])\)))?")
_PEAK = re.compile(r"\| Mem: ?[\d.]+[KMGT], Peak: ?([\d.]+)([KMGT])\b")
"""The only memory that Blender 5 tells. In earlier versions this is the render device's."""
_SAMPLE = re.compile(r"(?:Sample (\d+) ?/ ?(\d+)|Rendering (\d+) ?/ ?(\d+) samples)\s*$")
_NO_ENGINE = re.compile(r"Engine '(.+?)' not available for scene '(.+?)'")

_UNITS = {"K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}

_KNOWN = (
    (
        re.compile(r"(?:Cannot read file|Unable to open|cannot open file) ['\"](.+?)['\"]"),
        FailureKind.MISSING_FILE,
        "cannot read {}",
    ),
    (
        re.compile(
            r"(?i)\bout of (?:GPU|video|device) memory\b|out of memory in (?:cu|hip)\w+"
            r"|Unable to allocate \w+ buffer"
        ),
        FailureKind.GPU_OUT_OF_MEMORY,
        "the GPU is out of memory",
    ),
    (
        re.compile(r"(?i)\bout of memory\b|Malloc returns null|std::bad_alloc"),
        FailureKind.OUT_OF_MEMORY,
        "out of memory",
    ),
    (
        re.compile(r"(?i)no space left on device|disk quota exceeded"),
        FailureKind.DISK_FULL,
        "the disk is full",
    ),
    (
        re.compile(r"(?i)Render error \((.+?)\) cannot save|Write error: cannot save (.+)"),
        FailureKind.CANNOT_SAVE,
        "cannot save a frame: {}",
    ),
    (
        re.compile(r"(?i)(?:CUDA|HIP|OptiX|Metal|oneAPI) error.*|.*device[ _]lost.*"),
        FailureKind.GPU_LOST,
        "the GPU failed: {}",
    ),
    (
        re.compile(r"Build without OpenImageDenoiser"),
        FailureKind.MISSING_PLUGIN,
        "this Blender is built without OpenImageDenoise",
    ),
    (
        re.compile(r"engine not found '(.+?)'"),
        FailureKind.MISSING_PLUGIN,
        "this Blender has no render engine {}",
    ),
)
"""Known problems, by Blender's words for them; the first that matches counts."""

_OWN = re.compile(r"^flamenco: ([a-z-]+): (.+)")
"""The line of a script of `worker.in_blender` that cannot go on."""

_HINTS = re.compile(
    "(?i)flamenco:|cannot|unable|memory|null|bad_alloc|no space|quota|error|device.lost|not found"
)
"""A quick test for all of them, so that few lines need a closer look."""


@attrs.frozen
class Saved:
    """A file was written."""

    path: str


@attrs.frozen
class Step:
    """A frame is done, or already existed."""


@attrs.frozen
class Rendering:
    """Progress of a frame."""

    frame: int
    sample: int | None = None
    samples: int | None = None
    peak_memory: int | None = None
    """Peak memory of Blender so far in bytes, by its own account."""

    def __str__(self) -> str:
        samples = "" if self.samples is None else f", sample {self.sample}/{self.samples}"
        return f"Rendering frame {self.frame}{samples}"


@attrs.frozen
class NoEngine:
    """The file's render engine is missing; Blender uses another one instead."""

    engine: str
    scene: str


def parse(line: str) -> Saved | Step | Rendering | NoEngine | None:
    """The progress in a line; None for most lines."""
    if match := _FRAME.search(line):
        return _rendering(match, line)
    if match := _SAVED.search(line):
        return Saved(match[1])
    if _STEP.search(line):
        return Step()
    match = _NO_ENGINE.search(line)
    return NoEngine(match[1], match[2]) if match else None


def _rendering(match: re.Match[str], line: str) -> Rendering:
    told = (
        match.group(2, 3) if match[2] else found.groups() if (found := _PEAK.search(line)) else ()
    )
    peak = int(float(told[0]) * _UNITS[told[1]]) if told else None
    found = _SAMPLE.search(line)
    if found is None:
        return Rendering(int(match[1]), peak_memory=peak)
    sample, samples = (int(text) for text in found.groups() if text)
    return Rendering(int(match[1]), sample, samples, peak)


def trouble(line: str) -> Failure | None:
    """A known reason for a failure in a line, in a few words; None for most lines."""
    if not _HINTS.search(line):
        return None
    if match := _OWN.search(line):
        return Failure(match[1], match[2])
    for pattern, kind, words in _KNOWN:
        if match := pattern.search(line):
            return Failure(kind, words.format(match[match.lastindex or 0].strip()))
    return None
