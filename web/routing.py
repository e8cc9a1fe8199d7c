"""How the paths of operations become rules of the router.

A word that stands in one path where others have a parameter is never a value of that parameter:
`/jobs/check` is not the job "check". So each path has its own methods only.
"""

import re
from collections import defaultdict
from collections.abc import Iterable

from werkzeug.routing import BaseConverter, Map

from web.operations import PARAMETER

NOT_AMONG = "not_among"
"""The name of the converter in rules."""


class NotAmong(BaseConverter):
    """One part of a path, whatever it is but one of some words."""

    def __init__(self, router: Map, *words: str) -> None:
        super().__init__(router)
        self.regex = rf"(?!(?:{'|'.join(map(re.escape, words))})\Z)[^/]+"


def rules(paths: Iterable[str]) -> dict[str, str]:
    """{path: rule} for all paths of an application."""
    known = list(paths)
    words: defaultdict[str, set[str]] = defaultdict(set)
    for path in known:
        for before, part in _parts(path):
            if not PARAMETER.fullmatch(part):
                words[before].add(part)
    return {path: _rule(path, words) for path in known}


def _parts(path: str) -> Iterable[tuple[str, str]]:
    """Each part of a path, and what stands before it, whatever parameters are called there."""
    parts = path.split("/")
    for place, part in enumerate(parts):
        yield PARAMETER.sub("<>", "/".join(parts[:place])), part


def _rule(path: str, words: dict[str, set[str]]) -> str:
    return "/".join(
        PARAMETER.sub(rf"<{_converter(words[before])}\1>", part) for before, part in _parts(path)
    )


def _converter(words: set[str]) -> str:
    quoted = ", ".join(f"'{word}'" for word in sorted(words))
    return f"{NOT_AMONG}({quoted}):" if words else ""
