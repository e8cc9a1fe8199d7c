"""Meaning of lines of Blender's output (reference job-types §5).

A message is at the start of a line, in some versions after a space, or, in the log of Blender 5,
after a prefix ending in ``render   | ``.
"""

import re
from contextlib import suppress
from pathlib import PureWindowsPath

import attrs
import msgspec

_START = r"(?:^|render\s+\|) ?"
_SAVED = re.compile(_START + r"Saved: '(.*)'")
_SAVED_BY_NODE = re.compile(_START + r"Saved: ([/\\].*|[A-Za-z]:.*)")
"""A File Output node's file, before Blender 4. Later it is told as others are."""
_TIMED = re.compile(_START + r"Time: [\d:.]+")
_SKIPPED = re.compile(_START + r"[sS]kipping existing frame")
_APPENDED = re.compile(_START + r"(?:Video append|Append) frame \d+")
_NUMBER = re.compile(r"\d+")
_LAST_NUMBER = re.compile(r"[-_. ]*\d+(?!.*\d)")
_FRAME = re.compile(_START + r"Fra: ?(-?\d+)(?: Mem:[\d.]+[KMGT]?(?: \(Peak ([\d.]+)([KMGT])\)))?")
_PEAK = re.compile(r"\| Mem: ?[\d.]+[KMGT], Peak: ?([\d.]+)([KMGT])\b")
"""The only memory that Blender 5 tells. In earlier versions this is the render device's."""
_SAMPLE = re.compile(r"(?:Sample (\d+) ?/ ?(\d+)|Rendering (\d+) ?/ ?(\d+) samples)\s*$")
_NO_ENGINE = re.compile(r"Engine '(.+?)' not available for scene '(.+?)'")

MOST_DIGITS = 18
"""Maximum number of digits of a frame's number."""

_UNITS = {"K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}

_OWN = re.compile(r"flamenco-(frame|folder): (.+)")
"""A line of `worker.in_blender`, maybe behind the beginning of one that Blender has not ended."""


@attrs.frozen(kw_only=True)
class RenderedFile:
    """A file of a frame, as the program that wrote it saw it."""

    path: str
    view: str = ""
    """Eye of a stereoscopic image; empty where there is one only."""
    format: str = ""
    """As Blender calls it: PNG, OPEN_EXR, ..."""
    is_preview: bool = False
    """True for the small JPEG beside an OpenEXR file."""
    size: int
    """Bytes."""
    changed: float
    """Seconds since 1970 of its last change."""


@attrs.frozen
class Folder:
    """The folder for unfinished frames of this attempt, in that of the task."""

    path: str


@attrs.frozen
class Saved:
    """A file was written."""

    path: str
    by_node: bool = False
    """True if a File Output node is known to have written it."""

    @property
    def number(self) -> str:
        """All digits in its name, the same for all views of a frame; empty if there are none."""
        return " ".join(_NUMBER.findall(PureWindowsPath(self.path).stem))

    @property
    def frame(self) -> int:
        """Number of its frame by its name, where the last digits are it; 0 if there are none."""
        digits = _NUMBER.findall(PureWindowsPath(self.path).stem)
        return int(digits[-1][-MOST_DIGITS:]) if digits else 0

    @property
    def view(self) -> str:
        """End of its name, behind the frame's number, such as `L` for the left eye."""
        name = PureWindowsPath(self.path).stem
        return _NUMBER.split(name)[-1].strip("_-. ") if self.number else ""

    @property
    def output(self) -> str:
        """Key that tells a File Output node's image from others of its frame: folder and name,
        without the number. A slash is always in it (`flamenco.model.pictures.is_added`)."""
        path = PureWindowsPath(self.path)
        return f"{path.parent.name}/{_LAST_NUMBER.sub('', path.stem)}"


@attrs.frozen
class Appended:
    """A frame was added to a video."""


@attrs.frozen
class Timed:
    """A frame is done. Blender 5 says it no more."""


@attrs.frozen
class Skipped:
    """A frame already existed."""


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
class Frame:
    """A frame whose files are whole: it was rendered now, or by an earlier attempt of the task."""

    number: int
    files: tuple[RenderedFile, ...]
    is_new: bool = True


@attrs.frozen
class NoEngine:
    """The file's render engine is missing; Blender uses another one instead."""

    engine: str
    scene: str


Told = Saved | Appended | Timed | Skipped | Rendering | NoEngine | Frame | Folder | None

_TOLD_BY_US: dict[str, type[Frame | Folder]] = {"frame": Frame, "folder": Folder}


def parse(line: str) -> Told:
    """The progress in a line; None for most lines."""
    if match := _OWN.search(line):
        with suppress(msgspec.DecodeError):  # somebody else's
            return msgspec.json.decode(match[2], type=_TOLD_BY_US[match[1]])
    if match := _FRAME.search(line):
        return _rendering(match, line)
    if match := _SAVED.search(line):
        return Saved(match[1])
    if match := _SAVED_BY_NODE.search(line):
        return Saved(match[1], by_node=True)
    if _APPENDED.search(line):
        return Appended()
    if _TIMED.search(line):
        return Timed()
    if _SKIPPED.search(line):
        return Skipped()
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
