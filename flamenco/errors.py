"""The errors that are told to a person in one line, wherever they come from."""


class Mendable(Exception):
    """Something a person can mend: the text says what is wrong, and what to do."""
