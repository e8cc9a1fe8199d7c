"""Sayings of Blender and its surroundings: what each means for the task.

Blender ends with 0 after much that makes its pictures wrong. So each saying has a severity: it
fails the task whatever the status is, it warns, or it explains a status other than 0.
"""

import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import Literal

import attrs

from flamenco.model.reasons import FailureKind
from flamenco.protocol import Failure


class Severity(Enum):
    """Consequence of a saying."""

    FAILS = auto()
    """The picture is another one, or none."""
    WARNS = auto()
    """Something is missing in the picture."""
    EXPLAINS = auto()
    """Nothing by itself; the reason, if the program fails."""


OnMissing = Literal["", "default", "warn", "fail"]
"""A job's setting for files that its file refers to and that are missing."""

_FAILS, _WARNS, _EXPLAINS = Severity.FAILS, Severity.WARNS, Severity.EXPLAINS

_OF_MISSING: Mapping[OnMissing, Mapping[str, Severity]] = {
    "warn": {FailureKind.MISSING_FILE: _WARNS, FailureKind.MISSING_LIBRARY: _WARNS},
    "fail": {FailureKind.MISSING_FILE: _FAILS, FailureKind.MISSING_LIBRARY: _FAILS},
}
_OF_MISSING_UNLESS_SAID: Mapping[str, Severity] = {
    FailureKind.MISSING_FILE: _WARNS,
    FailureKind.MISSING_LIBRARY: _FAILS,
}


@attrs.frozen
class Saying:
    """A row of the table."""

    pattern: re.Pattern[str]
    kind: FailureKind
    severity: Severity
    words: str
    """A few words for people; `{}` stands for the last group that is in the line."""


@attrs.frozen
class Told:
    """A saying that was found in a line."""

    reason: Failure
    severity: Severity


_MESSAGE = r"(?:^|\| *)(?:(?:ERROR|WARNING|INFO|FATAL) +)?(?:(?:Error|Warning|Info): )?"
"""Beginning of a message: that of its line, or what follows the prefix of a log."""


def _saying(pattern: str, kind: FailureKind, severity: Severity, words: str) -> Saying:
    """A row. What counts by itself begins a message, since a file may have any name."""
    start = "" if severity is _EXPLAINS else _MESSAGE
    return Saying(re.compile(f"{start}(?:{pattern})", re.IGNORECASE), kind, severity, words)


SAYINGS = (
    _saying(
        r"Can't find scene: '(.+?)' in file",
        FailureKind.MISSING_SCENE,
        _FAILS,
        "the file has no scene {!r}",
    ),
    _saying(
        r"cannot render, no camera|no camera found in scene",
        FailureKind.NO_CAMERA,
        _FAILS,
        "the scene has no camera",
    ),
    _saying(
        r"Unrecognized file format '(.+?)'",
        FailureKind.MISSING_LIBRARY,
        _FAILS,
        "the library {} is no .blend file; if it is a pointer of Git LFS, run 'git lfs pull'",
    ),
    _saying(
        r"(?:Cannot find lib|Unable to find library) '(.+?)'",
        FailureKind.MISSING_LIBRARY,
        _FAILS,
        "missing library {}",
    ),
    _saying(
        r"Image file '?(.+?)'? does not exist",
        FailureKind.MISSING_FILE,
        _WARNS,
        "missing file {}",
    ),
    _saying(
        r"File written by newer Blender binary",
        FailureKind.NEWER_FILE,
        _WARNS,
        "the file was saved by a newer Blender than this Worker's",
    ),
    _saying(
        r"File format is not supported in file ['\"](.+?)['\"]"
        r"|(?:Loading .+ failed: )?Failed to read (?:blend )?file ['\"](.+?)['\"]",
        FailureKind.UNREADABLE_FILE,
        _FAILS,
        "Blender cannot read {}",
    ),
    _saying(
        r"(?:Cannot read file|Unable to open|cannot open file) ['\"](.+?)['\"]",
        FailureKind.MISSING_FILE,
        _EXPLAINS,
        "cannot read {}",
    ),
    _saying(
        r"(?:System is |(?:CUDA|HIP) error: )?out of (?:GPU|video|device) memory\b"
        r"|(?:(?:CUDA|HIP) error: )?out of memory in (?:cu|hip)\w+|Unable to allocate \w+ buffer",
        FailureKind.GPU_OUT_OF_MEMORY,
        _FAILS,
        "the GPU is out of memory",
    ),
    _saying(
        r"\bout of memory\b|Malloc returns null|std::bad_alloc",
        FailureKind.OUT_OF_MEMORY,
        _EXPLAINS,
        "out of memory",
    ),
    _saying(
        r"no space left on device|disk quota exceeded",
        FailureKind.DISK_FULL,
        _EXPLAINS,
        "the disk is full",
    ),
    _saying(
        r"Render error \((.+?)\) cannot save|Write error: cannot save (.+)",
        FailureKind.CANNOT_SAVE,
        _FAILS,
        "cannot save a frame: {}",
    ),
    _saying(
        r"((?:CUDA|HIP|OptiX|Metal|oneAPI) error.*|(?:GPU )?device lost.*"
        r"|[^|]*VK_ERROR_DEVICE_LOST.*)",
        FailureKind.GPU_LOST,
        _FAILS,
        "the GPU failed: {}",
    ),
    _saying(
        r"unable to open a display|can(?:no|')t open display",
        FailureKind.NO_DISPLAY,
        _FAILS,
        "the render engine needs a display, and this Worker has none",
    ),
    _saying(
        r"error while loading shared libraries: (.+?):|Library not loaded: (.+)",
        FailureKind.SYSTEM_LIBRARY,
        _EXPLAINS,
        "the shared library {} is not on this Worker's system",
    ),
    _saying(
        r"Build without OpenImageDenoiser",
        FailureKind.MISSING_PLUGIN,
        _FAILS,
        "this Blender is built without OpenImageDenoise",
    ),
    _saying(
        r"engine not found '(.+?)'",
        FailureKind.MISSING_PLUGIN,
        _FAILS,
        "this Blender has no render engine {}",
    ),
    _saying(
        r"Format from '-F / --render-format' not known",
        FailureKind.MISSING_PLUGIN,
        _FAILS,
        "this Blender cannot write the format that is asked for",
    ),
    _saying(
        r"Error: script failed, (?:expr|file): '(?!.*\bin_blender\b)(.*)', exiting",
        FailureKind.SCRIPT_ERROR,
        _EXPLAINS,
        "the script {} failed",
    ),
    _saying(
        r"Error in PyDriver: (.+)",
        FailureKind.SCRIPT_ERROR,
        _WARNS,
        "a driver failed: {}",
    ),
)
"""All of them; the first that fits a line counts."""

_OWN = re.compile(r"flamenco(-warning)?: ([a-z-]+): (.+)")
"""A problem that a script of `worker.in_blender` reports, wherever in a line."""

_HINTS = re.compile(
    "(?i)flamenco|can(?:no|')t|unable|memory|null|bad_alloc|no space|quota|error|device.lost"
    "|not found|not exist|camera|newer|failed|not loaded|not supported|not known|unrecognized"
)
"""A quick test for all of them, so that few lines need a closer look."""


def told(line: str, on_missing: OnMissing = "") -> Told | None:
    """The problem in a line; None for most lines."""
    if not _HINTS.search(line):
        return None
    if match := _OWN.search(line):
        severity = _severity(match[2], _WARNS if match[1] else _EXPLAINS, on_missing)
        return Told(Failure(match[2], match[3]), severity)
    for each in SAYINGS:
        if match := each.pattern.search(line):
            detail = each.words.format(match[match.lastindex or 0].strip())
            severity = _severity(each.kind, each.severity, on_missing)
            return Told(Failure(each.kind, detail), severity)
    return None


def _severity(kind: str, usual: Severity, on_missing: OnMissing) -> Severity:
    """An explanation stays one: a file that the program was given is no file that is missing."""
    if usual is _EXPLAINS:
        return usual
    table = _OF_MISSING.get(on_missing, _OF_MISSING_UNLESS_SAID)
    return table.get(kind, usual)


@attrs.define
class Tracebacks:
    """Follows Python's tracebacks, which take several lines."""

    last: str = ""
    """Error that the newest one ended with, such as `KeyError: 'x'`."""
    _is_open: bool = False

    def line(self, line: str) -> None:
        """Take the next line."""
        if "Traceback (most recent call last)" in line:
            self._is_open = True
        elif self._is_open and line and not line.startswith(" "):
            self._is_open = False
            self.last = line.strip()
