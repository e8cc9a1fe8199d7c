"""Texts of other people, such as names of jobs and workers, made safe for a terminal."""

import re

_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Characters that control a terminal, end a line, or reverse its direction."""


def visible(text: str) -> str:
    """The text, with such characters written as in Python: ``\\x1b``."""
    return _INVISIBLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def visible_lines(text: str) -> str:
    """The same, but for the ends of lines and tabs, which stay."""
    return _INVISIBLE.sub(lambda found: found[0] if found[0] in "\n\t" else visible(found[0]), text)
