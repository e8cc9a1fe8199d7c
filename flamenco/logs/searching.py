"""Search for a text within the logs of a job. Blocks and belongs in threads."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import attrs

from flamenco.logs.packed import SUFFIX, open_log

PIECE_BYTES = 2**20
LONGEST_LINE = 2**16
"""Bytes of a line beyond which it is taken as several."""
SHOWN_BYTES = 400
"""Bytes of a line that are shown: those around what was found."""
BEFORE_BYTES = 100
"""Bytes of these that come before it, if the line is longer."""
MOST_BYTES = 64 * 2**20
"""Bytes of logs that one search looks at; then it tells where to go on."""

Pause = Callable[[], None]
"""Function called from time to time, which may raise to end the work early."""


@attrs.frozen
class Place:
    """Place in the logs of a job, which are in the order of their names."""

    name: str = ""
    """Name of a file."""
    offset: int = 0
    """Byte at which a line begins."""


@attrs.frozen
class Line:
    """A line with what was sought, and its place."""

    place: Place
    text: str

    @property
    def task_id(self) -> str:
        return self.place.name.removeprefix("task-").removesuffix(".txt")


def search(
    folder: Path, sought: str, after: Place, most: int, pause: Pause
) -> tuple[list[Line], Place | None]:
    """The lines with a text from a place on, and the place to go on; None at the end.

    The case of the letters A to Z only counts if there is a capital among them. A log that goes
    meanwhile has no lines. Raises OSError.
    """
    needle, folds = sought.encode(), not any("A" <= each <= "Z" for each in sought)
    found, left = list[Line](), MOST_BYTES
    names = {each.name.removesuffix(SUFFIX) for each in folder.glob("task-*.txt*")}
    for path in (folder / each for each in sorted(names) if each.endswith(".txt")):
        if path.name < after.name:
            continue
        at = after.offset if path.name == after.name else 0
        with suppress(FileNotFoundError), open_log(path) as file:
            for begin, piece in _pieces(file, at):
                pause()
                if left <= 0:
                    return found, Place(path.name, begin)
                for offset, text in _lines(piece, needle, folds=folds):
                    if len(found) == most:
                        return found, Place(path.name, begin + offset)
                    found.append(Line(Place(path.name, begin + offset), text))
                left -= len(piece)
    return found, None


def _pieces(file: BinaryIO, offset: int) -> Iterator[tuple[int, bytes]]:
    """Pieces of whole lines, each with the byte at which it begins."""
    file.seek(offset)
    while piece := file.read(PIECE_BYTES):
        if not piece.endswith(b"\n"):
            piece += file.readline(LONGEST_LINE)
        yield offset, piece
        offset += len(piece)


def _lines(piece: bytes, needle: bytes, *, folds: bool) -> Iterator[tuple[int, str]]:
    """The lines with the text, each with its first byte."""
    where = piece.lower() if folds else piece
    at = where.find(needle)
    while at >= 0:
        begin = where.rfind(b"\n", 0, at) + 1
        end = where.find(b"\n", at)
        end = end if end >= 0 else len(where)
        yield begin, _shown(piece[begin:end], at - begin)
        at = where.find(needle, end)


def _shown(line: bytes, at: int) -> str:
    begin = max(0, at - BEFORE_BYTES) if len(line) > SHOWN_BYTES else 0
    return line[begin : begin + SHOWN_BYTES].decode(errors="replace").rstrip("\r")
