"""Where QuickJS found an error, and in which file.

QuickJS counts lines but knows no file names. So each file is given to it behind as many empty lines
as the files before it have, and the number of a line tells the file.
"""

import re
from collections.abc import Iterator, Mapping

import attrs

_FRAME = re.compile(r"    at (?:.*\()?<input>:(\d+):(\d+)\)?")
_NATIVE = re.compile(r"    at .*\(native\)")


@attrs.frozen
class Source:
    """A file of a script."""

    text: str
    before: int
    """So many lines stand before its first one."""

    @property
    def after(self) -> int:
        """So many lines stand before the next file."""
        return self.before + self.text.count("\n") + 2

    def holds(self, line: int) -> bool:
        """Whether a line, counted from 1 through all files, is one of its."""
        return self.before < line <= self.after


Sources = Mapping[str, Source | None]
"""By name; None stands for a file that was wanted and is not there."""


def told(error: str, sources: Sources) -> tuple[str, str]:
    """Where an uncaught error was thrown (`my.js, line 3:14`, or an empty text), and its message.

    ``error`` is what QuickJS says of it: the message, then the stack, innermost first.
    """
    lines = error.rstrip("\n").split("\n")
    stack: list[str] = []
    while lines and (_FRAME.fullmatch(lines[-1]) or _NATIVE.fullmatch(lines[-1])):
        stack.insert(0, lines.pop())
    if not stack and len(lines) > 1 and lines[-1] == "undefined":
        lines.pop()  # what was thrown is no Error, so it has no stack
    message = "\n".join(lines)
    place = next(_places(stack, sources), "") or _place_of_literal(message, sources)
    return place, message


def _places(stack: list[str], sources: Sources) -> Iterator[str]:
    for frame in stack:
        if match := _FRAME.fullmatch(frame):
            line, column = int(match[1]), int(match[2])
            for name, source in sources.items():
                if source is not None and source.holds(line):
                    last = source.after - source.before - 1
                    yield f"{name}, line {min(line - source.before, last)}:{column}"


def _place_of_literal(message: str, sources: Sources) -> str:
    """The one line that throws this text as it stands: QuickJS knows the places of Errors only."""
    found = [
        f"{name}, line {number}:{line.index('throw') + 1}"
        for name, source in sources.items()
        if source is not None
        for number, line in enumerate(source.text.split("\n"), 1)
        if "throw" in line and message and message in line
    ]
    return found[0] if len(found) == 1 else ""
