"""Place of an error that QuickJS found: file, line and column.

QuickJS counts lines but does not know file names. So each file is preceded by as many empty lines
as the files before it have, and the number of a line identifies the file.
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
    """Number of lines before its first one."""

    @property
    def after(self) -> int:
        """Number of lines before the next file."""
        return self.before + self.text.count("\n") + 2

    def holds(self, line: int) -> bool:
        """True if a line, counted from 1 through all files, is in this file."""
        return self.before < line <= self.after


Sources = Mapping[str, Source | None]
"""Files by name; None stands for a file that was required and does not exist."""


def told(error: str, sources: Sources) -> tuple[str, str]:
    """The place of an uncaught error (`my.js, line 3:14`, or an empty text), and its message.

    ``error`` is QuickJS's text: the message, then the stack, innermost first.
    """
    lines = error.rstrip("\n").split("\n")
    stack: list[str] = []
    while lines and (_FRAME.fullmatch(lines[-1]) or _NATIVE.fullmatch(lines[-1])):
        stack.insert(0, lines.pop())
    if not stack and len(lines) > 1 and lines[-1] == "undefined":
        lines.pop()  # the thrown value is not an Error, so it has no stack
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
    """The only line that throws exactly this text: QuickJS knows the places of Errors only."""
    found = [
        f"{name}, line {number}:{line.index('throw') + 1}"
        for name, source in sources.items()
        if source is not None
        for number, line in enumerate(source.text.split("\n"), 1)
        if "throw" in line and message and message in line
    ]
    return found[0] if len(found) == 1 else ""
