"""Rules of the router, made from the paths of operations.

If one path has a word where others have a parameter, that word is never a value of the parameter:
`/jobs/check` is not the job "check". So each path has only its own methods.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from werkzeug.routing import BaseConverter, Map

from web.operations import API, PARAMETER, Operation
from web.serving import Scope

NOT_AMONG = "not_among"
"""Name of the converter in rules."""


class NotAmong(BaseConverter):
    """One part of a path, which may be anything except some words."""

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
    """Each part of a path, and the parts before it, regardless of the names of parameters."""
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


class Places:
    """A few operations, found by the methods and paths of requests before the application is."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._patterns = [
            (each.method, re.compile(API + PARAMETER.sub(r"(?P<\1>[^/]+)", each.path)), each)
            for each in operations
        ]

    def at(self, scope: Scope) -> tuple[Operation, Mapping[str, str]] | None:
        """The operation of a request, and the parameters in its path."""
        for method, pattern, operation in self._patterns:
            match = pattern.fullmatch(scope["path"])
            if match and method == scope["method"]:
                return operation, match.groupdict()
        return None
