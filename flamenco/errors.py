"""Errors that are shown to people in one line, wherever they come from."""

from typing import ClassVar


class Mendable(Exception):
    """An error that a person can fix: the text says what is wrong, and what to do."""

    remedy: ClassVar[str] = ""
    """End of the line at a terminal: the command that helps."""
