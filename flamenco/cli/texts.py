"""Texts of others, such as the names of jobs and workers, on the terminal of whoever looks."""

import re

_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""What steers a terminal, or ends a line, or turns its direction."""


def visible(text: str) -> str:
    """The text, with what would steer the terminal written as Python does: ``\\x1b``."""
    return _INVISIBLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
