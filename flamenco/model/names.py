"""Names of jobs and workers: which texts can be one, and how two that are alike are told apart."""

import re
from collections.abc import Collection

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

_UNFIT = re.compile(r'[<>:"/\\|?*;{}\x00-\x1f\x7f-\x9f\u2028\u2029]+')
"""Characters that no file's name has on some platform, or no checkout's (reference rules §12)."""
_LONGEST_PART = 40
"""Characters of four bytes each still leave room in a file's name of 255 bytes."""


def fault(name: str) -> str | None:
    """The reason why a text can't be a name; None if it can."""
    if _CONTROL.search(name):
        return f"name: expected a text without control characters, got {name!r}"
    return None if name.strip() else "name: expected a text, got nothing"


def cleaned(name: str) -> str:
    """The name without its control characters, of a worker that calls itself so."""
    return _CONTROL.sub(" ", name).strip() or "worker"


def file_name(name: str) -> str:
    """The name as a part of a file's, which every platform can have."""
    return _UNFIT.sub("_", name)[:_LONGEST_PART].strip(" .") or "job"


def distinct(wanted: str, current: str, others: Collection[str]) -> str:
    """The name of somebody who wants one: this, or with a number if one of the others has it.

    Who is called so already, with a number or without, keeps the ``current`` name.
    """
    is_so_called = re.fullmatch(rf"{re.escape(wanted)}(-([2-9]|[1-9][0-9]+))?", current)
    if is_so_called and current not in others:
        return current
    number, name = 1, wanted
    while name in others:
        number += 1
        name = f"{wanted}-{number}"
    return name
