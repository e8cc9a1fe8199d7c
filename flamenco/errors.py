"""Errors that are shown to people in one line, wherever they come from."""


class Mendable(Exception):
    """An error that a person can fix: the text says what is wrong, and what to do."""
